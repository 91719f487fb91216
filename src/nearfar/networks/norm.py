"""Batch norm whose batch is that of all ranks."""

import copy
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.modules.batchnorm import _BatchNorm

from nearfar.distributed import Group, all_reduce, rank, world_size
from nearfar.errors import complaint

__all__ = ["synchronize_batch_norm"]

_PLAIN = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def synchronize_batch_norm(module: nn.Module, group: Group | None) -> nn.Module:
    """Makes every batch norm in a module take its statistics over the rows of all ranks.

    Parameters and buffers stay the same objects under the same names, so checkpoints fit either way. With a group of
    None there is nothing to synchronise and the module is left as it is.

    Args:
        module: changed in place, unless it is itself a batch norm.
        group: the ranks that share a batch.

    Returns:
        The module, or what stands in for it where it is itself a batch norm.

    Raises:
        TypeError: a batch norm of a kind whose forward pass is not known.
    """
    if group is None or isinstance(module, _SyncedBatchNorm):
        return module
    if isinstance(module, _BatchNorm):
        return _SyncedBatchNorm(module, group)
    for name, child in module.named_children():
        setattr(module, name, synchronize_batch_norm(child, group))
    return module


class _SyncedBatchNorm(_BatchNorm):
    """A batch norm over the rows of all ranks, on any device; ranks may have different numbers of rows.

    With x the values of one channel over all ranks, examples and places:

        y = (x - mean(x)) / sqrt(var(x) + eps) * weight + bias

    Landmarks: with one rank it is `torch.nn.BatchNorm2d`; with several it is that layer on the one big batch, forward,
    backward and running statistics. In evaluation it uses the running statistics and talks to no other rank.

    One all-reduce forward, of each rank's mean, variance and count, merged by Chan's formula because a difference of
    large sums would lose digits; one all-reduce backward, of two sums a channel.

    Source: batch norm, Ioffe and Szegedy 2015 (arXiv 1502.03167), algorithm 1. `torch.nn.SyncBatchNorm` does the same
    on CUDA alone.
    """

    drop: nn.Module
    act: nn.Module

    def __init__(self, norm: _BatchNorm, group: Group) -> None:
        """Takes the place of a batch norm.

        Args:
            norm: the layer whose parameters, buffers and settings are taken over; timm's layers that join a dropout
                and an activation to the norm keep both.
            group: the ranks that share a batch.
        """
        joined = hasattr(norm, "drop") and hasattr(norm, "act")
        if type(norm) not in _PLAIN and not joined:
            got, known = type(norm).__name__, "a batch norm of torch or timm"
            raise TypeError(
                complaint("synchronize_batch_norm", "module", known, got, "Put nn.BatchNorm2d in its place")
            )
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        self._parameters, self._buffers, self.training = norm._parameters, norm._buffers, norm.training
        self.drop = norm.get_submodule("drop") if joined else nn.Identity()
        self.act = norm.get_submodule("act") if joined else nn.Identity()
        self.group = group

    def forward(self, input: Float[Tensor, "n c *places"]) -> Float[Tensor, "n c *places"]:
        """Normalises each channel; in training, over all ranks."""
        y = self._normalize(input) if self.training else super().forward(input)
        return self.act(self.drop(y))

    def _normalize(self, x: Tensor) -> Tensor:
        mean, var, count = _statistics(x.detach(), self.group)
        if self.track_running_stats:
            self._track(mean, var * (count / (count - 1)))
        weight = torch.ones_like(mean) if self.weight is None else self.weight.to(mean.dtype)
        bias = torch.zeros_like(mean) if self.bias is None else self.bias.to(mean.dtype)
        return _Normalize.apply(x, weight, bias, mean, var, count, self.eps, self.group)

    def _track(self, mean: Tensor, unbiased_var: Tensor) -> None:
        seen = self.get_buffer("num_batches_tracked").add_(1)
        # Without a momentum, the mean of all batches so far.
        share = 1.0 / float(seen) if self.momentum is None else self.momentum
        for name, value in (("running_mean", mean), ("running_var", unbiased_var)):
            buffer = self.get_buffer(name)
            buffer.lerp_(value.to(buffer.dtype), share)

    def _check_input_dim(self, input: Tensor) -> None:
        """Any number of places is fine; torch asks its subclasses for this."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "_SyncedBatchNorm":
        """A copy, as a momentum twin needs one, in the same group: a group cannot be copied."""
        twin = self.__class__.__new__(self.__class__)
        memo[id(self)], memo[id(self.group)] = twin, self.group
        twin.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return twin


def _statistics(x: Tensor, group: Group) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and biased variance of each channel, and the number of values a channel has, over all ranks."""
    # The buffers stay as they are; their type is what keeps the statistics of a bfloat16 input in float32.
    wide = x.new_zeros(2, x.shape[1], dtype=torch.promote_types(x.dtype, torch.float32))
    mean, var = torch.batch_norm_update_stats(x, wide[0], wide[1], 0.0)
    count = torch.full_like(mean, x.numel() / x.shape[1])
    # Each rank fills its own row, so that the sum is a gather: no shapes to agree on, no wait for the device.
    ranks = mean.new_zeros(world_size(group), 3, mean.shape[0])
    ranks[rank(group)] = torch.stack([mean, var, count])
    means, variances, counts = all_reduce(ranks, group).unbind(dim=1)
    total = counts.sum(dim=0)
    part = counts / total
    mean = (part * means).sum(dim=0)
    return mean, (part * (variances + (means - mean).square())).sum(dim=0), total


class _Normalize(torch.autograd.Function):
    """Torch's own kernels for given statistics; backward adds what flows through the statistics of all ranks."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        var: Tensor,
        count: Tensor,
        eps: float,
        group: Group,
    ) -> Tensor:
        ctx.save_for_backward(x, weight, mean, var, count)
        ctx.eps, ctx.group = eps, group
        return torch.native_batch_norm(x, weight, bias, mean, var, False, 0.0, eps)[0]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, var, count = ctx.saved_tensors
        d_x, d_weight, d_bias = torch.ops.aten.native_batch_norm_backward(
            gradients[0], x, weight, mean, var, None, None, False, ctx.eps, [True, True, True]
        )
        # dx = weight / std * (dy - mean(dy) - x_hat * mean(dy * x_hat)), the means over all ranks.
        scale = -weight * torch.rsqrt(var + ctx.eps) / count
        by_x_hat, constant = scale * all_reduce(torch.stack([d_weight, d_bias]), ctx.group)
        d_x += torch.native_batch_norm(x, by_x_hat, constant, mean, var, False, 0.0, ctx.eps)[0]
        return d_x, d_weight, d_bias, None, None, None, None, None
