"""Ranks: which process this is, and collectives that gradients flow through. The only file that knows of them.

A group of None means this process alone: every function here is then the identity. The convention of nearfar: each of
W ranks returns the share of its own rows, scaled by W, so that the mean of the ranks' losses, and the mean of their
gradients that DDP takes, equal the loss and the gradients of one process with the whole batch.
"""

from typing import Any, TypeAlias

import torch
import torch.distributed as dist
from jaxtyping import Shaped
from torch import Tensor

__all__ = [
    "Group",
    "all_gather",
    "all_log_sum_exp",
    "all_reduce",
    "barrier",
    "broadcast_object",
    "first_row",
    "rank",
    "world",
    "world_size",
]

Group: TypeAlias = dist.ProcessGroup


def world() -> Group | None:
    """The group of all processes, or None when there is one."""
    if dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1:
        return dist.group.WORLD
    return None


def rank(group: Group | None = None) -> int:
    """The number of this process in the group, from 0; 0 without a group."""
    return 0 if group is None else dist.get_rank(group)


def world_size(group: Group | None = None) -> int:
    """How many processes the group has; 1 without a group."""
    return 1 if group is None else dist.get_world_size(group)


def all_gather(x: Shaped[Tensor, "n *rest"], group: Group | None) -> Shaped[Tensor, "m *rest"]:
    """The rows of all ranks, one below the other in the order of the ranks.

    Ranks may bring different numbers of rows. Backward is a reduce-scatter: the gradients that the ranks have for a
    row are summed and go back to the rank that brought it.

    Args:
        x: this rank's rows; all but the first axis must agree over the ranks.
        group: the ranks that take part; None returns `x`.

    Returns:
        The rows of all ranks; this rank's stand at the same place on every rank.
    """
    return x if group is None else _AllGather.apply(x, _row_counts(x, group), group)


def first_row(x: Any, group: Group | None) -> int:
    """Where this rank's rows begin in `all_gather(x, group)`; 0 without a group.

    Args:
        x: this rank's rows, a tensor or what has its shape and device.
        group: the ranks that take part.
    """
    return 0 if group is None else sum(_row_counts(x, group)[: rank(group)])


def _row_counts(x: Any, group: Group) -> list[int]:
    own = torch.tensor([x.shape[0]], device=x.device)
    counts = [torch.empty_like(own) for _ in range(world_size(group))]
    dist.all_gather(counts, own, group=group)
    return [int(count) for count in counts]


def all_reduce(x: Shaped[Tensor, "*shape"], group: Group | None) -> Shaped[Tensor, "*shape"]:
    """The sum over the ranks.

    Backward sums the ranks' gradients too, because each rank's sum holds every `x`.

    Args:
        x: one tensor a rank, of one shape.
        group: the ranks that take part; None returns `x`.
    """
    return x if group is None else _AllReduce.apply(x, group)


def all_log_sum_exp(x: Shaped[Tensor, "*shape"], group: Group | None) -> Shaped[Tensor, "*shape"]:
    """The log of the sum of exp(x) over the ranks; -inf where x is -inf on every rank.

    Args:
        x: one tensor a rank, of one shape.
        group: the ranks that take part; None returns `x`.
    """
    if group is None:
        return x
    top = x.detach().clone(memory_format=torch.contiguous_format)
    dist.all_reduce(top, dist.ReduceOp.MAX, group=group)
    top = top.masked_fill(top == -torch.inf, 0)
    total = all_reduce((x - top).exp(), group)
    # The log of nothing has no derivative.
    nothing = total == 0
    return (total.masked_fill(nothing, 1).log() + top).masked_fill(nothing, -torch.inf)


def broadcast_object(value: Any, group: Group | None) -> Any:
    """The value that rank 0 of the group holds, on every rank.

    Args:
        value: anything that can be pickled; only rank 0's counts.
        group: the ranks that take part; None returns `value`.
    """
    if group is None:
        return value
    box = [value]
    dist.broadcast_object_list(box, group=group, group_src=0)
    return box[0]


def barrier(group: Group | None) -> None:
    """Returns once every rank has come here."""
    if group is not None:
        dist.barrier(group)


# Each function's backward is the other's forward, so gradients of gradients need nothing more.


class _AllGather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, counts: list[int], group: Group) -> Tensor:
        ctx.counts, ctx.group = counts, group
        # Gloo gathers equal shapes only.
        padded = x.new_zeros(max(counts), *x.shape[1:])
        padded[: x.shape[0]] = x
        gathered = [torch.empty_like(padded) for _ in counts]
        dist.all_gather(gathered, padded, group=group)
        return torch.cat([rows[:count] for rows, count in zip(gathered, counts, strict=True)])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return _ReduceScatter.apply(gradients[0], ctx.counts, ctx.group), None, None


class _ReduceScatter(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, counts: list[int], group: Group) -> Tensor:
        ctx.counts, ctx.group = counts, group
        own = x.new_empty(x[: counts[rank(group)]].shape)  # contiguous, whatever the strides of the gradient
        dist.reduce_scatter(own, [rows.contiguous() for rows in torch.split(x, counts)], group=group)
        return own

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return _AllGather.apply(gradients[0], ctx.counts, ctx.group), None, None


class _AllReduce(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, group: Group) -> Tensor:
        ctx.group = group
        total = x.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total, group=group)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _AllReduce.apply(gradients[0], ctx.group), None
