"""SupCon."""

import math
from typing import ClassVar, Literal

import torch
from torch import nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp
from nearfar.objectives.supervised import sup_con

__all__ = ["SupCon"]


class SupCon(Method):
    """Supervised contrastive learning.

    All views of all examples of a class are each other's positives, all others their negatives. An example without a
    label has its own other view alone as a positive; without any label this is SimCLR.

    Landmarks: ln(2n - 1) nats when all similarities are equal, where a collapsed network sits too. The more positives a
    view has, the higher the least loss: the logarithm of their number.

    Args:
        backbone: the network that is kept.
        hidden_dim: width of the projector's hidden layer.
        projection_dim: width of the projection z that the loss sees.
        temperature: divides the cosine similarities.
        variant: whether the mean over positives is taken outside the logarithm ("out", the paper's choice) or inside
            it ("in").

    Source: SupCon, Khosla et al. 2020, arXiv 2004.11362, equations 2 and 3. The authors' code multiplies the loss by
        temperature / 0.07.
    """

    paper: ClassVar[str] = "SupCon, Khosla et al. 2020, arXiv 2004.11362"
    summary: ClassVar[str] = "views of one class, or of one example, are near, all others are far"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")

    def __init__(
        self,
        backbone: nn.Module,
        *,
        hidden_dim: int = 2048,
        projection_dim: int = 128,
        temperature: float = 0.1,
        variant: Literal["out", "in"] = "out",
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = mlp(dim_of(backbone), hidden_dim, projection_dim)
        self.temperature = temperature
        self.variant: Literal["out", "in"] = variant

    def forward(self, batch: Batch) -> Step:
        z = torch.stack([self.projector(self.backbone(view)) for view in batch.views], dim=1)
        loss = sup_con(z, batch.identity(), temperature=self.temperature, variant=self.variant, group=world())
        return Step(loss)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return math.log(2 * batch_size - 1)
