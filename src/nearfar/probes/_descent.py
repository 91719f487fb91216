"""L-BFGS on several functions at once, from their slopes alone."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["descend"]

_KEPT = 8  # pairs of move and change
_FLAT = 1e-6  # less curvature than this is rounding
_LEAST = 1e-8  # of the decrease still to come, twice: half of it in nats is what stopping gives up

Points = Float[Tensor, "classes heads d"]


class _Pair(NamedTuple):
    """What a move showed of the curvature: how the slope changed along it; 1 / (move . change), 0 where nothing."""

    move: Points
    change: Points
    weight: Float[Tensor, "heads"]


def descend(slope_at: Callable[[Points], Points], start: Points, *, steps: int) -> Points:
    """Minimises convex functions, each of its own column of the point, in the same passes.

    A move that overshoots, so that the slope at its end points back by more than half of what it was, is not made; what
    it showed of the curvature is kept, by which the next is shorter. So no value of the functions is needed. Columns
    that have arrived stay.

    Args:
        slope_at: the slopes of all functions; their curvatures are at most 1 in every direction.
        start: where to begin.
        steps: how many slopes to look at, at most.

    Returns:
        The last points.

    Source: Liu and Nocedal 1989, "On the limited memory BFGS method for large scale optimization", algorithm 2.1.
    """
    point, slope = start, slope_at(start)
    past: list[_Pair] = []
    reach = torch.ones_like(start[0, :, 0])
    for _ in range(steps - 1):
        move = _newton(slope, past, reach)
        gain = -_dot(slope, move)
        on = gain > _LEAST
        if not bool(on.any()):
            break
        move = _where(on, move)
        seen = slope_at(point + move)
        change = seen - slope
        bend = _dot(move, change)
        told = bend > _FLAT * _dot(move, move)
        past = [*past[1 - _KEPT :], _Pair(move, change, torch.where(told, 1 / bend, 0))]
        reach = torch.where(told, bend / _dot(change, change), reach)
        made = on & (bend <= 1.5 * gain)
        point, slope = point + _where(made, move), slope + _where(made, change)
    return point


def _newton(slope: Points, past: list[_Pair], reach: Float[Tensor, "heads"]) -> Points:
    """Minus the slope over the curvature, as far as past moves have shown it; `reach` over what none has shown."""
    left, shares = slope, []
    for pair in reversed(past):
        share = pair.weight * _dot(pair.move, left)
        left = left - share[:, None] * pair.change
        shares.append(share)
    left = reach[:, None] * left
    for pair, share in zip(past, reversed(shares), strict=True):
        left = left + (share - pair.weight * _dot(pair.change, left))[:, None] * pair.move
    return -left


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(dim=(0, 2))


def _where(chosen: Tensor, x: Tensor) -> Tensor:
    return torch.where(chosen[:, None], x, 0.0)
