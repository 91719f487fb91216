"""Which tiles of a matrix of logits are made, and who is hidden from whom in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

__all__ = ["Grid", "Tile", "hide", "products"]

_TILE = {"cpu": 512}  # a tile of float32 fills the second-level cache of a core
_TILE_OF_DEVICES = 2048


class Tile(NamedTuple):
    """Some rows against some columns; the places `hidden` hold no far pairs; `both`: columns count too."""

    rows: slice
    columns: slice
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

    def tiles(self, size: int, *, mirrored: bool) -> Iterator[Tile]:
        """The tiles of this share."""
        rows, columns = (_slices(count, size) for count in self.shape)
        row_spans, column_spans = _spans(self.row_ids, rows), _spans(self.column_ids, columns)
        number = 0
        for i, of_rows in enumerate(row_spans):
            for j in range(i if mirrored else 0, len(columns)):
                apart = of_rows is None or of_rows[1] < column_spans[j][0] or column_spans[j][1] < of_rows[0]
                alike = not apart and of_rows[0] == of_rows[1] == column_spans[j][0] == column_spans[j][1]
                if alike and not self.near:
                    continue
                number += 1
                if number % self.share[1] == self.share[0]:
                    diagonal = mirrored and i == j
                    hidden, near = (None, None) if apart else self._same(rows[i], columns[j], diagonal=diagonal)
                    yield Tile(rows[i], columns[j], hidden, near, self.both and not diagonal)

    def _same(self, rows: slice, columns: slice, *, diagonal: bool) -> tuple[Tensor, Tensor | None]:
        """The places of pairs of one id and, where they are asked for, of those among them that are near."""
        assert self.row_ids is not None
        assert self.column_ids is not None
        of_rows, of_columns = self.row_ids[rows], self.column_ids[columns]
        # Few pairs are of one id, and they stand side by side: their places are sooner told than looked for.
        first, last = (torch.searchsorted(of_columns, of_rows, right=right) for right in (False, True))
        count, width = last - first, len(of_columns)
        start = torch.arange(len(of_rows), device=count.device) * width + first - (count.cumsum(0) - count)
        places = start.repeat_interleave(count) + torch.arange(int(count.sum()), device=count.device)
        if not self.near:
            return places, None
        return places, places[places // width != places % width] if diagonal else places


def _slices(count: int, size: int) -> list[slice]:
    """As few slices of at most `size` as there can be, and of even length."""
    length = -(-count // -(-count // size))
    return [slice(first, min(first + length, count)) for first in range(0, count, length)]


def _spans(ids: Tensor | None, slices: list[slice]) -> list[Any]:
    """The first and the last id of each slice."""
    if ids is None:
        return [None] * len(slices)
    ends = [[one.start, one.stop - 1] for one in slices]
    return ids[torch.tensor(ends, device=ids.device)].tolist()


def products(
    rows: Tensor, columns: Tensor, factor: float, grid: Grid, *, mirrored: bool, start: float = 0.0
) -> Iterator[tuple[Tile, Tensor]]:
    """Each tile's products times a factor, added to a start, in memory that the next tile takes over."""
    size = _TILE.get(rows.device.type, _TILE_OF_DEVICES)
    memory = rows.new_empty(min(size, len(rows)) * min(size, len(columns)))
    for tile in grid.tiles(size, mirrored=mirrored):
        a, b = rows[tile.rows], columns[tile.columns]
        product = memory[: len(a) * len(b)].view(len(a), len(b))
        if start:
            product.fill_(start)
        yield tile, product.addmm_(a, b.T, beta=float(start != 0), alpha=factor)


def hide(s: Tensor, tile: Tile, value: float) -> Tensor:
    if tile.hidden is not None:
        s.view(-1).index_fill_(0, tile.hidden, value)
    return s
