"""Masked language modelling."""

import math
from typing import ClassVar

from torch import nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.vocabulary import TokenScores
from nearfar.objectives.language import masked_token

__all__ = ["MaskedLanguage"]


class MaskedLanguage(Method):
    """Masked language modelling, as BERT is trained.

    Some tokens of a text are hidden; from the state at each it is told which one stood there. Scores are made for
    these places alone, by the vectors that the network reads tokens with.

    Landmarks: ln v nats for a vocabulary of v tokens when all are equally likely; the entropy of the tokens'
    frequencies for a network that knows nothing else.

    Args:
        backbone: the network that is kept; it reads both ways.
        fraction: the part of the tokens that the views hide.
        whole_words: whether they hide words, each with all its tokens.

    Source: BERT, Devlin et al. 2018, arXiv 1810.04805, section 3.1; scores by tied vectors as in the authors' code.
    """

    paper: ClassVar[str] = "masked language model, Devlin et al. 2018, arXiv 1810.04805"
    summary: ClassVar[str] = "from the rest of a text it is told which tokens were hidden"
    modalities: ClassVar[tuple[str, ...]] = ("text",)
    can_collapse: ClassVar[bool] = False

    def __init__(self, backbone: nn.Module, *, fraction: float = 0.15, whole_words: bool = False) -> None:
        super().__init__()
        self.fraction, self.whole_words = fraction, whole_words
        self.backbone = backbone
        dim = dim_of(backbone)
        self.reader = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.LayerNorm(dim))
        self.scores = TokenScores(backbone)

    def forward(self, batch: Batch) -> Step:
        (view,) = batch.views
        chosen = view.target >= 0
        states, target = self.backbone.locations(view.tokens), view.target[chosen]  # type: ignore[operator]
        logits = self.scores(self.reader(states[chosen]))
        right = (logits.detach().argmax(dim=1) == target).float()
        logs = {"solved_fraction": right.mean()} if len(right) else {}
        return Step(masked_token(logits, target, group=world()), logs)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return math.log(self.scores.vocab_size)
