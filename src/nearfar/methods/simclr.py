"""SimCLR."""

from typing import ClassVar

from torch import nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp
from nearfar.objectives.contrastive import nt_xent, nt_xent_chance, nt_xent_floor

__all__ = ["SimCLR"]


class SimCLR(Method):
    """A simple framework for contrastive learning of representations.

    Two views of an example are each other's positive; the other 2n - 2 views of the batch are their negatives.

    Landmarks: the loss starts near ln(2n - 1) nats, where all similarities are equal and a collapsed network sits.

    Args:
        backbone: the network that is kept.
        hidden_dim: width of the projector's hidden layer.
        projection_dim: width of the projection z that the loss sees.
        temperature: divides the cosine similarities; the paper's range is 0.05 to 1, small ones weigh hard negatives.

    Source: SimCLR, Chen et al. 2020, arXiv 2002.05709. The paper's projector has no batch norm in its last layer and
        neither has this one; the authors' code adds one there.
    """

    paper: ClassVar[str] = "SimCLR, Chen et al. 2020, arXiv 2002.05709"
    summary: ClassVar[str] = "two views of an example are near, all other views of the batch are far"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")

    def __init__(
        self, backbone: nn.Module, *, hidden_dim: int = 2048, projection_dim: int = 128, temperature: float = 0.2
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = mlp(dim_of(backbone), hidden_dim, projection_dim)
        self.temperature = temperature

    def forward(self, batch: Batch) -> Step:
        z_a, z_b = (self.projector(self.backbone(view)) for view in batch.views)
        return Step(nt_xent(z_a, z_b, temperature=self.temperature, group=world()))

    def floor(self, batch_size: int) -> float:
        return nt_xent_floor(batch_size, temperature=self.temperature)

    def chance(self, batch_size: int) -> float:
        return nt_xent_chance(batch_size)
