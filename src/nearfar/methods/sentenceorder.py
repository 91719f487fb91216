"""Sentence-order prediction."""

import math
from typing import ClassVar

from torch import nn

from nearfar.methods.method import Batch, Method, Step, solved
from nearfar.networks.backbone import dim_of

__all__ = ["SentenceOrder"]


class SentenceOrder(Method):
    """Do two sentences stand in their order, or swapped?

    Both are of one document, one behind the other; half of the pairs are swapped. From the representation of both
    together it is told which. Their topic is the same, so that it tells nothing.

    Landmarks: ln 2 = 0.69 nats when both answers are equally likely; 0 when each pair is told.

    Args:
        backbone: the network that is kept.

    Source: ALBERT, Lan et al. 2019, arXiv 1909.11942, section 3.1, with the authors' dense layer before the answer.
        The authors hide tokens beside, and join whole spans of text where these are single sentences.
    """

    paper: ClassVar[str] = "sentence order, Lan et al. 2019, arXiv 1909.11942"
    summary: ClassVar[str] = "it is told whether two sentences that follow one another were swapped"
    modalities: ClassVar[tuple[str, ...]] = ("text",)
    min_batch: ClassVar[int] = 1
    accumulates: ClassVar[bool] = True
    can_collapse: ClassVar[bool] = False

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        dim = dim_of(backbone)
        self.solver = nn.Sequential(nn.Linear(dim, dim), nn.Tanh(), nn.Linear(dim, 2))

    def forward(self, batch: Batch) -> Step:
        (view,) = batch.views
        return solved(self.solver(self.backbone(view.tokens)), view.label)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return math.log(2)
