"""Alignment and uniformity at their landmarks, and against the equations as loops."""

import math

import pytest
import torch
from oracles import diagnostics as oracle

from nearfar.diagnostics import alignment, uniformity
from nearfar.diagnostics.geometry import ROWS


def test_alignment_at_its_landmarks() -> None:
    x, lengths = torch.randn(2000, 64), torch.rand(2000, 1) + 0.1
    assert alignment(x, lengths * x).item() == pytest.approx(0, abs=1e-6)
    assert alignment(x, -lengths * x).item() == pytest.approx(4, rel=1e-6)
    assert alignment(x, torch.randn(2000, 64)).item() == pytest.approx(2, abs=0.02)


def test_uniformity_at_its_landmarks() -> None:
    assert uniformity(torch.ones(9, 5) * torch.rand(9, 1)).item() == pytest.approx(0, abs=1e-6)
    assert uniformity(torch.tensor([[1.0, 0.0], [-3.0, 0.0]])).item() == pytest.approx(-8, rel=1e-6)
    assert uniformity(torch.eye(7)).item() == pytest.approx(-4, rel=1e-6)
    assert uniformity(torch.randn(3000, 256)).item() == pytest.approx(-4 + 8 / 256, abs=0.005)


def test_they_are_their_oracles() -> None:
    x_a, x_b = torch.randn(11, 4), torch.randn(11, 4)
    assert alignment(x_a, x_b).item() == pytest.approx(oracle.alignment(x_a.numpy(), x_b.numpy()), rel=1e-6)
    assert uniformity(x_a).item() == pytest.approx(oracle.uniformity(x_a.numpy()), rel=1e-6)


def test_the_order_of_examples_does_not_matter() -> None:
    x_a, x_b, order = torch.randn(20, 4), torch.randn(20, 4), torch.randperm(20)
    assert alignment(x_a[order], x_b[order]).item() == pytest.approx(alignment(x_a, x_b).item(), rel=1e-6)
    assert uniformity(x_a[order]).item() == pytest.approx(uniformity(x_a).item(), rel=1e-6)


def test_uniformity_by_strips_of_rows_is_that_of_all_pairs() -> None:
    x = torch.randn(ROWS + 7, 3)
    distances = torch.pdist(torch.nn.functional.normalize(x.double()))
    wanted = math.log(float((-2 * distances.square()).exp().mean()))
    assert uniformity(x).item() == pytest.approx(wanted, rel=1e-6)


def test_one_row_gets_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"^uniformity: x must be of at least 2 rows. Got \(1, 4\). "):
        uniformity(torch.randn(1, 4))
