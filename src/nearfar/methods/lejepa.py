"""LeJEPA."""

from typing import ClassVar

import torch
from torch import nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.crops import pass_by_size
from nearfar.networks.heads import mlp
from nearfar.objectives.distribution import sigreg, sigreg_collapsed, view_prediction

__all__ = ["LeJEPA"]


class LeJEPA(Method):
    """A joint-embedding predictive architecture without heuristics.

    All views of an example, small crops too, are pulled to the mean of its two global views, while the embeddings of
    each view over the batch are held to an isotropic Gaussian cloud. No example is pushed from another, and there is no
    slow copy, no stop-gradient and no predictor.

        loss = (1 - sigreg_weight) * view_prediction + sigreg_weight * sigreg

    Landmarks: sigreg_weight * 0.376 n when all embeddings are 0; about sigreg_weight * 1.05 for perfect views.

    Args:
        backbone: the network that is kept.
        hidden_dim: width of the projector's hidden layers.
        projection_dim: width of the embeddings.
        sigreg_weight: the paper's lambda, its only trade-off.
        num_directions: along how many random lines the cloud is tested at each step.

    Source: LeJEPA, Balestriero and LeCun 2025, arXiv 2511.08544, algorithm 2.
    """

    paper: ClassVar[str] = "LeJEPA, Balestriero and LeCun 2025, arXiv 2511.08544"
    summary: ClassVar[str] = "views of an example are near, and all embeddings make a Gaussian cloud"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")

    def __init__(
        self,
        backbone: nn.Module,
        *,
        hidden_dim: int = 2048,
        projection_dim: int = 64,
        sigreg_weight: float = 0.05,
        num_directions: int = 1024,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = mlp(dim_of(backbone), hidden_dim, hidden_dim, projection_dim)
        self.sigreg_weight, self.num_directions = sigreg_weight, num_directions

    def forward(self, batch: Batch) -> Step:
        z = torch.stack(pass_by_size(lambda views: self.projector(self.backbone(views)), batch.views))
        # The loop seeds torch for each step, so these directions are the step's own.
        generator = torch.Generator().manual_seed(int(torch.randint(2**62, ())))
        gaussian = sigreg(z, generator=generator, num_directions=self.num_directions, group=world())
        agreement = view_prediction(z, num_global=2, group=world())
        loss = (1 - self.sigreg_weight) * agreement + self.sigreg_weight * gaussian
        return Step(loss, {"view_prediction": agreement.detach(), "sigreg": gaussian.detach()})

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return self.sigreg_weight * sigreg_collapsed(batch_size)
