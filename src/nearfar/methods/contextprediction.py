"""Context prediction."""

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import nn

from nearfar.methods.method import Attempt, Batch, Method, Step, solved
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp
from nearfar.views.panels import Panel, puzzle_panel
from nearfar.views.puzzles import NEIGHBOURS, neighbours

__all__ = ["ContextPrediction"]

PLACES = ("above left", "above", "above right", "left", "right", "below left", "below", "below right")
"""Of the second tile, seen from the first."""


class ContextPrediction(Method):
    """Context prediction: where is the second tile, seen from the first?

    The middle tile of a picture and one of the eight around it go through the backbone one by one; a perceptron on both
    says which of the eight it is.

    Landmarks: ln 8 = 2.08 nats when it cannot tell; 0 when it always can.

    Args:
        backbone: the network that is kept; it sees tiles here and whole pictures when it is used.
        tile: side of a tile as a part of its cell, a third of the picture; it lies anywhere in the cell.
        hidden_dim: width of the perceptron.

    Source: Doersch et al. 2015, arXiv 1505.05192. The cells of tiles touch, where the paper's tiles lie half a tile
        apart; that lenses give places away by colour is left to views that drop colours.
    """

    paper: ClassVar[str] = "context prediction, Doersch et al. 2015, arXiv 1505.05192"
    summary: ClassVar[str] = "of two tiles of a picture it is found where the one lies, seen from the other"
    accumulates: ClassVar[bool] = True
    can_collapse: ClassVar[bool] = False

    def __init__(self, backbone: nn.Module, *, tile: float = 0.85, hidden_dim: int = 512) -> None:
        super().__init__()
        self.backbone = backbone
        self.solver = mlp(2 * dim_of(backbone), hidden_dim, len(NEIGHBOURS))
        self.tile = tile

    def attempt(self, batch: Batch) -> Attempt:
        (view,) = batch.views
        pieces, answer = neighbours(view, batch.draws(), part=self.tile)
        h = self.backbone(pieces.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        return Attempt(pieces, answer, self.solver(h.reshape(len(view), -1)))

    def forward(self, batch: Batch) -> Step:
        attempt = self.attempt(batch)
        return solved(attempt.logits, attempt.answer)

    def pictures(self, batch: Batch) -> Sequence[Panel]:
        attempt = self.attempt(batch)
        note = (
            "The tile on the left is of the picture's middle; where the other lies, seen from it, is to be found. Each"
            " is cut from a random place in its cell, brought to the same mean and deviation, and seen by itself."
        )
        return (puzzle_panel(batch.views[0], *attempt, columns=2, names=PLACES, note=note),)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return math.log(len(NEIGHBOURS))
