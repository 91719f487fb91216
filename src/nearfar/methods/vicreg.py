"""VICReg."""

from typing import ClassVar

from torch import nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp
from nearfar.objectives.redundancy import vicreg, vicreg_collapsed

__all__ = ["VICReg"]


class VICReg(Method):
    """Variance-invariance-covariance regularisation.

    Two views of an example are pulled together, while every dimension of the projection must vary over the batch and no
    two may vary together. No example is pushed from another.

    Landmarks: 24.75 at the paper's weights when all projections are one point; 0 for perfect views.

    Args:
        backbone: the network that is kept.
        hidden_dim: width of the projector's hidden layers.
        projection_dim: width of the projection; wide ones do better.
        invariance_weight: of the distance of views.
        variance_weight: of the hinge on each dimension's standard deviation.
        covariance_weight: of the covariances.

    Source: VICReg, Bardes et al. 2021, arXiv 2105.04906, algorithm 1.
    """

    paper: ClassVar[str] = "VICReg, Bardes et al. 2021, arXiv 2105.04906"
    summary: ClassVar[str] = "two views of an example are near, dimensions vary and do not vary together"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")

    def __init__(
        self,
        backbone: nn.Module,
        *,
        hidden_dim: int = 8192,
        projection_dim: int = 8192,
        invariance_weight: float = 25.0,
        variance_weight: float = 25.0,
        covariance_weight: float = 1.0,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = mlp(dim_of(backbone), hidden_dim, hidden_dim, projection_dim)
        self.invariance_weight, self.variance_weight = invariance_weight, variance_weight
        self.covariance_weight = covariance_weight

    def forward(self, batch: Batch) -> Step:
        z_a, z_b = (self.projector(self.backbone(view)) for view in batch.views)
        loss = vicreg(
            z_a,
            z_b,
            invariance_weight=self.invariance_weight,
            variance_weight=self.variance_weight,
            covariance_weight=self.covariance_weight,
            group=world(),
        )
        return Step(loss)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return vicreg_collapsed(self.variance_weight)
