"""Deep InfoMax and CPC against their equations and landmarks."""

import math
from collections.abc import Callable

import pytest
import torch
from objective_cases import Case, cases_of
from proofs import PROOFS
from torch import Tensor

from nearfar.objectives.information import (
    cpc,
    cpc_chance,
    deep_infomax_jsd,
    deep_infomax_nce,
    deep_infomax_nce_chance,
)

CASES = cases_of("information")


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_proof(case: Case, proof: Callable[[Case], None]) -> None:
    proof(case)


def apart(n: int, p: int) -> tuple[Tensor, Tensor]:
    """Summaries that know their own locations, all p of them, for sure."""
    corners = 30 * (torch.eye(n) - 0.5)
    return corners[:, None].expand(n, p, n), corners


def test_deep_infomax_landmarks() -> None:
    level = torch.zeros(6, 5, 3), torch.randn(6, 3)
    assert deep_infomax_jsd(*level).item() == pytest.approx(0.0, abs=1e-6)
    assert deep_infomax_nce(*level).item() == pytest.approx(deep_infomax_nce_chance(6, 5))
    assert deep_infomax_nce_chance(6, 5) == math.log(26)
    assert deep_infomax_nce_chance(256, 64) == pytest.approx(9.70, abs=0.005)
    # Own scores are n * 225, all others (n - 4) * 225 = 0 for n = 4; a shift makes them far below.
    locations, summary = 60 * torch.eye(4)[:, None] - 15, 60 * torch.eye(4) - 15
    assert deep_infomax_jsd(locations, summary).item() == pytest.approx(-2 * math.log(2))
    assert deep_infomax_nce(locations, summary).item() == 0.0


@pytest.mark.parametrize("score", [-1.0, 0.5, 3.0])
def test_equal_scores_never_get_below_zero(score: float) -> None:
    collapsed = torch.full((4, 2, 1), score), torch.ones(4, 1)
    wanted = math.log1p(math.exp(-score)) + math.log1p(math.exp(score)) - 2 * math.log(2)
    assert deep_infomax_jsd(*collapsed).item() == pytest.approx(wanted, rel=1e-5)
    assert wanted >= 0


def test_locations_of_the_same_example_are_no_negatives() -> None:
    """The summary scores 20 with each of its own two locations and 0 with the others: nothing competes with them."""
    locations, summary = torch.eye(3)[:, None].expand(3, 2, 3) * 20, torch.eye(3)
    assert deep_infomax_nce(locations, summary).item() == pytest.approx(4 * math.exp(-20), rel=1e-4)


def test_cpc_landmarks() -> None:
    assert cpc(torch.zeros(8, 3, 4), torch.randn(8, 3, 4)).item() == pytest.approx(cpc_chance(8))
    assert cpc_chance(8) == pytest.approx(2.08, abs=0.005)
    sure = 30 * torch.eye(5)[:, None]
    assert cpc(sure, sure).item() == 0.0


def test_the_softmax_of_cpc_runs_over_futures_not_over_contexts() -> None:
    """Each context scores its own future 10 above the rest, the second in front of a larger constant.

    The constant belongs to the context: over futures it cancels, over contexts it would win everywhere.
    """
    futures = torch.cat([torch.eye(3), torch.ones(3, 1)], dim=1)[:, None]
    contexts = torch.cat([10 * torch.eye(3), torch.tensor([[0.0], [50.0], [0.0]])], dim=1)[:, None]
    assert cpc(contexts, futures).item() == pytest.approx(math.log1p(2 * math.exp(-10)), rel=1e-3)
    assert cpc(futures, contexts).item() > 10


def test_cpc_bounds_mutual_information() -> None:
    """For correlated Gaussians and the best scores ln n - loss is the true information; few candidates show less."""
    r, n = 0.8, 2000
    x = torch.randn(n, dtype=torch.float64)
    y = r * x + math.sqrt(1 - r**2) * torch.randn(n, dtype=torch.float64)
    # log p(y | x) / p(y) without what does not depend on y: a product of (x, constant) and (y, y^2).
    predictions = torch.stack([r * x, torch.full_like(x, -(r**2) / 2)], dim=1)[:, None] / (1 - r**2)
    futures = torch.stack([y, y**2], dim=1)[:, None]
    truth = -0.5 * math.log(1 - r**2)
    bound = cpc_chance(n) - cpc(predictions, futures).item()
    assert bound == pytest.approx(truth, abs=0.05)
    pairs = zip(predictions[:600].split(2), futures[:600].split(2), strict=True)
    of_two = cpc_chance(2) - torch.stack([cpc(*pair) for pair in pairs]).mean().item()
    assert 0 < of_two < bound - 0.1


@pytest.mark.parametrize("loss", [deep_infomax_nce, lambda x, y: cpc(x, y[:, None])])
def test_saturated_losses_keep_their_digits(loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    x = 5 * torch.eye(4)
    wanted = loss(x[:, None].double(), x.double()).item()
    assert 0 < wanted < 1e-9
    assert loss(x[:, None], x).item() == pytest.approx(wanted, rel=1e-4)


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: deep_infomax_jsd(x[:, 0], x[:, 0]), r"deep_infomax_jsd: locations must be of shape \(n, p, d\). "),
        (lambda x: deep_infomax_jsd(x, x[1:, 0]), "deep_infomax_jsd: locations and summary must be of shapes "),
        (lambda x: deep_infomax_nce(x, x), "deep_infomax_nce: locations and summary must be of shapes "),
        (lambda x: deep_infomax_nce(x[:, :0], x[:, 0]), "deep_infomax_nce: locations and summary must be of shapes "),
        (lambda x: deep_infomax_nce(x[:1], x[:1, 0]), "deep_infomax_nce: n must be at least 2 in all. Got 1. "),
        (lambda x: cpc(x, x[:, 1:]), r"cpc: predictions and futures must be of one shape \(n, k, d\). "),
        (lambda x: cpc(x[0], x[0]), r"cpc: predictions and futures must be of one shape \(n, k, d\). "),
        (lambda x: cpc(x[:1], x[:1]), "cpc: n must be at least 2 in all. Got 1. Raise the batch size."),
    ],
)
def test_a_wrong_call_gets_one_sentence(call: Callable[[Tensor], Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        call(torch.randn(4, 2, 3))
