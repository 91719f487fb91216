"""MoCo, third version."""

import math
from collections.abc import Sequence
from typing import ClassVar

from torch import nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp
from nearfar.networks.momentum import MomentumTwin
from nearfar.objectives.contrastive import info_nce

__all__ = ["MoCoV3"]


class MoCoV3(Method):
    """Momentum contrast without a queue, with a predictor, made for vision transformers.

    A predictor on each view shall find the other view's key, from a slow copy of the network, among the keys of the
    batch: the keys of all other examples are negatives.

        loss = 2 temperature (info_nce(p_a, key_b) + info_nce(p_b, key_a))

    Landmarks: 4 temperature ln n nats when all similarities are equal, where a collapsed network sits too.

    Args:
        backbone: the network that is kept.
        hidden_dim: width of the hidden layers of projector and predictor.
        projection_dim: width of predictions and keys.
        temperature: divides the cosine similarities; 0.2 for transformers, 1 for the paper's ResNet-50.
        momentum: the fraction of itself that the slow copy keeps at the start; it rises to 1 by half a cosine.

    Source: MoCo v3, Chen et al. 2021, arXiv 2104.02057, algorithm 1. Projector and predictor are those of the authors'
        ResNet-50 for every backbone; their transformers have a deeper projector and a batch norm behind the predictor.
        Their patch projection is frozen at its random start for stability, here it is trained.
    """

    paper: ClassVar[str] = "MoCo v3, Chen et al. 2021, arXiv 2104.02057"
    summary: ClassVar[str] = "a view predicts the slow network's key of the other view among the keys of the batch"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")

    def __init__(
        self,
        backbone: nn.Module,
        *,
        hidden_dim: int = 4096,
        projection_dim: int = 256,
        temperature: float = 0.2,
        momentum: float = 0.99,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = mlp(dim_of(backbone), hidden_dim, projection_dim, last_norm=True)
        self.predictor = mlp(projection_dim, hidden_dim, projection_dim)
        self.target = MomentumTwin(nn.Sequential(backbone, self.projector), momentum=momentum)
        self.temperature = temperature

    def forward(self, batch: Batch) -> Step:
        key_a, key_b = (self.target(view) for view in batch.views)
        p_a, p_b = (self.predictor(self.projector(self.backbone(view))) for view in batch.views)
        nats = [
            info_nce(query, keys, temperature=self.temperature, group=world())
            for query, keys in ((p_a, key_b), (p_b, key_a))
        ]
        return Step(2 * self.temperature * (nats[0] + nats[1]))

    def update(self, steps: Sequence[Step], progress: float) -> None:
        self.target.follow(nn.Sequential(self.backbone, self.projector), progress)

    def floor(self, batch_size: int) -> float:
        cosine = -1 / (batch_size - 1)
        return 4 * self.temperature * math.log1p((batch_size - 1) * math.exp((cosine - 1) / self.temperature))

    def chance(self, batch_size: int) -> float:
        return 4 * self.temperature * math.log(batch_size)
