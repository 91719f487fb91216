"""SimSiam."""

from typing import ClassVar

from torch import nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp
from nearfar.objectives.regression import negative_cosine

__all__ = ["SimSiam"]


class SimSiam(Method):
    """Simple siamese representation learning.

    A predictor on each view shall point where the same network puts the other view, through which no gradient flows.
    Nothing is pushed apart, and nothing is slow: the stop-gradient alone keeps it from collapse.

        loss = negative_cosine(p_a, stop(z_b)) / 2 + negative_cosine(p_b, stop(z_a)) / 2

    Landmarks: 0 at chance, -1 for perfect predictions, which a collapsed network makes too; then the standard deviation
    of the normalised outputs is 0, where that of a healthy one is near 1 / sqrt(d).

    Args:
        backbone: the network that is kept.
        projection_dim: width of the projector's layers and of the predictions.
        hidden_dim: width of the predictor's hidden layer, narrower than the projection.

    Source: SimSiam, Chen and He 2020, arXiv 2011.10566, algorithm 1. The authors keep the predictor's rate constant;
        here it follows the schedule of all others.
    """

    paper: ClassVar[str] = "SimSiam, Chen and He 2020, arXiv 2011.10566"
    summary: ClassVar[str] = "a view predicts where the same network puts the other view; nothing is far"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")
    accumulates: ClassVar[bool] = True

    def __init__(self, backbone: nn.Module, *, projection_dim: int = 2048, hidden_dim: int = 512) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = mlp(dim_of(backbone), projection_dim, projection_dim, projection_dim, last_norm=True)
        self.predictor = mlp(projection_dim, hidden_dim, projection_dim)

    def forward(self, batch: Batch) -> Step:
        z_a, z_b = (self.projector(self.backbone(view)) for view in batch.views)
        p_a, p_b = self.predictor(z_a), self.predictor(z_b)
        one, other = (negative_cosine(p, z.detach(), group=world()) for p, z in ((p_a, z_b), (p_b, z_a)))
        return Step((one + other) / 2)

    def floor(self, batch_size: int) -> float:
        return -1.0

    def chance(self, batch_size: int) -> float:
        return 0.0
