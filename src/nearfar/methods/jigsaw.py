"""Jigsaw."""

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nearfar.methods.method import Attempt, Batch, Method, Step, solved
from nearfar.networks.backbone import dim_of
from nearfar.networks.heads import mlp
from nearfar.views.panels import Panel, puzzle_panel
from nearfar.views.puzzles import far_permutations, jigsaw

__all__ = ["Jigsaw"]


class Jigsaw(Method):
    """Jigsaw puzzles: in which of some orders are the tiles?

    The tiles of a picture, laid out in one of some orders, go through the backbone one by one; a perceptron on all of
    them says which order it is.

    Landmarks: ln(number of orders) nats when it cannot tell; 0 when it always can.

    Args:
        backbone: the network that is kept; it sees tiles here and whole pictures when it is used.
        num_orders: how many orders there are; each is far from all others.
        grid: tiles beside and below each other.
        tile: side of a tile as a part of its cell; it lies anywhere in the cell.
        tile_dim: width to which a tile's representation is brought before all are read.
        hidden_dim: width of the perceptron.

    Source: Noroozi and Favaro 2016, arXiv 1603.09246 (1,000 orders for ImageNet; their first experiments have 64 to
        100).
    """

    paper: ClassVar[str] = "jigsaw, Noroozi and Favaro 2016, arXiv 1603.09246"
    summary: ClassVar[str] = "from the tiles of a picture it is found in which order they were laid out"
    accumulates: ClassVar[bool] = True
    can_collapse: ClassVar[bool] = False

    orders: Tensor

    def __init__(
        self,
        backbone: nn.Module,
        *,
        num_orders: int = 100,
        grid: int = 3,
        tile: float = 0.85,
        tile_dim: int = 128,
        hidden_dim: int = 512,
    ) -> None:
        super().__init__()
        self.register_buffer("orders", far_permutations(num_orders, pieces=grid**2))
        self.backbone = backbone
        self.reader = nn.Linear(dim_of(backbone), tile_dim)
        self.solver = mlp(grid**2 * tile_dim, hidden_dim, num_orders)
        self.tile, self.grid = tile, grid

    def attempt(self, batch: Batch) -> Attempt:
        (view,) = batch.views
        pieces, answer = jigsaw(view, batch.draws(), orders=self.orders, part=self.tile)
        h = self.backbone(pieces.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        return Attempt(pieces, answer, self.solver(F.relu(self.reader(h)).reshape(len(view), -1)))

    def forward(self, batch: Batch) -> Step:
        attempt = self.attempt(batch)
        return solved(attempt.logits, attempt.answer)

    def pictures(self, batch: Batch) -> Sequence[Panel]:
        attempt, count = self.attempt(batch), len(self.orders)
        names = [f"order {number + 1}" for number in range(count)]
        note = (
            f"The tiles are laid out in one of {count} orders, which is to be found. Each is cut from a random place in"
            " its cell, brought to the same mean and deviation, and seen by itself."
        )
        return (puzzle_panel(batch.views[0], *attempt, columns=self.grid, names=names, note=note),)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return math.log(len(self.orders))
