"""Sentence-order prediction."""

import math
from typing import ClassVar

from torch import nn

from nearfar.methods.method import Batch, Method, Step, solved
from nearfar.networks.backbone import dim_of
from nearfar.networks.pair_solver import PairSolver

__all__ = ["SentenceOrder"]


class SentenceOrder(Method):
    """Do two sentences stand in their order, or swapped?

    Both are of one document, one behind the other; half of the pairs are swapped. It is told which, from what the
    network knows after reading both together. Their topic is the same, so that it tells nothing.

    Landmarks: ln 2 = 0.69 nats when both answers are equally likely; 0 when each pair is told.

    Args:
        backbone: the network that is kept.

    Source: ALBERT, Lan et al. 2019, arXiv 1909.11942, section 3.1. The authors answer from the first token's
        state alone, hide tokens beside, and join whole spans of text where these are single sentences.
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
        self.solver = PairSolver(dim_of(backbone))

    def forward(self, batch: Batch) -> Step:
        (view,) = batch.views
        known = self.backbone.with_locations(view.tokens)  # type: ignore[operator]
        return solved(self.solver(*known, view.tokens), view.label)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return math.log(2)
