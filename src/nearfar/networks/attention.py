"""Attention on a CPU in half precision, where torch's fused one learns slowly."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor
from torch.backends.cuda import allow_fp16_bf16_reduction_math_sdp, fp16_bf16_reduction_math_sdp_allowed
from torch.nn.attention import SDPBackend, sdpa_kernel

__all__ = ["quick_attention"]

MOST_PLACES = 512
"""Of longer sequences the weights of all places for all others would take much memory."""


@contextmanager
def quick_attention(tokens: Float[Tensor, "n t d"]) -> Iterator[None]:
    """Inside of it, attention is computed as plain products where a network learns more quickly by them.

    The gradient of torch's fused attention takes a CPU up to ten times as long in half precision as that of the
    products. Everywhere else torch chooses.

    Args:
        tokens: what attends to itself.
    """
    if not _is_slow(tokens):
        yield
        return
    before: bool = fp16_bf16_reduction_math_sdp_allowed()  # type: ignore[no-untyped-call]
    allow_fp16_bf16_reduction_math_sdp(True)  # or the products would be of float32
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        allow_fp16_bf16_reduction_math_sdp(before)


def _is_slow(tokens: Tensor) -> bool:
    """Whether a gradient would be asked of fused attention in half precision on a CPU."""
    if tokens.device.type != "cpu" or not tokens.requires_grad or tokens.shape[1] > MOST_PLACES:
        return False
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else tokens.dtype
    return dtype in (torch.bfloat16, torch.float16)
