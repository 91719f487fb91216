"""Quadruplets."""

from typing import ClassVar

from torch import nn
from torch.nn.functional import normalize

from nearfar.distributed import all_gather, world
from nearfar.errors import complaint
from nearfar.methods.method import Batch, Method, Step, partners
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp
from nearfar.objectives.metric import quadruplet

__all__ = ["Quadruplet"]


class Quadruplet(Method):
    """Embeddings in which alike is nearer than unlike, also than any two strangers.

    Each example has one like it and two unlike it that are unlike each other. Examples of one class are alike where
    labels are known; an example without a label is like its own other view alone.

    Landmarks: margin + second_margin when collapsed; 0 when every quadruplet keeps both margins.

    Args:
        backbone: the network that is kept.
        hidden_dim: width of the projector's hidden layer.
        projection_dim: width of the embeddings, which have length 1.
        margin: how much farther an unlike one shall be than a like one, in squared distance.
        second_margin: how much farther two strangers shall be from each other.

    Source: Beyond triplet loss, Chen et al. 2017, arXiv 1704.01719, equation 5. Distances of unit vectors stand for the
        learned metric of the paper; its mining by adaptive margins is left out.
    """

    paper: ClassVar[str] = "Quadruplet, Chen et al. 2017, arXiv 1704.01719"
    summary: ClassVar[str] = "views of an example, or of its class, are nearer than others and than two strangers are"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")
    min_batch: ClassVar[int] = 3

    def __init__(
        self,
        backbone: nn.Module,
        *,
        hidden_dim: int = 2048,
        projection_dim: int = 128,
        margin: float = 1.0,
        second_margin: float = 0.5,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = mlp(dim_of(backbone), hidden_dim, projection_dim)
        self.margin, self.second_margin = margin, second_margin

    def forward(self, batch: Batch) -> Step:
        z_a, z_b = (normalize(self.projector(self.backbone(view)), dim=1) for view in batch.views)
        every_b, found = all_gather(z_b, world()), partners(batch.identity(), world())
        kinds = len(set(found.identity.tolist()))
        if kinds < 3:
            next_step = "Raise the batch size, or learn by triplets"
            raise ValueError(complaint("Quadruplet", "label", "of at least 3 classes in a batch", kinds, next_step))
        loss = quadruplet(
            z_a,
            *(every_b[rows] for rows in (found.positive, found.negative, found.stranger)),
            margin=self.margin,
            second_margin=self.second_margin,
            group=world(),
        )
        return Step(loss)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return self.margin + self.second_margin
