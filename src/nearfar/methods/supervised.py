"""Supervised learning, the baseline."""

import math
from typing import ClassVar

import torch.nn.functional as F
from torch import nn

from nearfar.distributed import world
from nearfar.errors import complaint
from nearfar.methods.method import Batch, Method, Step, mean_over_ranks
from nearfar.networks.backbone import dim_of

__all__ = ["Supervised"]


class Supervised(Method):
    """A linear classifier on the backbone, trained with it: what labels alone give under the same loop.

    Examples without a label are passed over.

    Landmarks: ln(number of classes) nats when it cannot tell; 0 when it always can.

    Args:
        backbone: the network that is kept.
        num_classes: how many the labels have; the recipe counts them.
        freeze: whether the backbone stays as it is, batch norms too, and the classifier alone is trained.

    Source: cross entropy, as for the supervised baselines of SimCLR, Chen et al. 2020, arXiv 2002.05709.
    """

    paper: ClassVar[str] = "cross entropy on labels"
    summary: ClassVar[str] = "examples of a class are on its side of a linear classifier: the baseline with labels"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")
    accumulates: ClassVar[bool] = True
    min_batch: ClassVar[int] = 1

    def __init__(self, backbone: nn.Module, *, num_classes: int | None = None, freeze: bool = False) -> None:
        super().__init__()
        if num_classes is None or num_classes < 2:
            constraint = "at least 2 classes that the data's labels name"
            raise ValueError(complaint("Supervised", "num_classes", constraint, num_classes, "Give data with labels"))
        self.backbone = backbone
        self.classifier = nn.Linear(dim_of(backbone), num_classes)
        self.freeze = freeze
        backbone.requires_grad_(not freeze)

    def train(self, mode: bool = True) -> "Supervised":
        """As any module; a frozen backbone stays in evaluation mode."""
        super().train(mode)
        if self.freeze:
            self.backbone.eval()
        return self

    def forward(self, batch: Batch) -> Step:
        if batch.label is None:
            raise ValueError(complaint("Supervised", "label", "one class an example", None, "Give data with labels"))
        (view,) = batch.views
        known = batch.label >= 0
        logits = self.classifier(self.backbone(view))[known]
        nats = F.cross_entropy(logits, batch.label[known], reduction="none")
        return Step(mean_over_ranks(nats, world()))

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return math.log(self.classifier.out_features)
