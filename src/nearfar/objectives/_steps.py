"""The small steps of the tiled sums: powers and logs in place, and what a derivative may not do."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["log2_sum", "log2_sum_by", "once", "softplus", "softplus_sum", "wide"]


def wide(x: Tensor) -> torch.autocast:
    """Autocast off, on the device of x: logits in bfloat16 would be half a nat apart at 64."""
    return torch.autocast(x.device.type, enabled=False)


def log2_sum(s: Tensor, axis: int) -> Tensor:
    """log2 of the sum of 2 ** s along an axis; -inf where all are."""
    top = s.amax(axis, keepdim=True).clamp_(min=torch.finfo(s.dtype).min)
    return (s - top).exp2_().sum(axis).log2_().add_(top.squeeze(axis))


def log2_sum_by(index: Tensor, s: Tensor, size: int) -> Tensor:
    """log2 of the sum of 2 ** s over the entries of each index below `size`; -inf where there are none."""
    top = s.new_full((size,), -torch.inf).scatter_reduce_(0, index, s, "amax")
    return s.new_zeros(size).index_add_(0, index, (s - top[index]).exp2_()).log2_().add_(top)


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)) with derivatives of any order, also at minus infinity.

    Torch's own becomes x above a threshold of 20, off by 2e-9; above 40 that is exact in float64.
    """
    return F.softplus(x, threshold=40)


def softplus_sum(x: Tensor, *, negative: bool = False) -> Tensor:
    """The sum of log(1 + 2 ** x) over each row, exact at any x; x is used up.

    As max(x, 0) log(2) + log(1 + p) with p = 2 ** -|x|. Four factors 1 + p become one before the logarithm, without
    ever being rounded to 1: (1 + p)(1 + q) = 1 + (p + q + pq). And log(1 + p) is 2 artanh(p / (p + 2)), because torch's
    own log1p takes six times as long.

    Args:
        x: exponents of two.
        negative: whether none is known to be above 0.
    """
    p = (x if negative else x.copysign(-x.new_ones(()))).exp2_()
    for _ in range(2):
        if p.shape[1] % 2 == 0:
            left, right = p.tensor_split(2, dim=1)
            p = left.addcmul_(left, right).add_(right)
    total = p.div_(p + 2).atanh_().sum(1).mul_(2)
    return total if negative else total.add_(x.clamp_(min=0).sum(1), alpha=math.log(2))


def once(sources: tuple[Tensor | None, ...], *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
    """The gradients that a backward pass by tiles returns: they cannot be differentiated again, and say so.

    Args:
        sources: what the gradients were made of.
        *gradients: one for each input; None where there is none.
    """
    if not torch.is_grad_enabled():
        return gradients
    given = tuple(gradient for gradient in gradients if gradient is not None)
    marked = iter(_Once.apply(len(given), *given, *(source for source in sources if source is not None)))
    return tuple(None if gradient is None else next(marked) for gradient in gradients)


class _Once(torch.autograd.Function):
    @staticmethod
    def forward(count: int, *tensors: Tensor) -> tuple[Tensor, ...]:
        return tuple(tensor.clone() for tensor in tensors[:count])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        raise NotImplementedError(
            "nearfar.objectives: a loss of more than 2**18 logits is computed by tiles and has first derivatives only; "
            "take the second derivative of a smaller batch"
        )
