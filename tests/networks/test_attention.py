"""Attention in half precision on a CPU: the same numbers, and a setting that is put back."""

from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from nearfar.networks.attention import MOST_PLACES, quick_attention


def attended(tokens: Tensor) -> Tensor:
    heads = tokens.unflatten(2, (2, -1)).transpose(1, 2)
    return F.scaled_dot_product_attention(heads, heads, heads)


def chosen(tokens: Tensor) -> tuple[bool, bool]:
    """Whether fused attention is ruled out, and products in half precision allowed, within."""
    with quick_attention(tokens):
        return not torch.backends.cuda.flash_sdp_enabled(), torch.backends.cuda.fp16_bf16_reduction_math_sdp_allowed()


def with_gradient(tokens: Tensor, *, quick: bool) -> tuple[Tensor, Tensor]:
    leaf = tokens.clone().requires_grad_()
    with quick_attention(leaf) if quick else nullcontext():
        out = attended(leaf)
    out.float().square().sum().backward()
    assert leaf.grad is not None
    return out.detach().double(), leaf.grad.double()


def test_the_numbers_are_those_of_fused_attention() -> None:
    tokens = torch.randn(3, 20, 8)
    exact = with_gradient(tokens.double(), quick=False)
    for quick in (True, False):
        for found, wanted in zip(with_gradient(tokens.bfloat16(), quick=quick), exact, strict=True):
            assert (found - wanted).norm() < 0.02 * wanted.norm()


def test_it_is_for_learning_in_half_precision_alone() -> None:
    tokens = torch.randn(1, 4, 8, requires_grad=True)
    usual = (False, torch.backends.cuda.fp16_bf16_reduction_math_sdp_allowed())
    assert chosen(tokens) == usual
    assert chosen(tokens.detach().bfloat16()) == usual
    assert chosen(torch.randn(1, MOST_PLACES + 1, 8, requires_grad=True, dtype=torch.bfloat16)) == usual
    assert chosen(tokens.bfloat16()) == (True, True)
    with torch.autocast("cpu", torch.bfloat16):
        assert chosen(tokens) == (True, True)


def test_the_setting_is_put_back_even_after_an_error() -> None:
    tokens = torch.randn(1, 4, 8, requires_grad=True, dtype=torch.bfloat16)
    before = torch.backends.cuda.fp16_bf16_reduction_math_sdp_allowed(), torch.backends.cuda.flash_sdp_enabled()
    with pytest.raises(KeyError), quick_attention(tokens):
        raise KeyError
    assert before == (
        torch.backends.cuda.fp16_bf16_reduction_math_sdp_allowed(), torch.backends.cuda.flash_sdp_enabled()
    )  # fmt: skip
