"""Sinkhorn, swapped prediction and DINO against their equations and landmarks."""

import math
from collections.abc import Callable

import pytest
import torch
from objective_cases import Case, cases_of
from oracles import clustering as oracle
from proofs import PROOFS
from torch import Tensor

from nearfar.objectives.clustering import (
    dino,
    dino_batch_center,
    dino_chance,
    sinkhorn,
    swapped_prediction,
    swapped_prediction_chance,
)

CASES = cases_of("clustering")


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_proof(case: Case, proof: Callable[[Case], None]) -> None:
    proof(case)


@pytest.mark.parametrize("iterations", [1, 3, 10])
@pytest.mark.parametrize(("n", "k"), [(1, 3), (7, 4), (3, 9)])
def test_sinkhorn_is_its_equation(n: int, k: int, iterations: int) -> None:
    scores = torch.randn(n, k, dtype=torch.float64).clamp(-1, 1)
    wanted = torch.from_numpy(oracle.sinkhorn(scores.numpy(), 0.05, iterations))
    torch.testing.assert_close(sinkhorn(scores, iterations=iterations), wanted, rtol=1e-9, atol=1e-12)


def test_sinkhorn_landmarks() -> None:
    scores = torch.randn(12, 4, dtype=torch.float64)
    codes = sinkhorn(scores, epsilon=0.5, iterations=500)
    torch.testing.assert_close(codes.sum(dim=1), torch.ones(12, dtype=torch.float64))
    torch.testing.assert_close(codes.sum(dim=0), torch.full((4,), 3.0, dtype=torch.float64))
    assert torch.equal(sinkhorn(torch.ones(8, 4)), torch.full((8, 4), 0.25))
    one_hot = torch.eye(4).repeat(3, 1)
    torch.testing.assert_close(sinkhorn(one_hot, epsilon=0.01), one_hot)


def test_sinkhorn_takes_views_one_by_one_and_no_gradient() -> None:
    scores = torch.randn(2, 5, 3, requires_grad=True)
    codes = sinkhorn(scores)
    assert not codes.requires_grad
    torch.testing.assert_close(codes, torch.stack([sinkhorn(view) for view in scores]))


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_sinkhorn_holds_far_out_of_the_range_of_exp(scale: float) -> None:
    """Shifted exponentials alone would lose whole rows at 0 here."""
    scores = scale * (torch.randn(64, 8) + 100 * torch.randn(64, 1))
    codes = sinkhorn(scores)
    torch.testing.assert_close(codes.sum(dim=1), torch.ones(64))
    wanted = sinkhorn(scores.double()).float()
    torch.testing.assert_close(codes, wanted, rtol=0, atol=0.2 if scale > 1 else 0.02)


def test_swapped_prediction_landmarks() -> None:
    sure = 1000 * torch.eye(4).repeat(2, 1).expand(3, 8, 4)
    codes = torch.eye(4).repeat(2, 1).expand(2, 8, 4)
    assert swapped_prediction(sure, codes).item() == 0.0
    level = torch.full((3, 8, 4), 0.7)
    assert swapped_prediction(level, sinkhorn(level[:2])).item() == pytest.approx(math.log(4))
    assert swapped_prediction_chance(3000) == pytest.approx(8.01, abs=0.005)
    assert swapped_prediction_chance(4) == math.log(4)


def test_a_view_does_not_predict_itself() -> None:
    """View 0 is sure of prototype 0 and view 1 of prototype 1: each finds the other's code wrong by 10 / 0.1."""
    scores = 10 * torch.eye(2)[:, None]
    codes = torch.eye(2)[:, None]
    assert swapped_prediction(scores, codes).item() == pytest.approx(100.0)


def test_dino_landmarks() -> None:
    level, zeros = torch.zeros(3, 5, 6), torch.zeros(6)
    assert dino(level, level[:2], zeros).item() == pytest.approx(dino_chance(6))
    assert dino_chance(65536) == pytest.approx(11.09, abs=0.005)
    one = 50 * torch.eye(6)[:1].expand(3, 5, 6)
    assert dino(one, one[:2], zeros).item() == pytest.approx(0.0, abs=1e-12)
    centred = dino(level, one[:2], dino_batch_center(one[:2]))
    assert centred.item() == pytest.approx(math.log(6)), "the centre takes a constant winner away"


def test_dino_batch_center_is_a_mean_without_gradient() -> None:
    scores = torch.randn(2, 5, 3, requires_grad=True)
    center = dino_batch_center(scores)
    assert not center.requires_grad
    torch.testing.assert_close(center, scores.detach().flatten(0, 1).mean(dim=0))


S = torch.randn(3, 4, 5)


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sinkhorn(S[0, 0]), r"sinkhorn: scores must be of shape \(..., n, k\). Got \(5,\). "),
        (lambda: sinkhorn(S[0, :0]), r"sinkhorn: scores must be of shape \(..., n, k\). Got \(0, 5\). "),
        (lambda: sinkhorn(S, epsilon=0.0), "sinkhorn: epsilon must be above 0. Got 0.0. Try 0.05."),
        (lambda: sinkhorn(S, iterations=0), "sinkhorn: iterations must be at least 1. Got 0. Try 3."),
        (lambda: swapped_prediction(S[:1], S[:1]), "swapped_prediction: scores must be of at least 2 views. Got 1. "),
        (lambda: swapped_prediction(S[0], S), r"swapped_prediction: scores must be of shape \(v, n, k\). "),
        (lambda: swapped_prediction(S, S[:, 1:]), r"swapped_prediction: codes must be of shape \(g, 4, 5\) with g "),
        (lambda: swapped_prediction(S[:2], S), "swapped_prediction: codes must be .* with g from 1 to 2 views. "),
        (lambda: swapped_prediction(S, S, temperature=0.0), "swapped_prediction: temperature must be above 0. "),
        (lambda: swapped_prediction(S[:, :0], S[:, :0]), "swapped_prediction: n must be at least 1 in all. "),
        (lambda: dino(S, S[:, :, 1:], S[0, 0]), "dino: target_scores must be of shape "),
        (lambda: dino(S, S, S[0]), r"dino: center must be of shape \(5,\), one a prototype. Got \(4, 5\). "),
        (lambda: dino(S, S, S[0, 0], temperature=-1.0), "dino: temperature must be above 0. "),
        (lambda: dino(S, S, S[0, 0], target_temperature=0.0), "dino: target_temperature must be above 0. "),
        (lambda: dino_batch_center(S[0]), "dino_batch_center: target_scores must be of shape "),
        (lambda: dino_batch_center(S[:, :0]), "dino_batch_center: target_scores must be at least one row. "),
    ],
)
def test_a_wrong_call_gets_one_sentence(call: Callable[[], Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
