"""MoCo, second version."""

import math
from collections.abc import Sequence
from typing import ClassVar

from torch import nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp
from nearfar.networks.momentum import MomentumTwin
from nearfar.networks.queue import Queue
from nearfar.objectives.contrastive import info_nce_bank

__all__ = ["MoCo"]


class MoCo(Method):
    """Momentum contrast with a queue of negatives.

    The positive of a query, the first view through the network, is the key of the second view through a slow copy of
    the network. Its negatives are the keys of earlier batches, from a queue; the current keys enter it after the step.

    Landmarks: the loss starts near ln(K + 1) nats for K keys in the queue, where a collapsed network sits too. It rises
    again as the queue fills with keys that are harder than the random ones it starts with.

    Args:
        backbone: the network that is kept.
        hidden_dim: width of the projector's hidden layer.
        projection_dim: width of queries and keys.
        temperature: divides the cosine similarities; 0.2 in the second version, 0.07 in the first.
        queue_size: how many keys are remembered; more than a batch. The paper's 65,536 is for a million pictures.
        momentum: the fraction of itself that the slow copy keeps at each step.

    Source: MoCo, He et al. 2019, arXiv 1911.05722, algorithm 1; projector, temperature and views of MoCo v2, Chen et
        al. 2020, arXiv 2003.04297. The slow copy moves after the optimizer instead of before the next keys, which is
        the same because it starts equal. Shuffled batch norm is left out: the paper shuffles examples over GPUs because
        each normalises its own share; here ranks normalise as one.
    """

    paper: ClassVar[str] = "MoCo v2, Chen et al. 2020, arXiv 2003.04297"
    summary: ClassVar[str] = "two views of an example are near, a queue of earlier examples is far"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")
    accumulates: ClassVar[bool] = True

    def __init__(
        self,
        backbone: nn.Module,
        *,
        hidden_dim: int = 2048,
        projection_dim: int = 128,
        temperature: float = 0.2,
        queue_size: int = 65536,
        momentum: float = 0.999,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = mlp(dim_of(backbone), hidden_dim, projection_dim, norm=False)
        self.target = MomentumTwin(nn.Sequential(backbone, self.projector), momentum=momentum, end=momentum)
        self.queue = Queue(queue_size, projection_dim)
        self.temperature = temperature

    def forward(self, batch: Batch) -> Step:
        view_query, view_key = batch.views
        key = self.target(view_key)
        query = self.projector(self.backbone(view_query))
        loss = info_nce_bank(query, key, self.queue.rows, temperature=self.temperature, group=world())
        return Step(loss, carry=key)

    def update(self, steps: Sequence[Step], progress: float) -> None:
        self.target.follow(nn.Sequential(self.backbone, self.projector), progress)
        for step in steps:
            self.queue.push(nn.functional.normalize(step.carry, dim=1), group=world())

    def floor(self, batch_size: int) -> float:
        return math.log1p(len(self.queue.rows) * math.exp(-1 / self.temperature))

    def chance(self, batch_size: int) -> float:
        return math.log(len(self.queue.rows) + 1)
