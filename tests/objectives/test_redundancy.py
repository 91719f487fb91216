"""VICReg and Barlow Twins against their equations and landmarks."""

from collections.abc import Callable

import pytest
import torch
from objective_cases import Case, cases_of
from proofs import PROOFS
from torch import Tensor

from nearfar.objectives import redundancy
from nearfar.objectives.redundancy import (
    barlow_twins,
    barlow_twins_chance,
    barlow_twins_collapsed,
    vicreg,
    vicreg_collapsed,
)

CASES = cases_of("redundancy")


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_proof(case: Case, proof: Callable[[Case], None]) -> None:
    proof(case)


def white(n: int, d: int, scale: float) -> Tensor:
    """Columns that are centred, uncorrelated, and of standard deviation `scale` (divisor n)."""
    x = torch.randn(n, d, dtype=torch.float64)
    basis, _ = torch.linalg.qr(x - x.mean(dim=0))
    return basis * n**0.5 * scale


def test_vicreg_landmarks() -> None:
    spread, point = white(20, 6, 1.5), torch.full((20, 6), 3.0)
    assert vicreg(spread, spread).item() == pytest.approx(0.0, abs=1e-12)
    assert vicreg(point, point).item() == pytest.approx(vicreg_collapsed())
    assert vicreg_collapsed() == pytest.approx(24.75)
    assert vicreg_collapsed(4.0) == pytest.approx(vicreg(point, point, variance_weight=4.0).item())


def test_vicreg_sees_what_each_term_is_for() -> None:
    z = white(30, 4, 1.5)
    shifted = vicreg(z, z + 2.0, invariance_weight=3.0)
    assert shifted.item() == pytest.approx(3.0 * 4.0)
    doubled = torch.cat([z, z], dim=1)
    covariance = 1.5**2 * 30 / 29
    assert vicreg(doubled, doubled).item() == pytest.approx(2 * covariance**2)


def test_barlow_twins_landmarks() -> None:
    spread, point = white(20, 6, 10.0), torch.full((20, 6), 3.0)
    assert barlow_twins(spread, 5 * spread + 1).item() == pytest.approx(0.0, abs=1e-10)
    assert barlow_twins(point, point).item() == barlow_twins_collapsed(6) == 6.0


def test_barlow_twins_chance_is_the_mean_over_orders() -> None:
    z_a, z_b = torch.randn(2, 8, 5, dtype=torch.float64)
    losses = [barlow_twins(z_a, z_b[torch.randperm(8)], redundancy_weight=0.7) for _ in range(1500)]
    assert torch.stack(losses).mean().item() == pytest.approx(barlow_twins_chance(8, 5, 0.7), rel=0.03)
    assert barlow_twins_chance(256, 128) == pytest.approx(128.8, abs=0.05)


@pytest.mark.parametrize("loss", [vicreg, barlow_twins])
@pytest.mark.parametrize(("n", "d"), [(16, 31), (16, 32), (16, 33)])
def test_rows_and_columns_give_one_sum(loss: Callable[[Tensor, Tensor], Tensor], n: int, d: int) -> None:
    """Both ways of the squared products, on either side of where they change places, and far below it."""
    z_a, z_b = torch.randn(2, n, d, dtype=torch.float64)
    padded = (torch.cat([z, torch.zeros(n, 3 * n)], dim=1) for z in (z_a, z_b))
    centred = [z - z.mean(dim=0) for z in (z_a, z_b)]
    columns = (centred[0].T @ centred[1]).square().sum()
    for a, b in (centred, [z - z.mean(dim=0) for z in padded]):
        torch.testing.assert_close(redundancy._squared_products(a, b, n, None), columns, rtol=1e-12, atol=0)
    assert loss(z_a, z_b).isfinite()


@pytest.mark.parametrize("loss", [vicreg, barlow_twins])
def test_single_precision_keeps_up_with_double(loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    for n, d in ((200, 64), (64, 512)):
        z_a = torch.randn(n, d)
        z_b = z_a + 0.1 * torch.randn(n, d) + 5.0
        assert loss(z_a, z_b).item() == pytest.approx(loss(z_a.double(), z_b.double()).item(), rel=1e-5)


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize("loss", [vicreg, barlow_twins])
def test_a_wrong_call_gets_one_sentence(loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    z = torch.randn(4, 3)
    with pytest.raises(ValueError, match=rf"^{loss.__name__}: z_a and z_b must be of one shape \(n, d\). "):
        loss(z, z[:, 1:])
    for n in (0, 1):
        with pytest.raises(
            ValueError, match=f"^{loss.__name__}: n must be at least 2 in all. Got {n}. Raise the batch"
        ):
            loss(z[:n], z[:n])
