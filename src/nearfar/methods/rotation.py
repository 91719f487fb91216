"""Rotation."""

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import nn

from nearfar.methods.method import Attempt, Batch, Method, Step, solved
from nearfar.networks.backbone import dim_of
from nearfar.views.panels import Panel, puzzle_panel
from nearfar.views.puzzles import rotated

__all__ = ["Rotation"]

TURNS = ("upright", "a quarter left", "upside down", "a quarter right")


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

    def attempt(self, batch: Batch) -> Attempt:
        (view,) = batch.views
        pieces, answer = rotated(view, batch.draws())
        h = self.backbone(pieces[:, 0].contiguous(memory_format=torch.channels_last))
        return Attempt(pieces, answer, self.solver(h))

    def forward(self, batch: Batch) -> Step:
        attempt = self.attempt(batch)
        return solved(attempt.logits, attempt.answer)

    def pictures(self, batch: Batch) -> Sequence[Panel]:
        attempt = self.attempt(batch)
        note = "Each picture is turned by none, one, two or three quarters; which way is up is to be found."
        return (puzzle_panel(batch.views[0], *attempt, columns=1, names=TURNS, note=note),)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return math.log(4)
