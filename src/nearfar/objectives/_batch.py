"""What objectives of a batch share: their checks, full precision, and the mean over the rows of all ranks."""

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.distributed import Group, all_reduce, world_size
from nearfar.errors import complaint

__all__ = ["check_same", "check_shape", "count", "direction", "mean_over_rows", "num_rows", "wide"]


def wide(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The same numbers in float32 or wider: sums over a batch in bfloat16 would keep two digits."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def direction(x: Float[Tensor, "*rows d"]) -> Float[Tensor, "*rows d"]:
    """Rows of length 1 in float32 or wider. A row of zeros stays, and no gradient reaches it."""
    x = wide(x)
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x / length.masked_fill(length == 0, torch.inf)


def count(own: int | Tensor, group: Group | None, device: torch.device) -> float:
    """The sum over the ranks of a number that each has."""
    if group is None and isinstance(own, int):
        return own
    return float(all_reduce(torch.as_tensor(own, device=device), group))


def num_rows(where: str, x: Tensor, group: Group | None, *, least: int = 1) -> float:
    """How many rows all ranks have together; fewer than `least` are refused."""
    total = count(x.shape[0], group, x.device)
    if total < least:
        raise ValueError(complaint(where, "n", f"at least {least} in all", int(total), "Raise the batch size"))
    return total


def mean_over_rows(where: str, rows: Float[Tensor, "n"], group: Group | None) -> Float[Tensor, ""]:
    """This rank's share of the mean over all rows, W / N times the sum of its own: the ranks' mean is that mean."""
    return rows.sum() * (world_size(group) / num_rows(where, rows, group))


def check_shape(where: str, name: str, x: Tensor, axes: str) -> None:
    """Refuses a tensor that has not the axes, written as in `"n d"`."""
    if x.ndim != len(axes.split()):
        wanted = f"of shape ({', '.join(axes.split())})"
        raise ValueError(complaint(where, name, wanted, tuple(x.shape), "Reshape it"))


def check_same(where: str, names: str, *tensors: Tensor, axes: str = "n d") -> None:
    """Refuses tensors that are not all of one shape with these axes."""
    shapes = [tuple(x.shape) for x in tensors]
    if len(set(shapes)) > 1 or len(shapes[0]) != len(axes.split()):
        wanted = f"of one shape ({', '.join(axes.split())})"
        raise ValueError(complaint(where, names, wanted, shapes, "Give one row an example"))
