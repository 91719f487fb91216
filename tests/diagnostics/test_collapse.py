"""The deviation on the unit sphere at its landmarks."""

import numpy as np
import pytest
import torch

from nearfar.diagnostics import embedding_std


def test_collapsed_is_0() -> None:
    assert embedding_std(torch.arange(1.0, 9.0)[:, None] * torch.randn(16)).item() == pytest.approx(0, abs=1e-7)


def test_isotropic_is_1_over_the_root_of_d() -> None:
    lengths = torch.rand(20_000, 1) + 0.1
    assert embedding_std(torch.randn(20_000, 64) * lengths).item() == pytest.approx(1 / 8, rel=0.01)


def test_it_is_numpy_s() -> None:
    x = torch.randn(10, 3) + 1
    unit = x.numpy() / np.linalg.norm(x.numpy(), axis=1, keepdims=True)
    assert embedding_std(x).item() == pytest.approx(unit.std(axis=0, ddof=1).mean(), rel=1e-5)


def test_bfloat16_is_computed_in_float32() -> None:
    x = torch.randn(50, 8).bfloat16()
    assert embedding_std(x).item() == pytest.approx(embedding_std(x.double()).item(), rel=1e-5)


def test_one_row_gets_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"^embedding_std: x must be of at least 2 rows. Got \(1, 4\). "):
        embedding_std(torch.randn(1, 4))
