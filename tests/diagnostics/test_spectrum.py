"""The effective rank of constructed spectra."""

import math

import pytest
import torch
from torch import Tensor

from nearfar.diagnostics import effective_rank


def with_singular_values(values: list[float], n: int, d: int) -> Tensor:
    left, right = torch.linalg.qr(torch.randn(n, n))[0], torch.linalg.qr(torch.randn(d, d))[0]
    return left[:, : len(values)] * torch.tensor(values) @ right[: len(values)]


@pytest.mark.parametrize(("n", "d"), [(30, 12), (12, 30)])
def test_constructed_spectra(n: int, d: int) -> None:
    assert effective_rank(with_singular_values([2.0] * 12, n, d)).item() == pytest.approx(12, rel=1e-4)
    assert effective_rank(with_singular_values([5.0] * 3, n, d)).item() == pytest.approx(3, rel=1e-4)
    # Shares 3/4 and 1/4.
    wanted = math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    assert effective_rank(with_singular_values([3.0, 1.0], n, d)).item() == pytest.approx(wanted, rel=1e-4)


def test_collapse_is_1() -> None:
    line = torch.randn(20, 1) * torch.randn(8)
    for collapsed in (torch.ones(20, 8), line, torch.zeros(20, 8)):
        assert effective_rank(collapsed).item() == pytest.approx(1, abs=1e-3)


def test_scale_rotation_and_order_do_not_matter() -> None:
    x = torch.randn(20, 6) * torch.arange(1.0, 7.0)
    rotation = torch.linalg.qr(torch.randn(6, 6))[0]
    changed = 100 * x[torch.randperm(20)] @ rotation
    assert effective_rank(changed).item() == pytest.approx(effective_rank(x).item(), rel=1e-4)


def test_what_is_not_finite_has_no_rank() -> None:
    assert math.isnan(effective_rank(torch.tensor([[1.0, 2.0], [math.nan, 0.0]])))
