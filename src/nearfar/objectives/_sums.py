"""The sums over a grid of tiles, and their gradients, for which each tile is made again."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from nearfar.objectives._grid import Grid, Tile, hide, products
from nearfar.objectives._steps import log2_sum, once, softplus_sum, wide

__all__ = ["LogSums", "SoftplusSums"]

_PER_NAT = 1.4426950408889634  # log2(e): powers of two are three times as fast as powers of e


def _is_bounded(rows: Tensor, columns: Tensor, scale: float) -> bool:
    """Whether no sum of exp(logit) overflows and no such power is lost, so that nothing need be subtracted first."""
    largest = scale * float(rows.norm(dim=1).max()) * float(columns.norm(dim=1).max())
    return largest < 0.7 * math.log(torch.finfo(rows.dtype).max)


class LogSums(torch.autograd.Function):
    """log sum exp over the pairs of a grid: (of rows, of columns), or (of rows, near totals) where columns is None."""

    @staticmethod
    def forward(rows: Tensor, columns: Tensor | None, scale: Tensor, grid: Grid) -> tuple[Tensor, Tensor]:
        with wide(rows):
            mirrored, other = columns is None, rows if columns is None else columns
            factor, bounded = float(scale) * _PER_NAT, _is_bounded(rows, other, float(scale))
            start = 0.0 if bounded else -torch.inf
            of_rows, total = rows.new_full((len(rows),), start), rows.new_zeros(len(rows))
            of_columns = of_rows if mirrored else rows.new_full((len(other),), start)
            for tile, s in products(rows, other, factor, grid, mirrored=mirrored):
                if grid.near:
                    _add_totals(total, hide(s, tile, 0.0), tile)
                if bounded:
                    hide(s.exp2_(), tile, 0.0)
                    of_rows[tile.rows] += s.sum(1)
                    if tile.both:
                        of_columns[tile.columns] += s.sum(0)
                else:
                    hide(s, tile, -torch.inf)
                    of_rows[tile.rows] = torch.logaddexp2(of_rows[tile.rows], log2_sum(s, 1))
                    if tile.both:
                        of_columns[tile.columns] = torch.logaddexp2(of_columns[tile.columns], log2_sum(s, 0))
            if bounded:
                of_rows = of_rows.log2()
                of_columns = of_columns.log2()
            return of_rows / _PER_NAT, total / _PER_NAT if mirrored else of_columns / _PER_NAT

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        *tensors, ctx.grid = inputs
        ctx.save_for_backward(*tensors, *output)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        rows, columns, scale, of_rows, second = ctx.saved_tensors
        of_columns, g_columns = (of_rows, gradients[0]) if columns is None else (second, gradients[1])
        with torch.no_grad(), wide(rows):
            pull = _Pull(rows, columns, scale, ctx.needs_input_grad)
            bounded = _is_bounded(rows, rows if columns is None else columns, float(scale))
            weigh = _Bounded if bounded else _Unbounded
            weight = weigh(of_rows, gradients[0], of_columns, g_columns if ctx.grid.both else None)
            for tile, s in pull.products(_PER_NAT, ctx.grid):
                weight.of(s, tile)
                if ctx.grid.near:
                    s += gradients[1][tile.rows, None] + gradients[1][tile.columns]
                pull.add(hide(s, tile, 0.0), tile)
        return once(ctx.saved_tensors + gradients, *pull.gradients(), None)


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
            for tile, s in products(rows, columns, float(scale), grid, mirrored=False):
                sums[tile.rows] += softplus_sum(hide(s.add_(bias), tile, -torch.inf))
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


def _add_totals(total: Tensor, s: Tensor, tile: Tile) -> None:
    total[tile.rows] += s.sum(1)
    if tile.both:
        total[tile.columns] += s.sum(0)
