"""NNCLR."""

import math
from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import normalize

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp
from nearfar.networks.queue import Queue
from nearfar.objectives.contrastive import info_nce

__all__ = ["NNCLR"]


class NNCLR(Method):
    """Nearest-neighbour contrastive learning.

    Instead of an example's own view, the nearest of many remembered embeddings stands for it: that neighbour shall find
    the prediction of the other view among the predictions of the batch. So examples that are alike come near though no
    augmentation leads from one to the other.

    Landmarks: ln n nats when all similarities are equal, where a collapsed network sits too.

    Args:
        backbone: the network that is kept.
        hidden_dim: width of the projector's hidden layers; the predictor's is twice that.
        projection_dim: width of embeddings and predictions.
        temperature: divides the cosine similarities.
        queue_size: how many embeddings are remembered; the paper's 98,304 is for a million pictures.

    Source: NNCLR, Dwibedi et al. 2021, arXiv 2104.14548, equation 3 and algorithm 1; both directions are averaged.
    """

    paper: ClassVar[str] = "NNCLR, Dwibedi et al. 2021, arXiv 2104.14548"
    summary: ClassVar[str] = "a view and the nearest neighbour of the other view are near, the rest of the batch is far"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")

    def __init__(
        self,
        backbone: nn.Module,
        *,
        hidden_dim: int = 2048,
        projection_dim: int = 256,
        temperature: float = 0.1,
        queue_size: int = 98304,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = mlp(dim_of(backbone), hidden_dim, hidden_dim, projection_dim, last_norm=True)
        self.predictor = mlp(projection_dim, 2 * hidden_dim, projection_dim)
        self.queue = Queue(queue_size, projection_dim)
        self.temperature = temperature

    def forward(self, batch: Batch) -> Step:
        z_a, z_b = (self.projector(self.backbone(view)) for view in batch.views)
        one, other = (
            info_nce(self._neighbour(z), self.predictor(view), temperature=self.temperature, group=world())
            for z, view in ((z_a, z_b), (z_b, z_a))
        )
        return Step((one + other) / 2, carry=normalize(z_a.detach(), dim=1))

    def _neighbour(self, z: Tensor) -> Tensor:
        similarity = z.detach().to(self.queue.rows.dtype) @ self.queue.rows.T
        return self.queue.rows[similarity.argmax(dim=1)]

    def update(self, steps: Sequence[Step], progress: float) -> None:
        for step in steps:
            self.queue.push(step.carry, group=world())

    def floor(self, batch_size: int) -> float:
        cosine = -1 / (batch_size - 1)
        return math.log1p((batch_size - 1) * math.exp((cosine - 1) / self.temperature))

    def chance(self, batch_size: int) -> float:
        return math.log(batch_size)
