"""Rotation."""

import math
from typing import ClassVar

import torch
from torch import nn

from nearfar.methods.method import Batch, Method, Step, solved
from nearfar.networks.backbone import dim_of
from nearfar.views.puzzles import rotated

__all__ = ["Rotation"]


class Rotation(Method):
    """Rotation: by how many quarters has the picture been turned?

    Who knows which way is up knows what it is of.

    Landmarks: ln 4 = 1.39 nats when it cannot tell; 0 when it always can.

    Args:
        backbone: the network that is kept.

    Source: RotNet, Gidaris et al. 2018, arXiv 1803.07728. Each picture is seen in one turn at a time, where the authors
        put all four into a batch, at four times the work a picture.
    """

    paper: ClassVar[str] = "RotNet, Gidaris et al. 2018, arXiv 1803.07728"
    summary: ClassVar[str] = "of a turned picture it is found which way is up"
    accumulates: ClassVar[bool] = True
    can_collapse: ClassVar[bool] = False

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.solver = nn.Linear(dim_of(backbone), 4)

    def forward(self, batch: Batch) -> Step:
        (view,) = batch.views
        pieces, answer = rotated(view, batch.draws())
        return solved(self.solver(self.backbone(pieces[:, 0].contiguous(memory_format=torch.channels_last))), answer)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return math.log(4)
