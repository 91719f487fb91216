"""Diagnostics of the spectrum on constructed ones, and against the equations as loops."""

import math
from collections.abc import Callable

import pytest
import torch
from oracles import diagnostics as oracle
from torch import Tensor

from nearfar.diagnostics import alpha_req, effective_rank, lidar, participation_ratio

Diagnostic = Callable[[Tensor], Tensor]
EVERY = pytest.mark.parametrize("diagnostic", [alpha_req, effective_rank, participation_ratio])


def with_singular_values(values: list[float], n: int, d: int, *, centred: bool = False) -> Tensor:
    """A matrix of these singular values in random directions; centred, its columns have the mean 0."""
    rows = torch.randn(n, n, dtype=torch.float64)
    if centred:
        rows[:, 0] = 1.0
    left, right = torch.linalg.qr(rows)[0], torch.linalg.qr(torch.randn(d, d, dtype=torch.float64))[0]
    first = int(centred)
    spread = torch.tensor(values, dtype=torch.float64)
    return (left[:, first : first + len(values)] * spread @ right[: len(values)]).float()


@pytest.mark.parametrize(("n", "d"), [(30, 12), (12, 30)])
def test_effective_rank_of_constructed_spectra(n: int, d: int) -> None:
    assert effective_rank(with_singular_values([2.0] * 12, n, d)).item() == pytest.approx(12, rel=1e-4)
    assert effective_rank(with_singular_values([5.0] * 3, n, d)).item() == pytest.approx(3, rel=1e-4)
    # Shares 3/4 and 1/4.
    wanted = math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    assert effective_rank(with_singular_values([3.0, 1.0], n, d)).item() == pytest.approx(wanted, rel=1e-4)


def test_effective_rank_of_a_collapse_is_1() -> None:
    line = torch.randn(20, 1) * torch.randn(8)
    for collapsed in (torch.ones(20, 8), line, torch.zeros(20, 8)):
        assert effective_rank(collapsed).item() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(("n", "d"), [(30, 12), (12, 30)])
def test_participation_ratio_of_constructed_spectra(n: int, d: int) -> None:
    def ratio(values: list[float]) -> float:
        return participation_ratio(with_singular_values(values, n, d, centred=True) + 7.0).item()

    assert ratio([2.0] * 11) == pytest.approx(11, rel=1e-3)
    assert ratio([5.0]) == pytest.approx(1, rel=1e-3)
    # Variances 3 and 1: (3 + 1)^2 / (9 + 1).
    assert ratio([math.sqrt(3), 1.0]) == pytest.approx(1.6, rel=1e-3)


def test_participation_ratio_of_one_point_is_not_a_number() -> None:
    assert math.isnan(participation_ratio(torch.ones(5, 3)).item())


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize(("n", "d"), [(60, 20), (20, 60)])
def test_alpha_req_finds_the_exponent_of_a_power_law(alpha: float, n: int, d: int) -> None:
    values = [k ** (-alpha / 2) for k in range(1, 16)]
    assert alpha_req(with_singular_values(values, n, d, centred=True) - 3.0).item() == pytest.approx(alpha, abs=1e-3)


def test_alpha_req_of_a_line_is_not_a_number() -> None:
    assert math.isnan(alpha_req(torch.randn(20, 1) * torch.ones(8)).item())


def views(directions: int, *, n: int = 40, v: int = 3, d: int = 8) -> Tensor:
    """Examples that differ alike along the first directions, in views that differ alike along all."""
    means = with_singular_values([100.0] * directions, n, directions, centred=True)
    around = torch.randn(n, v, d, dtype=torch.float64)
    around = (around - around.mean(dim=1, keepdim=True)).flatten(0, 1)
    white = torch.linalg.qr(around)[0].float().reshape(n, v, d) * math.sqrt(n * (v - 1))
    return torch.nn.functional.pad(means, (0, d - directions))[:, None] + white


@pytest.mark.parametrize("directions", [1, 3, 8])
def test_lidar_counts_the_directions_in_which_examples_differ(directions: int) -> None:
    assert lidar(views(directions)).item() == pytest.approx(directions, rel=0.01)


def test_lidar_discounts_what_views_change() -> None:
    x = views(8)
    x[:, :, 4:] += 50 * torch.randn(40, 3, 4)
    assert lidar(x).item() == pytest.approx(4, rel=0.1)
    assert effective_rank(x[:, 0]).item() > 6


def test_lidar_of_one_point_an_example_is_the_rank_of_the_variances() -> None:
    means = with_singular_values([3.0, 1.0], 30, 6, centred=True)
    shares = 0.9, 0.1
    wanted = math.exp(-sum(share * math.log(share) for share in shares))
    assert lidar(means[:, None].repeat(1, 2, 1)).item() == pytest.approx(wanted, rel=1e-3)


@EVERY
def test_it_is_its_oracle(diagnostic: Diagnostic) -> None:
    for n, d in ((25, 7), (7, 25)):
        x = torch.randn(n, d) * torch.linspace(0.1, 3, d) + 1
        wanted = getattr(oracle, diagnostic.__name__)(x.numpy())
        assert diagnostic(x).item() == pytest.approx(wanted, rel=1e-4)


def test_lidar_is_its_oracle() -> None:
    x = torch.randn(12, 1, 5) + 0.5 * torch.randn(12, 4, 5) * torch.linspace(0.2, 2, 5)
    assert lidar(x).item() == pytest.approx(oracle.lidar(x.numpy()), rel=1e-4)


@EVERY
def test_scale_rotation_and_order_do_not_matter(diagnostic: Diagnostic) -> None:
    x = torch.randn(20, 6) * torch.arange(1.0, 7.0)
    rotation = torch.linalg.qr(torch.randn(6, 6))[0]
    changed = 100 * x[torch.randperm(20)] @ rotation
    assert diagnostic(changed).item() == pytest.approx(diagnostic(x).item(), rel=1e-4)


def test_the_order_of_examples_and_views_does_not_matter_to_lidar() -> None:
    x = torch.randn(12, 1, 5) + torch.randn(12, 4, 5)
    assert lidar(x[torch.randperm(12)][:, torch.randperm(4)]).item() == pytest.approx(lidar(x).item(), rel=1e-5)


@pytest.mark.parametrize("diagnostic", [participation_ratio, alpha_req])
def test_what_looks_at_the_covariance_ignores_a_shift(diagnostic: Diagnostic) -> None:
    x = torch.randn(20, 6)
    assert diagnostic(x + 5).item() == pytest.approx(diagnostic(x).item(), rel=1e-4)


@EVERY
def test_what_is_not_finite_has_no_value(diagnostic: Diagnostic) -> None:
    assert math.isnan(diagnostic(torch.tensor([[1.0, 2.0], [math.nan, 0.0]])))
    assert math.isnan(lidar(torch.full((2, 2, 2), math.inf)))


@pytest.mark.parametrize("diagnostic", [effective_rank, participation_ratio, alpha_req])
def test_bfloat16_is_computed_in_more(diagnostic: Diagnostic) -> None:
    x = torch.randn(30, 5).bfloat16()
    assert diagnostic(x).item() == pytest.approx(diagnostic(x.double()).item(), rel=1e-5)


def test_one_view_gets_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"^lidar: x must be of at least 2 examples in 2 views. Got \(4, 1, 3\). "):
        lidar(torch.randn(4, 1, 3))


def test_lidar_of_embeddings_that_have_burst_is_no_number() -> None:
    x = 1e9 * torch.randn(8, 2, 1, generator=torch.Generator().manual_seed(0)).expand(8, 2, 16)
    assert lidar(x).isnan()
