"""Triplets, as in FaceNet."""

from typing import ClassVar, Literal

import torch
from torch import nn
from torch.nn.functional import normalize

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp
from nearfar.objectives.metric import triplet_from_labels

__all__ = ["Triplet"]


class Triplet(Method):
    """Embeddings in which alike is nearer than unlike, by a margin.

    Every view of the batch is an anchor; a rule picks a view that is like it and one that is not. Views of one class
    are alike where labels are known; an example without a label is like its own other view alone.

    Landmarks: the margin when collapsed; 0 when every triplet keeps the margin.

    Args:
        backbone: the network that is kept.
        hidden_dim: width of the projector's hidden layer.
        projection_dim: width of the embeddings, which have length 1.
        margin: how much farther unlike ones shall be, in squared distance.
        mining: which triplets count: "all", "hard" (farthest positive, nearest negative) or "semi_hard" (nearest
            negative beyond each positive).

    Source: FaceNet, Schroff et al. 2015, arXiv 1503.03832, equation 3, with the mining rules of that paper and of
        Hermans et al. 2017, arXiv 1703.07737.
    """

    paper: ClassVar[str] = "FaceNet, Schroff et al. 2015, arXiv 1503.03832"
    summary: ClassVar[str] = "views of an example, or of its class, are nearer than others by a margin"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")

    def __init__(
        self,
        backbone: nn.Module,
        *,
        hidden_dim: int = 2048,
        projection_dim: int = 128,
        margin: float = 0.2,
        mining: Literal["all", "hard", "semi_hard"] = "semi_hard",
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = mlp(dim_of(backbone), hidden_dim, projection_dim)
        self.margin = margin
        self.mining: Literal["all", "hard", "semi_hard"] = mining

    def forward(self, batch: Batch) -> Step:
        z = torch.cat([normalize(self.projector(self.backbone(view)), dim=1) for view in batch.views])
        labels = batch.identity().repeat(len(batch.views))
        return Step(triplet_from_labels(z, labels, margin=self.margin, mining=self.mining, group=world()))

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return self.margin
