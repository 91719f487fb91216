"""Puzzles that a picture sets by itself: pieces, how they were laid out, and the answer that a network has to find."""

import math
from itertools import islice, permutations
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.errors import complaint
from nearfar.views.draws import Draws

__all__ = ["Puzzle", "far_permutations", "jigsaw", "neighbours", "rotated", "tiles"]

NEIGHBOURS = (0, 1, 2, 3, 5, 6, 7, 8)
"""The places around the middle of a grid of 3 x 3, row by row."""
_CANDIDATES = 5040  # as many as seven pieces have orders


class Puzzle(NamedTuple):
    """n puzzles.

    Attributes:
        pieces: what the network is shown of each: one picture or several, (n, pieces, c, h, w).
        answer: which of the possible answers is right.
    """

    pieces: Float[Tensor, "n k c h w"]
    answer: Int[Tensor, "n"]


def tiles(
    pictures: Float[Tensor, "n c h w"], draws: Draws, *, grid: int, part: float
) -> Float[Tensor, "n {grid*grid} c s s"]:
    """The tiles of a grid over each picture, row by row.

    Each tile is cut from a random place inside its cell, so that neither edges that go on nor positions that are always
    the same give the puzzle away; and is brought to mean 0 and deviation 1, so that light does not.

    Args:
        pictures: the pictures.
        draws: one key for each picture.
        grid: cells beside and below each other, at least 2.
        part: side of a tile as a part of the cell's.

    Raises:
        ValueError: tiles would be of less than 2 pixels, or larger than their cells.

    Source: Noroozi and Favaro 2016, arXiv 1603.09246, section 4.2 (tiles of 64 pixels in cells of 75).
    """
    cell = min(pictures.shape[2:]) // max(1, grid)
    side = round(part * cell)
    if grid < 2:
        raise ValueError(complaint("tiles", "grid", "at least 2", grid, "Try 3"))
    if not 2 <= side <= cell:
        constraint = f"a part of a cell's {cell} pixels that leaves 2 or more"
        raise ValueError(complaint("tiles", "part", constraint, part, "Try 0.85, or larger pictures"))
    corner = torch.arange(grid, device=pictures.device).mul(cell)
    jitter = (draws.uniform(2 * grid * grid) * (cell - side + 1)).long().view(-1, 2, grid, grid)
    inside = torch.arange(side, device=pictures.device)
    row = (corner[:, None] + jitter[:, 0]).flatten(1)[:, :, None] + inside
    column = (corner + jitter[:, 1]).flatten(1)[:, :, None] + inside
    example = torch.arange(len(pictures), device=pictures.device)[:, None, None, None]
    cut = pictures.permute(0, 2, 3, 1)[example, row[:, :, :, None], column[:, :, None]].permute(0, 1, 4, 2, 3)
    deviation, mean = torch.std_mean(cut, dim=(2, 3, 4), correction=0, keepdim=True)
    return (cut - mean) / (deviation + 1e-3)


def jigsaw(
    pictures: Float[Tensor, "n c h w"], draws: Draws, *, orders: Int[Tensor, "m k"], part: float = 0.85
) -> Puzzle:
    """The tiles of each picture in one of some orders, to be found.

    Args:
        pictures: the pictures.
        draws: one key for each picture.
        orders: the possible orders of the tiles of a square grid; `far_permutations` gives some.
        part: side of a tile as a part of its cell's.

    Returns:
        All tiles, and which of the orders they are in.

    Source: Noroozi and Favaro 2016, arXiv 1603.09246, section 3.
    """
    cut = tiles(pictures, draws.fold(0), grid=round(orders.shape[1] ** 0.5), part=part)
    answer = _one_of(len(orders), draws.fold(1))
    example = torch.arange(len(cut), device=cut.device)[:, None]
    return Puzzle(cut[example, orders[answer]], answer)


def neighbours(pictures: Float[Tensor, "n c h w"], draws: Draws, *, part: float = 0.85) -> Puzzle:
    """The middle tile of a grid of 3 x 3 over each picture and one of the eight around it, whose place is to be found.

    Args:
        pictures: the pictures.
        draws: one key for each picture.
        part: side of a tile as a part of its cell's.

    Returns:
        The two tiles, and the place of the second, 0 to 7, row by row.

    Source: Doersch et al. 2015, arXiv 1505.05192, section 3.
    """
    cut = tiles(pictures, draws.fold(0), grid=3, part=part)
    answer = _one_of(len(NEIGHBOURS), draws.fold(1))
    place = torch.tensor(NEIGHBOURS, device=cut.device)[answer]
    example = torch.arange(len(cut), device=cut.device)
    return Puzzle(torch.stack([cut[:, 4], cut[example, place]], dim=1), answer)


def rotated(pictures: Float[Tensor, "n c s s"], draws: Draws) -> Puzzle:
    """Each picture turned by none, one, two or three quarters, to be found.

    Args:
        pictures: square pictures.
        draws: one key for each picture.

    Returns:
        The turned picture, and the number of quarters to the left.

    Raises:
        ValueError: pictures are not square.

    Source: Gidaris et al. 2018, arXiv 1803.07728, section 2.
    """
    if pictures.shape[2] != pictures.shape[3]:
        got = tuple(pictures.shape[2:])
        raise ValueError(complaint("rotated", "pictures", "square", got, "Crop them to squares"))
    answer = _one_of(4, draws)
    quarters = answer[:, None, None, None]
    turned = torch.where(quarters % 2 == 1, pictures.mT, pictures)
    turned = torch.where((quarters == 1) | (quarters == 2), turned.flip(2), turned)
    return Puzzle(torch.where(quarters >= 2, turned.flip(3), turned)[:, None], answer)


def _one_of(count: int, draws: Draws) -> Int[Tensor, "n"]:
    return (draws.uniform(1)[:, 0] * count).long()


def far_permutations(count: int, *, pieces: int) -> Int[Tensor, "{count} {pieces}"]:
    """Orders of some pieces that are unlike one another, always the same ones.

    The first leaves all in place; each further one is, of thousands, that whose nearest among those chosen differs in
    the most places.

    Args:
        count: how many.
        pieces: how many each order has.

    Raises:
        ValueError: there are not so many, or less than two.

    Source: Noroozi and Favaro 2016, arXiv 1603.09246, algorithm 1; beyond seven pieces the candidates are a sample.
    """
    known = list(islice(permutations(range(pieces)), _CANDIDATES))
    if math.factorial(pieces) > _CANDIDATES:
        generator = np.random.default_rng(0)
        known[1:] = sorted({tuple(generator.permutation(pieces).tolist()) for _ in known[1:]} - {known[0]})
    if not 2 <= count <= len(known):
        constraint = f"from 2 to {len(known):,} for {pieces} pieces"
        raise ValueError(complaint("far_permutations", "count", constraint, count, f"Try {min(100, len(known))}"))
    candidates = np.array(known)
    chosen, nearest = [0], np.full(len(candidates), pieces + 1)
    while len(chosen) < count:
        nearest = np.minimum(nearest, (candidates != candidates[chosen[-1]]).sum(axis=1))
        chosen.append(int(nearest.argmax()))
    return torch.from_numpy(candidates[chosen])
