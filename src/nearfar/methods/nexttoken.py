"""Next-token prediction."""

import math
from typing import ClassVar

from torch import nn

from nearfar.distributed import world
from nearfar.errors import complaint
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.vocabulary import TokenScores
from nearfar.objectives.language import next_token

__all__ = ["NextToken"]


class NextToken(Method):
    """Next-token prediction, as GPT is trained.

    From the state at each token, which has seen those before it alone, the one behind it is told.

    Landmarks: ln v nats for a vocabulary of v tokens when all are equally likely; the entropy of the tokens'
    frequencies for a network that knows nothing else. The loss's exponential is the perplexity.

    Args:
        backbone: the network that is kept; it reads forwards alone.

    Raises:
        ValueError: the network sees what it is to tell.

    Source: GPT, Radford et al. 2018, section 3.1.
    """

    paper: ClassVar[str] = "next token, Radford et al. 2018"
    summary: ClassVar[str] = "from the tokens before it each token of a text is told"
    modalities: ClassVar[tuple[str, ...]] = ("text",)
    can_collapse: ClassVar[bool] = False

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        reads_forwards = getattr(backbone, "causal", not getattr(backbone, "bidirectional", True))
        if not reads_forwards:
            constraint = "a network that reads forwards alone"
            raise ValueError(
                complaint("NextToken", "backbone", constraint, type(backbone).__name__, "Try the backbone 'causal'")
            )
        self.backbone = backbone
        self.next_scores = TokenScores(backbone)

    def forward(self, batch: Batch) -> Step:
        (view,) = batch.views
        logits = self.next_scores(self.backbone.locations(view))  # type: ignore[operator]
        return Step(next_token(logits, view.ids, view.lengths, group=world()))

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return math.log(self.next_scores.vocab_size)
