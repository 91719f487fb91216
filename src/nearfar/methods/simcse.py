"""SimCSE."""

import math
from typing import ClassVar

import torch
from torch import nn

from nearfar.distributed import world
from nearfar.errors import complaint
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.objectives.sentences import simcse

__all__ = ["SimCSE"]


class SimCSE(Method):
    """Simple contrastive learning of sentence embeddings.

    A sentence that the network reads twice is its own positive: two dropout masks are all that differs. With pairs, the
    second text is the positive; with triplets, the third is a hard negative. The other sentences of the batch are
    negatives. The network must drop out.

    Landmarks: ln n nats for n sentences when all similarities are equal, or ln 2n with hard negatives.

    Args:
        backbone: the network that is kept.
        temperature: divides the cosine similarities.
        hard_negatives: whether each pair comes with a third text that resembles its second and contradicts its first.
        hard_weight: is added to the logit of a sentence's own hard negative.

    Raises:
        ValueError: hard negatives shall weigh more where there are none.

    Source: SimCSE, Gao et al. 2021, arXiv 2104.08821, sections 3 and 4; the perceptron over the representation is there
        in training alone, as section 6.3 recommends without labels.
    """

    paper: ClassVar[str] = "SimCSE, Gao et al. 2021, arXiv 2104.08821"
    summary: ClassVar[str] = "a sentence read twice is near itself, the other sentences of the batch are far"
    modalities: ClassVar[tuple[str, ...]] = ("text",)

    def __init__(
        self,
        backbone: nn.Module,
        *,
        temperature: float = 0.05,
        hard_negatives: bool = False,
        hard_weight: float = 0.0,
    ) -> None:
        super().__init__()
        if hard_weight and not hard_negatives:
            constraint, next_step = "0 without hard negatives", "Give triplets, or leave the weight out"
            raise ValueError(complaint("SimCSE", "hard_weight", constraint, hard_weight, next_step))
        self.backbone = backbone
        self.projector = nn.Sequential(nn.Linear(dim_of(backbone), dim_of(backbone)), nn.Tanh())
        self.temperature, self.hard_negatives, self.hard_weight = temperature, hard_negatives, hard_weight

    def forward(self, batch: Batch) -> Step:
        # One pass for all views: dropout differs between rows, so that equal rows differ too.
        count = batch.views[0].shape[0]
        z = self.projector(self.backbone(torch.cat(batch.views))).split(count)
        assert len(z) == 2 + self.hard_negatives
        return Step(simcse(*z, temperature=self.temperature, hard_weight=self.hard_weight, group=world()))

    def floor(self, batch_size: int) -> float | None:
        if self.hard_negatives:
            return None
        cosine = -1 / (batch_size - 1)
        return math.log1p((batch_size - 1) * math.exp((cosine - 1) / self.temperature))

    def chance(self, batch_size: int) -> float:
        return math.log(2 * batch_size - 1 + math.exp(self.hard_weight) if self.hard_negatives else batch_size)
