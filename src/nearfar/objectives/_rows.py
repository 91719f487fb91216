"""What contrastive objectives do before and after the sums: rows of length 1, checks, and the mean over all ranks."""

import math
from typing import Any, Literal, TypeAlias

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from nearfar.distributed import Group, first_row, world_size
from nearfar.errors import complaint
from nearfar.objectives._batch import count
from nearfar.objectives._steps import once
from nearfar.objectives._tiles import is_flat

__all__ = [
    "CHUNK",
    "Reduction",
    "Scalar",
    "check_above_zero",
    "check_ids",
    "cosine",
    "counted",
    "numbered",
    "reduced",
    "scale_of",
    "unit",
]

Reduction: TypeAlias = Literal["mean", "none"]
Scalar: TypeAlias = float | Float[Tensor, ""]
"""A number, or a tensor without axes that may be learned."""

_SMALL = 2**20  # numbers; so many may be kept several times over, and differentiated as often as wanted
CHUNK = 1024
"""Rows of one step where rows are worked on by parts."""


def unit(*views: Float[Tensor, "n d"], against: int, normalize: bool = True) -> Float[Tensor, "n v d"]:
    """The views of each example side by side, each row of length 1, in float32 or wider; a zero row stays zero.

    Many rows, and those whose logits go by tiles, have first derivatives only, which are made by parts.

    Args:
        *views: row-aligned; any length.
        against: how many rows they are compared with.
        normalize: False takes the rows as they are.
    """
    dtype = torch.promote_types(views[0].dtype, torch.float32)
    if not normalize:
        return torch.stack([view.to(dtype) for view in views], dim=1)
    if is_flat(len(views[0]) * len(views), against) or views[0].numel() * len(views) > _SMALL:
        rows, _ = _Unit.apply(dtype, *views)
        return rows
    rows = torch.stack([view.to(dtype) for view in views], dim=1)
    return rows / _length(rows)


def _length(rows: Tensor) -> Tensor:
    length = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
    return length.masked_fill(length == 0, 1)


class _Unit(torch.autograd.Function):
    """`unit` of many rows: it keeps no more than its result, and its gradient is made by parts."""

    @staticmethod
    def forward(dtype: torch.dtype, *views: Tensor) -> tuple[Tensor, Tensor]:
        rows = views[0].new_empty((len(views[0]), len(views), views[0].shape[1]), dtype=dtype)
        for v, view in enumerate(views):
            rows[:, v] = view
        length = _length(rows)
        return rows.div_(length), length

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        ctx.dtypes = [view.dtype for view in inputs[1:]]
        ctx.save_for_backward(*output)
        ctx.mark_non_differentiable(output[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        rows, length = ctx.saved_tensors
        with torch.no_grad():
            to_views = [rows.new_empty(rows[:, 0].shape, dtype=dtype) for dtype in ctx.dtypes]
            for first in range(0, len(rows), CHUNK):
                part = slice(first, first + CHUNK)
                along = (rows[part] * gradients[0][part]).sum(-1, keepdim=True)
                across = torch.addcmul(gradients[0][part], rows[part], along, value=-1).div_(length[part])
                for v, to_view in enumerate(to_views):
                    to_view[part] = across[:, v]
        return None, *once((rows, gradients[0]), *to_views)


def cosine(x: Float[Tensor, "n d"], y: Float[Tensor, "n d"]) -> Float[Tensor, "n"]:
    """The products of unit rows, row by row.

    Args:
        x: unit rows.
        y: unit rows.
    """
    return (x * y).sum(dim=1)


def scale_of(rows: Tensor, scale: Scalar) -> Float[Tensor, ""]:
    """The scale as a tensor of the rows' precision, to which gradients flow.

    Args:
        rows: what is scaled.
        scale: a number, or a tensor that may be learned.
    """
    return torch.as_tensor(scale, dtype=rows.dtype, device=rows.device)


def numbered(rows: Shaped[Tensor, "n *rest"], group: Group | None) -> Int[Tensor, "n"]:
    """Ids that no two rows of all ranks share.

    Args:
        rows: this rank's rows.
        group: the ranks.
    """
    return first_row(rows, group) + torch.arange(len(rows), device=rows.device)


def counted(rows: Shaped[Tensor, "n *rest"], group: Group | None) -> int:
    """How many rows all ranks have.

    Args:
        rows: this rank's rows.
        group: the ranks.
    """
    return int(count(len(rows), group, rows.device))


def reduced(where: str, nats: Tensor, reduction: Reduction, group: Group | None) -> Tensor:
    """The share of this rank's nats in the mean over all ranks, or the nats themselves.

    Args:
        where: the objective, for errors.
        nats: one for each anchor of this rank.
        reduction: `"mean"` or `"none"`.
        group: the ranks.
    """
    if reduction == "none":
        return nats
    if reduction != "mean":
        raise ValueError(complaint(where, "reduction", "'mean' or 'none'", reduction, "Sum what 'none' gives"))
    return nats.sum() * (world_size(group) / (counted(nats, group) * math.prod(nats.shape[1:])))


def check_above_zero(where: str, argument: str, value: Scalar, example: float) -> None:
    """Refuses a temperature or a scale that is not above 0.

    Args:
        where: the objective.
        argument: the name of the value.
        value: what was given.
        example: one to try.
    """
    if not value > 0:
        raise ValueError(complaint(where, argument, "above 0", float(value), f"Try {example}"))


def check_ids(where: str, argument: str, ids: Tensor | None, rows: Tensor) -> None:
    """Refuses ids that are not one whole number a row.

    Args:
        where: the objective.
        argument: the name of the ids.
        ids: what was given.
        rows: what they belong to.
    """
    if ids is not None and (ids.shape != rows.shape[:1] or ids.is_floating_point()):
        got = f"{ids.dtype} of shape {tuple(ids.shape)}"
        raise ValueError(complaint(where, argument, f"{len(rows)} whole numbers", got, "Give one for each row"))
