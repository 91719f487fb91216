"""BYOL."""

from collections.abc import Sequence
from typing import ClassVar

from torch import nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp
from nearfar.networks.momentum import MomentumTwin
from nearfar.objectives.regression import normalized_mse

__all__ = ["BYOL"]


class BYOL(Method):
    """Bootstrap your own latent.

    A predictor on each view shall point where a slow copy of the network puts the other view. Nothing is pushed apart:
    that the copy is slow and has no predictor is what keeps it from collapse.

        loss = normalized_mse(p_a, target(b)) + normalized_mse(p_b, target(a))

    Landmarks: 4 at chance, 0 for perfect predictions, which a collapsed network makes too: read it beside the
    embeddings' spectrum.

    Args:
        backbone: the network that is kept.
        hidden_dim: width of the hidden layers of projector and predictor.
        projection_dim: width of predictions and targets.
        momentum: the fraction of itself that the slow copy keeps at the start; it rises to 1 by half a cosine.

    Source: BYOL, Grill et al. 2020, arXiv 2006.07733. As in the authors' code both directions are added; halves and
        quarters of this loss are in circulation.
    """

    paper: ClassVar[str] = "BYOL, Grill et al. 2020, arXiv 2006.07733"
    summary: ClassVar[str] = "a view predicts where a slow copy of the network puts the other view; nothing is far"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")
    accumulates: ClassVar[bool] = True

    def __init__(
        self, backbone: nn.Module, *, hidden_dim: int = 4096, projection_dim: int = 256, momentum: float = 0.996
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = mlp(dim_of(backbone), hidden_dim, projection_dim)
        self.predictor = mlp(projection_dim, hidden_dim, projection_dim)
        self.target = MomentumTwin(nn.Sequential(backbone, self.projector), momentum=momentum)

    def forward(self, batch: Batch) -> Step:
        z_a, z_b = (self.target(view) for view in batch.views)
        p_a, p_b = (self.predictor(self.projector(self.backbone(view))) for view in batch.views)
        return Step(normalized_mse(p_a, z_b, group=world()) + normalized_mse(p_b, z_a, group=world()))

    def update(self, steps: Sequence[Step], progress: float) -> None:
        self.target.follow(nn.Sequential(self.backbone, self.projector), progress)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return 4.0
