"""Barlow Twins."""

from typing import ClassVar

from torch import nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp
from nearfar.objectives.redundancy import barlow_twins, barlow_twins_chance

__all__ = ["BarlowTwins"]


class BarlowTwins(Method):
    """Redundancy reduction between two views.

    Each dimension of the projection shall say the same of both views of an example, and nothing that another dimension
    says: their cross-correlation over the batch becomes the identity. No example is pushed from another.

    Landmarks: about the projection's width when the views have nothing to do with each other, or all is collapsed; 0
    for perfect views.

    Args:
        backbone: the network that is kept.
        hidden_dim: width of the projector's hidden layers.
        projection_dim: width of the projection; wide ones do better.
        redundancy_weight: of the correlations of different dimensions.

    Source: Barlow Twins, Zbontar et al. 2021, arXiv 2103.03230, algorithm 1.
    """

    paper: ClassVar[str] = "Barlow Twins, Zbontar et al. 2021, arXiv 2103.03230"
    summary: ClassVar[str] = "dimensions agree between two views of an example and differ from one another"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")

    def __init__(
        self,
        backbone: nn.Module,
        *,
        hidden_dim: int = 8192,
        projection_dim: int = 8192,
        redundancy_weight: float = 0.005,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = mlp(dim_of(backbone), hidden_dim, hidden_dim, projection_dim)
        self.projection_dim, self.redundancy_weight = projection_dim, redundancy_weight

    def forward(self, batch: Batch) -> Step:
        z_a, z_b = (self.projector(self.backbone(view)) for view in batch.views)
        return Step(barlow_twins(z_a, z_b, redundancy_weight=self.redundancy_weight, group=world()))

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return barlow_twins_chance(batch_size, self.projection_dim, self.redundancy_weight)
