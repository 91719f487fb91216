"""SIGReg and LeJEPA's prediction against their equations and landmarks."""

import math
from collections.abc import Callable

import pytest
import torch
from objective_cases import Case, cases_of
from proofs import PROOFS
from torch import Tensor

from nearfar.objectives.distribution import sigreg, sigreg_collapsed, sigreg_gaussian, view_prediction

CASES = cases_of("distribution")


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_proof(case: Case, proof: Callable[[Case], None]) -> None:
    proof(case)


@pytest.mark.parametrize("n", [8, 300])
def test_a_gaussian_sample_has_its_expected_value_at_any_size(n: int) -> None:
    views = torch.randn(60000 // n, n, 6)
    assert sigreg(views, generator=seeded(), num_directions=8).item() == pytest.approx(sigreg_gaussian(), rel=0.1)
    assert sigreg_gaussian() == pytest.approx(1.05, abs=0.005)


def test_collapse_grows_with_the_batch() -> None:
    for n in (8, 256):
        found = sigreg(torch.zeros(n, 6), generator=seeded(), num_directions=8).item()
        assert found == pytest.approx(sigreg_collapsed(n), rel=1e-5)
    assert sigreg_collapsed(256) == pytest.approx(103, abs=0.5)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda z: z + 0.5,
        lambda z: 2 * z,
        lambda z: z / 2,
        lambda z: z.sign(),
        lambda z: torch.cat([z[:, :3], z[:, :3]], dim=1),
    ],
    ids=["shifted", "wide", "narrow", "two points a dimension", "two dimensions alike"],
)
def test_what_is_not_a_standard_gaussian_stands_out(spoil: Callable[[Tensor], Tensor]) -> None:
    z = torch.randn(2000, 6)
    plain = sigreg(z, generator=seeded(), num_directions=64)
    assert sigreg(spoil(z), generator=seeded(), num_directions=64) > 5 * plain


def test_the_generator_decides_the_directions_at_any_precision() -> None:
    z = torch.randn(20, 6)
    first = sigreg(z, generator=seeded(1), num_directions=3)
    assert torch.equal(first, sigreg(z, generator=seeded(1), num_directions=3))
    assert not torch.equal(first, sigreg(z, generator=seeded(2), num_directions=3))
    assert sigreg(z.double(), generator=seeded(1), num_directions=3).item() == pytest.approx(first.item(), rel=1e-5)


def test_descending_it_spreads_points_like_a_gaussian() -> None:
    z = (0.1 * torch.randn(48, 2)).requires_grad_()
    optimizer, generator = torch.optim.Adam([z], lr=0.1), seeded()
    for _ in range(60):
        optimizer.zero_grad()
        sigreg(z, generator=generator, num_directions=32).backward()
        optimizer.step()
    assert sigreg(z, generator=generator).item() < sigreg_gaussian()
    torch.testing.assert_close(z.detach().T.cov(), torch.eye(2), rtol=0, atol=0.2)


def test_view_prediction_landmarks() -> None:
    z = torch.randn(5, 3)
    assert view_prediction(z.expand(4, 5, 3), num_global=2).item() == 0.0
    far = torch.randn(3, 4000, 5)
    assert view_prediction(far, num_global=3).item() == pytest.approx(1 - 1 / 3, rel=0.02)


def test_every_view_counts_in_view_prediction_also_the_global_ones() -> None:
    z = torch.tensor([1.0, -1.0, 3.0])[:, None, None]
    assert view_prediction(z, num_global=2).item() == pytest.approx((1 + 1 + 9) / 3)


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda z: sigreg(z[0, 0], generator=seeded()), r"sigreg: z must be of shape \(..., n, d\). Got \(3,\). "),
        (lambda z: sigreg(z[:, :0], generator=seeded()), "sigreg: n must be at least 1 in all. Got 0. "),
        (lambda z: sigreg(z, generator=seeded(), num_directions=0), "sigreg: num_directions must be at least 1. "),
        (lambda z: view_prediction(z[0], num_global=1), r"view_prediction: z must be of shape \(v, n, d\). "),
        (lambda z: view_prediction(z, num_global=3), "view_prediction: num_global must be from 1 to the 2 views. "),
        (lambda z: view_prediction(z, num_global=0), "view_prediction: num_global must be from 1 to the 2 views. "),
        (lambda z: view_prediction(z[:, :0], num_global=1), "view_prediction: n must be at least 1 in all. "),
    ],
)
def test_a_wrong_call_gets_one_sentence(call: Callable[[Tensor], Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        call(torch.randn(2, 4, 3))


def test_a_single_row_has_the_value_of_one_point() -> None:
    z = torch.zeros(1, 3, dtype=torch.float64)
    assert sigreg(z, generator=seeded()).item() == pytest.approx(sigreg_collapsed(1))
    assert math.isclose(view_prediction(z[None], num_global=1).item(), 0.0)
