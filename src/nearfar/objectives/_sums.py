"""The sums over a grid of tiles, and their gradients, for which each tile is made again.

Where one number can be taken from all logits so that no power overflows and none that matters is lost, rows and columns
share one power a logit. Whether that held is seen from the sums; where not, each sum has its own largest logit.
"""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from nearfar.objectives._grid import Grid, Tile, hide, products
from nearfar.objectives._steps import log2_sum, log2_sum_by, once, softplus_sum, wide

__all__ = ["LogSums", "SoftplusSums"]

_PER_NAT = 1.4426950408889634  # log2(e): powers of two are three times as fast as powers of e
_ROOM = 0.7  # of the largest exponent that a power may have, so that sums of many fit
_SAFE = 0.6  # and the smallest that a sum may have: what was lost below the smallest power is no part of it


def _largest(rows: Tensor, columns: Tensor, scale: float) -> float:
    """No logit is larger."""
    return scale * float(rows.norm(dim=1).max()) * float(columns.norm(dim=1).max())


def _shift(rows: Tensor, columns: Tensor, scale: float) -> float | None:
    """What to take from all logits, so that no sum of their powers overflows; None where that is too much to try."""
    room = _ROOM * math.log(torch.finfo(rows.dtype).max)
    largest = _largest(rows, columns, scale)
    return max(0.0, largest - room) if largest < 2 * room else None


def _holds(shift: float, *sums: Tensor) -> bool:
    """Whether all sums are so large that the powers which the shift lost are nothing beside them."""
    least = shift - _SAFE * math.log(torch.finfo(sums[0].dtype).max)
    return shift == 0 or all(bool((each >= least).all()) for each in sums)


class _LogTotal:
    """The logs, base 2, of growing sums of powers: of rows, and of columns where tiles stand for those too."""

    def __init__(self, of_rows: Tensor, of_columns: Tensor | None, grid: Grid, *, shift: float | None) -> None:
        self.shift, self.nothing = shift, -torch.inf if shift is None else 0.0
        self.of_rows = torch.full_like(of_rows, self.nothing)
        self.of_columns = self.of_rows if of_columns is None else torch.full_like(of_columns, self.nothing)
        self._rows, self._columns = grid.cut(self.of_rows), grid.cut(self.of_columns, columns=True)

    def add(self, s: Tensor, tile: Tile) -> None:
        """Adds the powers of a tile where they were shifted, else those of its logits."""
        if self.shift is not None:
            self._rows[tile.rows].add_(s.sum(1))
            if tile.both:
                self._columns[tile.columns].add_(s.sum(0))
            return
        _add_log2(self._rows[tile.rows], log2_sum(s, 1))
        if tile.both:
            _add_log2(self._columns[tile.columns], log2_sum(s, 0))

    def nats(self) -> tuple[Tensor, Tensor]:
        """The logs of the sums of rows and of columns."""
        if self.shift is None:
            return self.of_rows / _PER_NAT, self.of_columns / _PER_NAT
        return self.of_rows.log() + self.shift, self.of_columns.log() + self.shift


def _add_log2(total: Tensor, more: Tensor) -> None:
    torch.logaddexp2(total, more, out=total)


def _log_sums(
    rows: Tensor, columns: Tensor | None, scale: float, grid: Grid, shift: float | None
) -> tuple[Tensor, Tensor]:
    mirrored, other = columns is None, rows if columns is None else columns
    far = _LogTotal(rows[:, 0], None if mirrored else other[:, 0], grid, shift=shift)
    near, start = torch.full_like(rows[:, 0], -torch.inf), -(shift or 0.0) * _PER_NAT
    parts, nears = (grid.cut(rows), grid.cut(other, columns=True)), grid.cut(near)
    for tile, s in products(*parts, scale * _PER_NAT, grid, mirrored=mirrored, start=start):
        if tile.near is not None:
            logit = s.view(-1).index_select(0, tile.near)
            for part, index in _ends(tile, s, tile.near)[: 1 + tile.both]:
                _add_log2(nears[part], log2_sum_by(index, logit, len(nears[part])))
        far.add(hide(s if shift is None else s.exp2_(), tile, far.nothing), tile)
    of_rows, of_columns = far.nats()
    return of_rows, (near - start) / _PER_NAT if mirrored else of_columns


class LogSums(torch.autograd.Function):
    """The log sum exp over the far pairs of a grid: (of rows, of columns).

    Where `columns` is None: (far pairs, near pairs) of each row.
    """

    @staticmethod
    def forward(rows: Tensor, columns: Tensor | None, scale: Tensor, grid: Grid) -> tuple[Tensor, Tensor]:
        with wide(rows):
            shift = _shift(rows, rows if columns is None else columns, float(scale))
            sums = _log_sums(rows, columns, float(scale), grid, shift)
            if shift is not None and not _holds(shift, *_far(sums, columns, grid)):
                sums = _log_sums(rows, columns, float(scale), grid, None)
            return sums

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        *tensors, ctx.grid = inputs
        ctx.save_for_backward(*tensors, *output)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        rows, columns, scale, of_rows, second = ctx.saved_tensors
        g_rows, g_second = gradients
        of_columns, g_columns = (of_rows, g_rows) if columns is None else (second, g_second)
        with torch.no_grad(), wide(rows):
            pull = _Pull(rows, columns, scale, ctx.grid, ctx.needs_input_grad)
            shift = _shift(rows, rows if columns is None else columns, float(scale))
            far_sums = [each[each > -torch.inf] for each in _far((of_rows, second), columns, ctx.grid)]
            held = shift is not None and _holds(shift, *far_sums)
            start = shift if held and shift else 0.0
            weigh = partial(_Shifted, start) if held else _Unbounded
            far = weigh(ctx.grid, of_rows, g_rows, of_columns, g_columns if ctx.grid.both else None)
            near = ctx.grid.cut(torch.stack([(second - start) * _PER_NAT, g_second], dim=1)) if ctx.grid.near else ()
            for tile, s in pull.products(_PER_NAT, start=-start * _PER_NAT):
                to_near = None if tile.near is None else _near_gradient(s, tile, near)
                far.of(s, tile)
                hide(s, tile, 0.0)
                if tile.near is not None and to_near is not None:
                    s.view(-1).index_copy_(0, tile.near, to_near)
                pull.add(s, tile)
        return once(ctx.saved_tensors + gradients, *pull.gradients(), None)


def _far(sums: tuple[Tensor, Tensor], columns: Tensor | None, grid: Grid) -> list[Tensor]:
    """Which of the sums are of far pairs."""
    return [sums[0]] if columns is None or not grid.both else list(sums)


def _ends(tile: Tile, s: Tensor, places: Tensor) -> tuple[tuple[int, Tensor], tuple[int, Tensor]]:
    """The tile's rows with the row of each place in it, and its columns likewise."""
    return (tile.rows, places // s.shape[1]), (tile.columns, places % s.shape[1])


def _near_gradient(s: Tensor, tile: Tile, near: Sequence[Tensor]) -> Tensor:
    """The gradients of a tile's near logits, from (log sum, its gradient) of both their rows."""
    assert tile.near is not None
    logit, pull = s.view(-1).index_select(0, tile.near), torch.zeros((), dtype=s.dtype, device=s.device)
    for part, index in _ends(tile, s, tile.near):
        log_sum, g_sum = near[part].index_select(0, index).unbind(1)
        pull = torch.addcmul(pull, (logit - log_sum).exp2_(), g_sum)
    return pull


class _Shifted:
    """The gradients of a tile's logits where no shifted power overflows: one power for rows and columns."""

    def __init__(
        self, shift: float, grid: Grid, of_rows: Tensor, g_rows: Tensor, of_columns: Tensor, g_columns: Tensor | None
    ) -> None:
        self.rows = grid.cut(_share(of_rows, g_rows, shift)[:, None])
        self.columns = None if g_columns is None else grid.cut(_share(of_columns, g_columns, shift), columns=True)
        self.memory = of_rows.new_empty(0)

    def of(self, s: Tensor, tile: Tile) -> None:
        s.exp2_()
        if self.columns is None:
            s.mul_(self.rows[tile.rows])
            return
        if self.memory.numel() < s.numel():
            self.memory = torch.empty_like(s).flatten()
        both = self.memory[: s.numel()].view_as(s)
        s.mul_(torch.add(self.rows[tile.rows], self.columns[tile.columns], out=both))


def _share(sums: Tensor, gradient: Tensor, shift: float) -> Tensor:
    """The gradient over exp(sum), and nothing where nothing was summed."""
    return (gradient * (shift - sums).exp()).masked_fill_(sums == -torch.inf, 0)


class _Unbounded:
    """The gradients of a tile's logits at any scale: each power of a difference that is at most 0."""

    def __init__(
        self, grid: Grid, of_rows: Tensor, g_rows: Tensor, of_columns: Tensor, g_columns: Tensor | None
    ) -> None:
        # A sum of nothing becomes +inf, so that its powers are 0.
        of_rows, of_columns = (
            (sums * _PER_NAT).masked_fill_(sums == -torch.inf, torch.inf) for sums in (of_rows, of_columns)
        )
        self.of_rows, self.g_rows = grid.cut(of_rows[:, None]), grid.cut(g_rows[:, None])
        self.of_columns = grid.cut(of_columns, columns=True)
        self.g_columns = None if g_columns is None else grid.cut(g_columns, columns=True)

    def of(self, s: Tensor, tile: Tile) -> None:
        # Hidden logits may lie above the sums that leave them out; they must not overflow before they are hidden.
        columns = None
        if self.g_columns is not None:
            columns = (s - self.of_columns[tile.columns]).clamp_(max=1).exp2_().mul_(self.g_columns[tile.columns])
        s.sub_(self.of_rows[tile.rows]).clamp_(max=1).exp2_().mul_(self.g_rows[tile.rows])
        if columns is not None:
            s += columns


class _Pull:
    """Gathers what the gradients of logits mean for rows, columns and scale."""

    def __init__(
        self, rows: Tensor, columns: Tensor | None, scale: Tensor, grid: Grid, needed: tuple[bool, ...]
    ) -> None:
        self.rows, self.scale, self.grid, self.needed = rows, scale, grid, needed
        self.mirrored, other = columns is None, rows if columns is None else columns
        self.to_rows = torch.zeros_like(rows) if needed[0] or needed[2] else None
        self.to_columns = self.to_rows if columns is None else torch.zeros_like(columns) if needed[1] else None
        self._rows, self._columns = grid.cut(rows), grid.cut(other, columns=True)
        self._to_rows = None if self.to_rows is None else grid.cut(self.to_rows)
        self._to_columns = None if self.to_columns is None else grid.cut(self.to_columns, columns=True)

    def products(self, factor: float, *, start: float) -> Iterator[tuple[Tile, Tensor]]:
        factor *= float(self.scale)
        return products(self._rows, self._columns, factor, self.grid, mirrored=self.mirrored, start=start)

    def add(self, gradient: Tensor, tile: Tile, *, weight: float = 1.0) -> None:
        alpha = float(self.scale) * weight
        if self._to_rows is not None:
            self._to_rows[tile.rows].addmm_(gradient, self._columns[tile.columns], alpha=alpha)
        if self._to_columns is not None and (tile.both or not self.mirrored):
            self._to_columns[tile.columns].addmm_(gradient.T, self._rows[tile.rows], alpha=alpha)

    def gradients(self) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        to_scale = None
        if self.needed[2] and self.to_rows is not None:
            # The scale acts as a length of all rows; among the rows of one matrix each product has it of two.
            parts = zip(torch.split(self.rows, 4096), torch.split(self.to_rows, 4096), strict=True)
            total = torch.stack([(row * gradient).sum() for row, gradient in parts]).sum()
            to_scale = total / self.scale / (2 if self.mirrored else 1)
        return self.to_rows if self.needed[0] else None, None if self.mirrored else self.to_columns, to_scale


class SoftplusSums(torch.autograd.Function):
    """The sums of softplus(scale a_i . b_j + bias) over the pairs of a grid, for each row."""

    @staticmethod
    def forward(rows: Tensor, columns: Tensor, scale: Tensor, bias: Tensor, grid: Grid) -> Tensor:
        with wide(rows):
            sums, start = rows.new_zeros(len(rows)), float(bias) * _PER_NAT
            negative = _largest(rows, columns, float(scale)) + float(bias) <= 0.01
            parts, totals = (grid.cut(rows), grid.cut(columns, columns=True)), grid.cut(sums)
            for tile, s in products(*parts, float(scale) * _PER_NAT, grid, mirrored=False, start=start):
                totals[tile.rows].add_(softplus_sum(hide(s, tile, -torch.inf), negative=negative))
            return sums

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        *tensors, ctx.grid = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        rows, columns, scale, bias = ctx.saved_tensors
        gradient, needs_bias = gradients[0], ctx.needs_input_grad[3]
        with torch.no_grad(), wide(rows):
            pull, to_bias = _Pull(rows, columns, scale, ctx.grid, ctx.needs_input_grad), torch.zeros_like(bias)
            even = bool((gradient == gradient[0]).all())  # as a mean makes it: one factor for all
            weight, of_rows = float(gradient[0]) if even else 1.0, ctx.grid.cut(gradient[:, None])
            for tile, s in pull.products(1.0, start=float(bias)):
                hide(s.sigmoid_(), tile, 0.0)
                if not even:
                    s.mul_(of_rows[tile.rows])
                if needs_bias:
                    to_bias += s.sum() * weight
                pull.add(s, tile, weight=weight)
        return once(ctx.saved_tensors + gradients, *pull.gradients(), to_bias if needs_bias else None, None)
