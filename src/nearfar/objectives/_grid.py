"""Which tiles of a matrix of logits are made, and who is hidden from whom in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Grid", "Tile", "hide", "products"]

_TILE = {"cpu": 512}  # a tile of float32 fills the second-level cache of a core
_TILE_OF_DEVICES = 2048


class Tile(NamedTuple):
    """Some rows against some columns; the places `hidden` hold no far pairs; `both`: columns count too.

    `rows` and `columns` are numbers of the parts into which `Grid.cut` cuts whatever has a number a row or a column.
    """

    rows: int
    columns: int
    hidden: Tensor | None
    near: Tensor | None
    both: bool


@dataclass(frozen=True)
class Grid:
    """The tiles that hold pairs which count, of rows and columns whose ids ascend.

    `near` also tells which pairs of one id there are among the rows of one matrix, no row with itself.
    `share` is (r, W) for every W-th tile from r on. A matrix with itself has `columns` None where it is used, and
    `both` True: then only tiles on and above the diagonal are made.
    """

    shape: tuple[int, int]
    row_ids: Tensor | None
    column_ids: Tensor | None
    both: bool = False
    near: bool = False
    share: tuple[int, int] = (0, 1)

    def cut(self, x: Tensor, *, columns: bool = False) -> Sequence[Tensor]:
        """The parts of x that belong to each tile's rows, or columns: as few as there can be, and of even length."""
        size = _TILE.get(x.device.type, _TILE_OF_DEVICES)
        return torch.split(x, -(-self.shape[columns] // -(-self.shape[columns] // size)))

    def tiles(self, num_rows: int, num_columns: int, *, mirrored: bool) -> Iterator[Tile]:
        """The tiles of this share, of so many parts of rows and of columns."""
        row_ids, row_spans = self._ids(self.row_ids, columns=False)
        column_ids, column_spans = self._ids(self.column_ids, columns=True)
        number = 0
        for i in range(num_rows):
            for j in range(i if mirrored else 0, num_columns):
                apart = alike = False
                if row_spans and column_spans:
                    (first, last), (left, right) = row_spans[i], column_spans[j]
                    apart, alike = last < left or right < first, first == last == left == right
                if alike and not self.near:
                    continue
                number += 1
                if number % self.share[1] == self.share[0]:
                    diagonal = mirrored and i == j
                    known = row_spans and column_spans and not apart
                    hidden, near = self._same(row_ids[i], column_ids[j], diagonal=diagonal) if known else (None, None)
                    yield Tile(i, j, hidden, near, self.both and not diagonal)

    def _ids(self, ids: Tensor | None, *, columns: bool) -> tuple[Sequence[Tensor], list[list[int]]]:
        """The ids of each part, and the first and last of them; nothing where there are none."""
        parts = () if ids is None else self.cut(ids, columns=columns)
        return parts, torch.stack([part[[0, -1]] for part in parts]).tolist() if parts else []

    def _same(self, of_rows: Tensor, of_columns: Tensor, *, diagonal: bool) -> tuple[Tensor, Tensor | None]:
        """The places of pairs of one id and, where they are asked for, of those among them that are near."""
        # Few pairs are of one id, and they stand side by side: their places are sooner told than looked for.
        first, last = (torch.searchsorted(of_columns, of_rows, right=right) for right in (False, True))
        count, width = last - first, len(of_columns)
        start = torch.arange(len(of_rows), device=count.device) * width + first - (count.cumsum(0) - count)
        places = start.repeat_interleave(count) + torch.arange(int(count.sum()), device=count.device)
        if not self.near:
            return places, None
        return places, places[places // width != places % width] if diagonal else places


def products(
    rows: Sequence[Tensor], columns: Sequence[Tensor], factor: float, grid: Grid, *, mirrored: bool, start: float = 0.0
) -> Iterator[tuple[Tile, Tensor]]:
    """Each tile's products times a factor, added to a start, in memory that the next tile takes over."""
    shape, beta, turned = (len(rows[0]), len(columns[0])), float(start != 0), [part.T for part in columns]
    whole = rows[0].new_empty(shape)
    for tile in grid.tiles(len(rows), len(columns), mirrored=mirrored):
        a, b = rows[tile.rows], turned[tile.columns]
        small = a.shape[0], b.shape[1]
        product = whole if small == shape else whole.view(-1)[: small[0] * small[1]].view(small)
        if start:
            product.fill_(start)
        yield tile, product.addmm_(a, b, beta=beta, alpha=factor)


def hide(s: Tensor, tile: Tile, value: float) -> Tensor:
    if tile.hidden is not None:
        s.view(-1).index_fill_(0, tile.hidden, value)
    return s
