"""MatchNet."""

import math
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import nn

from nearfar.distributed import all_gather, world
from nearfar.methods.method import Batch, Method, Step, mean_over_ranks, partners
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp

__all__ = ["MatchNet"]


class MatchNet(Method):
    """A feature network and a metric network, learned together.

    Both sides of a pair go through one tower; a second network reads the two features side by side and says whether
    they match. Each example is paired with one like it and with one unlike it. Examples of one class match where labels
    are known; an example without a label matches its own other view alone.

    Landmarks: ln 2 nats when the metric network cannot tell; 0 when it always can.

    Args:
        backbone: the network that is kept.
        bottleneck_dim: width of the features that are compared.
        hidden_dim: width of the metric network's hidden layers.

    Source: MatchNet, Han et al. 2015 (MatchNet: Unifying Feature and Metric Learning for Patch-Based Matching),
        sections 3 and 4. Pairs come from the batch where the paper samples them from a reservoir.
    """

    paper: ClassVar[str] = "MatchNet, Han et al. 2015"
    summary: ClassVar[str] = "a learned metric says which views are of one example, or of one class, and which are not"
    modalities: ClassVar[tuple[str, ...]] = ("image", "text", "series")

    def __init__(self, backbone: nn.Module, *, bottleneck_dim: int = 256, hidden_dim: int = 512) -> None:
        super().__init__()
        self.backbone = backbone
        self.bottleneck = mlp(dim_of(backbone), bottleneck_dim)
        self.metric = mlp(2 * bottleneck_dim, hidden_dim, hidden_dim, 2, norm=False)

    def forward(self, batch: Batch) -> Step:
        z_a, z_b = (self.bottleneck(self.backbone(view)) for view in batch.views)
        every_b, identity = all_gather(z_b, world()), batch.identity()
        found = partners(identity, world())
        other = torch.cat([found.positive, found.negative])
        match = found.identity[other] == torch.cat([identity, identity])
        logits = self.metric(torch.cat([torch.cat([z_a, z_a]), every_b[other]], dim=1))
        nats = F.cross_entropy(logits, match.long(), reduction="none")
        return Step(mean_over_ranks(nats, world()))

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return math.log(2)
