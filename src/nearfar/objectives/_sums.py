"""The sums over a grid of tiles, and their gradients, for which each tile is made again."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from nearfar.objectives._grid import Grid, Tile, hide, products
from nearfar.objectives._steps import log2_sum, log2_sum_by, once, softplus_sum, wide

__all__ = ["LogSums", "SoftplusSums"]

_PER_NAT = 1.4426950408889634  # log2(e): powers of two are three times as fast as powers of e


def _is_bounded(rows: Tensor, columns: Tensor, scale: float) -> bool:
    """Whether no sum of exp(logit) overflows and no such power is lost, so that nothing need be subtracted first."""
    largest = scale * float(rows.norm(dim=1).max()) * float(columns.norm(dim=1).max())
    return largest < 0.7 * math.log(torch.finfo(rows.dtype).max)


class _LogTotal:
    """The logs, base 2, of growing sums of powers: of rows, and of columns where tiles stand for those too."""

    def __init__(self, of_rows: Tensor, of_columns: Tensor | None, *, bounded: bool) -> None:
        self.bounded, self.nothing = bounded, 0.0 if bounded else -torch.inf
        self.of_rows = torch.full_like(of_rows, self.nothing)
        self.of_columns = self.of_rows if of_columns is None else torch.full_like(of_columns, self.nothing)

    def add(self, s: Tensor, tile: Tile) -> None:
        """Adds the powers of a tile where they are bounded, else those of its logits."""
        if self.bounded:
            self.of_rows[tile.rows] += s.sum(1)
            if tile.both:
                self.of_columns[tile.columns] += s.sum(0)
            return
        self.of_rows[tile.rows] = torch.logaddexp2(self.of_rows[tile.rows], log2_sum(s, 1))
        if tile.both:
            self.of_columns[tile.columns] = torch.logaddexp2(self.of_columns[tile.columns], log2_sum(s, 0))

    def nats(self) -> tuple[Tensor, Tensor]:
        """The logs of the sums of rows and of columns."""
        sums = self.of_rows, self.of_columns
        of_rows, of_columns = (each.log2() if self.bounded else each for each in sums)
        return of_rows / _PER_NAT, of_columns / _PER_NAT


class LogSums(torch.autograd.Function):
    """The log sum exp over the far pairs of a grid: (of rows, of columns, nothing).

    Where `columns` is None: (far pairs, near pairs, the sum of the near pairs' logits) of each row.
    """

    @staticmethod
    def forward(rows: Tensor, columns: Tensor | None, scale: Tensor, grid: Grid) -> tuple[Tensor, Tensor, Tensor]:
        with wide(rows):
            mirrored, other = columns is None, rows if columns is None else columns
            bounded = _is_bounded(rows, other, float(scale))
            far = _LogTotal(rows[:, 0], None if mirrored else other[:, 0], bounded=bounded)
            near, near_total = torch.full_like(rows[:, 0], -torch.inf), torch.zeros_like(rows[:, 0])
            for tile, s in products(rows, other, float(scale) * _PER_NAT, grid, mirrored=mirrored):
                if tile.near is not None:
                    logit = s.view(-1).index_select(0, tile.near)
                    for part, index in _ends(tile, tile.near)[: 1 + tile.both]:
                        near[part] = torch.logaddexp2(near[part], log2_sum_by(index, logit, len(near[part])))
                        near_total[part].index_add_(0, index, logit)
                far.add(hide(s.exp2_() if bounded else s, tile, far.nothing), tile)
            of_rows, of_columns = far.nats()
            return of_rows, near / _PER_NAT if mirrored else of_columns, near_total / _PER_NAT

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
        *tensors, ctx.grid = inputs
        ctx.save_for_backward(*tensors, *output[:2])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        rows, columns, scale, of_rows, second = ctx.saved_tensors
        g_rows, g_second, g_total = gradients
        of_columns, g_columns = (of_rows, g_rows) if columns is None else (second, g_second)
        with torch.no_grad(), wide(rows):
            pull = _Pull(rows, columns, scale, ctx.needs_input_grad)
            bounded = _is_bounded(rows, rows if columns is None else columns, float(scale))
            weigh = _Bounded if bounded else _Unbounded
            far = weigh(of_rows, g_rows, of_columns, g_columns if ctx.grid.both else None)
            near = torch.stack([second * _PER_NAT, g_second, g_total]) if ctx.grid.near else rows
            for tile, s in pull.products(_PER_NAT, ctx.grid):
                to_near = None if tile.near is None else _near_gradient(s, tile, near)
                far.of(s, tile)
                hide(s, tile, 0.0)
                if tile.near is not None and to_near is not None:
                    s.view(-1).index_copy_(0, tile.near, to_near)
                pull.add(s, tile)
        return once(ctx.saved_tensors + gradients, *pull.gradients(), None)


def _ends(tile: Tile, places: Tensor) -> tuple[tuple[slice, Tensor], tuple[slice, Tensor]]:
    """The rows of a tile with the row of each place in it, and the columns likewise."""
    width = tile.columns.stop - tile.columns.start
    return (tile.rows, places // width), (tile.columns, places % width)


def _near_gradient(s: Tensor, tile: Tile, near: Tensor) -> Tensor:
    """The gradients of a tile's near logits, from (log sum, its gradient, the total's gradient) of both their rows."""
    assert tile.near is not None
    logit, pull = s.view(-1).index_select(0, tile.near), torch.zeros((), dtype=s.dtype, device=s.device)
    for part, index in _ends(tile, tile.near):
        log_sum, g_sum, g_total = near[:, part].index_select(1, index)
        pull = torch.addcmul(pull + g_total, (logit - log_sum).exp2_(), g_sum)
    return pull


class _Bounded:
    """The gradients of a tile's logits where no power overflows: one power for rows and columns."""

    def __init__(self, of_rows: Tensor, g_rows: Tensor, of_columns: Tensor, g_columns: Tensor | None) -> None:
        self.rows = _share(of_rows, g_rows)
        self.columns = None if g_columns is None else _share(of_columns, g_columns)
        self.memory = of_rows.new_empty(0)

    def of(self, s: Tensor, tile: Tile) -> None:
        s.exp2_()
        if self.columns is None:
            s.mul_(self.rows[tile.rows, None])
            return
        if self.memory.numel() < s.numel():
            self.memory = torch.empty_like(s).flatten()
        both = self.memory[: s.numel()].view_as(s)
        s.mul_(torch.add(self.rows[tile.rows, None], self.columns[tile.columns], out=both))


def _share(sums: Tensor, gradient: Tensor) -> Tensor:
    """The gradient over exp(sum), and nothing where nothing was summed."""
    return (gradient * (-sums).exp()).masked_fill_(sums == -torch.inf, 0)


class _Unbounded:
    """The gradients of a tile's logits at any scale: each power of a difference that is at most 0."""

    def __init__(self, of_rows: Tensor, g_rows: Tensor, of_columns: Tensor, g_columns: Tensor | None) -> None:
        # A sum of nothing becomes +inf, so that its powers are 0.
        self.of_rows, self.of_columns = (
            (sums * _PER_NAT).masked_fill_(sums == -torch.inf, torch.inf) for sums in (of_rows, of_columns)
        )
        self.g_rows, self.g_columns = g_rows, g_columns

    def of(self, s: Tensor, tile: Tile) -> None:
        # Hidden logits may lie above the sums that leave them out; they must not overflow before they are hidden.
        columns = None
        if self.g_columns is not None:
            columns = (s - self.of_columns[tile.columns]).clamp_(max=1).exp2_().mul_(self.g_columns[tile.columns])
        s.sub_(self.of_rows[tile.rows, None]).clamp_(max=1).exp2_().mul_(self.g_rows[tile.rows, None])
        if columns is not None:
            s += columns


class _Pull:
    """Gathers what the gradients of logits mean for rows, columns and scale."""

    def __init__(self, rows: Tensor, columns: Tensor | None, scale: Tensor, needed: tuple[bool, ...]) -> None:
        self.rows, self.columns, self.scale, self.needed = rows, rows if columns is None else columns, scale, needed
        self.mirrored = columns is None
        self.to_rows = torch.zeros_like(rows) if needed[0] or needed[2] else None
        self.to_columns = self.to_rows if columns is None else torch.zeros_like(columns) if needed[1] else None

    def products(self, factor: float, grid: Grid) -> Iterator[tuple[Tile, Tensor]]:
        return products(self.rows, self.columns, float(self.scale) * factor, grid, mirrored=self.mirrored)

    def add(self, gradient: Tensor, tile: Tile) -> None:
        alpha = float(self.scale)
        if self.to_rows is not None:
            self.to_rows[tile.rows].addmm_(gradient, self.columns[tile.columns], alpha=alpha)
        if self.to_columns is not None and (tile.both or not self.mirrored):
            self.to_columns[tile.columns].addmm_(gradient.T, self.rows[tile.rows], alpha=alpha)

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
            sums = rows.new_zeros(len(rows))
            for tile, s in products(rows, columns, float(scale) * _PER_NAT, grid, mirrored=False):
                sums[tile.rows] += softplus_sum(hide(s.add_(bias * _PER_NAT), tile, -torch.inf))
            return sums

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        *tensors, ctx.grid = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        rows, columns, scale, bias = ctx.saved_tensors
        with torch.no_grad(), wide(rows):
            pull, to_bias = _Pull(rows, columns, scale, ctx.needs_input_grad), torch.zeros_like(bias)
            for tile, s in pull.products(1.0, ctx.grid):
                hide(s.add_(bias).sigmoid_().mul_(gradients[0][tile.rows, None]), tile, 0.0)
                to_bias += s.sum()
                pull.add(s, tile)
        return once(ctx.saved_tensors + gradients, *pull.gradients(), to_bias, None)
