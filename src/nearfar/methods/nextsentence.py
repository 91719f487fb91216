"""Next-sentence prediction."""

import math
from typing import ClassVar

from torch import nn

from nearfar.methods.method import Batch, Method, Step, solved
from nearfar.networks.backbone import dim_of
from nearfar.networks.pair_solver import PairSolver

__all__ = ["NextSentence"]


class NextSentence(Method):
    """Does the second sentence stand behind the first?

    Of the pairs half are a sentence and the next of its document, half a sentence and one from elsewhere; it is
    told which, from what the network knows after reading both together.

    Landmarks: ln 2 = 0.69 nats when both answers are equally likely; 0 when each pair is told.

    Args:
        backbone: the network that is kept.

    Source: BERT, Devlin et al. 2018, arXiv 1810.04805, section 3.1, task 2. The authors answer from the first token's
        state alone, hide tokens beside, and join whole spans of text where these are single sentences.
    """

    paper: ClassVar[str] = "next sentence, Devlin et al. 2018, arXiv 1810.04805"
    summary: ClassVar[str] = "it is told whether one sentence follows the other or is from elsewhere"
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
