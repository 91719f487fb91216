"""The similarity of two encoders at its landmarks, and against the equation through Gram matrices."""

import math

import pytest
import torch
from oracles import diagnostics as oracle

from nearfar.diagnostics import cka


def test_turned_shifted_and_scaled_is_the_same() -> None:
    x = torch.randn(30, 8)
    assert cka(x, 3 * x @ torch.linalg.qr(torch.randn(8, 8))[0] + 5).item() == pytest.approx(1, rel=1e-6)


def test_another_scale_of_one_direction_is_another_representation() -> None:
    x = torch.randn(200, 8)
    assert cka(x, x * torch.tensor([10.0] + [1.0] * 7)).item() < 0.7


def test_uncorrelated_columns_give_0() -> None:
    columns = torch.linalg.qr(torch.cat([torch.ones(20, 1), torch.randn(20, 7)], dim=1))[0]
    assert cka(columns[:, 1:4], columns[:, 4:]).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("n", "d", "e"), [(2000, 50, 50), (100, 400, 400), (500, 20, 80)])
def test_chance_grows_with_the_widths(n: int, d: int, e: int) -> None:
    found = cka(torch.randn(n, d), torch.randn(n, e)).item()
    assert found == pytest.approx(math.sqrt(d * e) / (n + math.sqrt(d * e)), rel=0.15)


@pytest.mark.parametrize(("n", "d", "e"), [(20, 6, 3), (8, 12, 5), (8, 5, 12)])
def test_it_is_its_oracle_and_symmetric(n: int, d: int, e: int) -> None:
    x = torch.randn(n, d)
    y = x @ torch.randn(d, e) + torch.randn(n, e) + 2
    assert cka(x, y).item() == pytest.approx(oracle.cka(x.numpy(), y.numpy()), rel=1e-6)
    assert cka(y, x).item() == pytest.approx(cka(x, y).item(), rel=1e-6)


def test_the_order_of_examples_matters_only_between_the_two() -> None:
    x, y, order = torch.randn(60, 4), torch.randn(60, 4), torch.randperm(60)
    assert cka(x[order], y[order]).item() == pytest.approx(cka(x, y).item(), rel=1e-6)
    assert cka(x, x[order]).item() < 0.5


def test_one_point_has_no_similarity() -> None:
    assert math.isnan(cka(torch.zeros(5, 3), torch.randn(5, 3)))


def test_other_examples_get_one_sentence(as_users_call: None) -> None:
    with pytest.raises(ValueError, match=r"^cka: x and y must be of the same examples\. "):
        cka(torch.randn(4, 2), torch.randn(5, 2))
