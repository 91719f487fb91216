"""DrLIM."""

from typing import ClassVar

import torch
from torch import nn

from nearfar.distributed import all_gather, world
from nearfar.methods.method import Batch, Method, Step, partners
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp
from nearfar.objectives.metric import margin_contrastive

__all__ = ["DrLIM"]


class DrLIM(Method):
    """Dimensionality reduction by learning an invariant mapping.

    Each example is paired with one like it and with one unlike it. Like ones are pulled together; the others are pushed
    apart while they are nearer than the margin. Examples of one class are alike where labels are known; an example
    without a label is like its own other view alone.

    Landmarks: margin^2 / 4 when collapsed; 0 when like ones coincide and the others keep the margin.

    Args:
        backbone: the network that is kept.
        hidden_dim: width of the projector's hidden layer.
        projection_dim: width of the space in which distances are measured.
        margin: the distance that is far enough.

    Source: DrLIM, Hadsell et al. 2006 (Dimensionality Reduction by Learning an Invariant Mapping), equation 4. The
        paper takes all pairs of a data set with known neighbours; here a batch gives as many pairs of either kind as it
        has examples.
    """

    paper: ClassVar[str] = "DrLIM, Hadsell et al. 2006"
    summary: ClassVar[str] = "views of an example, or of its class, are near; another example is far by a margin"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")

    def __init__(
        self, backbone: nn.Module, *, hidden_dim: int = 2048, projection_dim: int = 128, margin: float = 1.0
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = mlp(dim_of(backbone), hidden_dim, projection_dim)
        self.margin = margin

    def forward(self, batch: Batch) -> Step:
        z_a, z_b = (self.projector(self.backbone(view)) for view in batch.views)
        every_b, identity = all_gather(z_b, world()), batch.identity()
        found = partners(identity, world())
        other = torch.cat([found.positive, found.negative])
        similar = found.identity[other] == torch.cat([identity, identity])
        pairs = torch.cat([z_a, z_a]), every_b[other]
        return Step(margin_contrastive(*pairs, similar, margin=self.margin, group=world()))

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return self.margin**2 / 4
