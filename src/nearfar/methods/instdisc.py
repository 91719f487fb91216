"""Instance discrimination."""

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import nn
from torch.nn.functional import normalize

from nearfar.distributed import world
from nearfar.errors import complaint
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.queue import MemoryBank
from nearfar.objectives.contrastive import info_nce_bank

__all__ = ["InstDisc"]


class InstDisc(Method):
    """Instance discrimination with a memory bank.

    Every example is a class of its own. The embedding of a view shall find, among the remembered embeddings of all
    examples, that of its own example, which then moves towards it.

    Landmarks: ln N nats for N examples when all similarities are equal, where a collapsed network sits too.

    Args:
        backbone: the network that is kept.
        num_examples: how many the data has; the recipe counts them.
        projection_dim: width of embeddings.
        temperature: divides the cosine similarities.
        momentum: the fraction of a remembered embedding that is kept when its example is seen again.

    Source: InstDisc, Wu et al. 2018, arXiv 1805.01978, equation 2. The softmax over all examples is exact: its
        approximation by sampled negatives, and the proximal term that steadies it, are left out.
    """

    paper: ClassVar[str] = "InstDisc, Wu et al. 2018, arXiv 1805.01978"
    summary: ClassVar[str] = "a view is near what is remembered of its example, and far from all other examples"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")
    accumulates: ClassVar[bool] = True
    min_batch: ClassVar[int] = 1

    def __init__(
        self,
        backbone: nn.Module,
        *,
        num_examples: int | None = None,
        projection_dim: int = 128,
        temperature: float = 0.07,
        momentum: float = 0.5,
    ) -> None:
        super().__init__()
        if num_examples is None:
            constraint = "the number of examples that the data has"
            raise ValueError(complaint("InstDisc", "num_examples", constraint, None, "Pass num_examples=len(data)"))
        self.backbone = backbone
        self.projector = nn.Linear(dim_of(backbone), projection_dim)
        self.bank = MemoryBank(num_examples, projection_dim, momentum=momentum)
        self.temperature = temperature

    def forward(self, batch: Batch) -> Step:
        assert batch.index is not None, "a memory bank needs to know which example is which"
        self.bank.check(batch.index)
        (view,) = batch.views
        z = self.projector(self.backbone(view))
        rows = self.bank.rows
        loss = info_nce_bank(
            z,
            rows[batch.index],
            rows,
            ids=batch.index,
            bank_ids=torch.arange(len(rows), device=rows.device),
            temperature=self.temperature,
            group=world(),
        )
        return Step(loss, carry=(batch.index, normalize(z.detach(), dim=1)))

    def update(self, steps: Sequence[Step], progress: float) -> None:
        for step in steps:
            index, z = step.carry
            self.bank.write(index, z, group=world())

    def floor(self, batch_size: int) -> float:
        return math.log1p((len(self.bank.rows) - 1) * math.exp(-1 / self.temperature))

    def chance(self, batch_size: int) -> float:
        return math.log(len(self.bank.rows))
