"""Restoring the order of a text."""

import math
from typing import ClassVar

from torch import nn

from nearfar.methods.method import Batch, Method, Step, solved
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp

__all__ = ["Permutation"]


class Permutation(Method):
    """In which order do the spans of a text stand?

    A text's spans are shuffled, and from the representation of the whole it is told which of all orders they are in.
    Texts of fewer tokens than spans are left out.

    Landmarks: ln s! nats for s spans when all orders are equally likely: 1.79 for three; 0 when each is found.

    Args:
        backbone: the network that is kept.
        num_spans: how many spans the views have.
        hidden_dim: width of the perceptron.

    Source: the jigsaw task of Noroozi and Favaro 2016, arXiv 1603.09246, on text.
    """

    paper: ClassVar[str] = "span order, after Noroozi and Favaro 2016, arXiv 1603.09246"
    summary: ClassVar[str] = "it is found in which order the spans of a text were laid out"
    modalities: ClassVar[tuple[str, ...]] = ("text",)
    accumulates: ClassVar[bool] = True
    can_collapse: ClassVar[bool] = False

    def __init__(self, backbone: nn.Module, *, num_spans: int = 3, hidden_dim: int = 256) -> None:
        super().__init__()
        self.backbone = backbone
        self.num_orders = math.factorial(num_spans)
        self.solver = mlp(dim_of(backbone), hidden_dim, self.num_orders)

    def forward(self, batch: Batch) -> Step:
        (view,) = batch.views
        known = view.label >= 0
        return solved(self.solver(self.backbone(view.tokens))[known], view.label[known])

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return math.log(self.num_orders)
