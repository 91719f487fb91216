"""Negative cosine and normalised MSE against their equations and landmarks."""

from collections.abc import Callable

import pytest
import torch
from objective_cases import Case, cases_of
from proofs import PROOFS
from torch import Tensor

from nearfar.objectives.regression import negative_cosine, normalized_mse

CASES = cases_of("regression")


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_proof(case: Case, proof: Callable[[Case], None]) -> None:
    proof(case)


@pytest.mark.parametrize(
    ("target", "cosine"), [((3.0, 0.0), 1.0), ((0.0, 2.0), 0.0), ((-4.0, 0.0), -1.0), ((0.0, 0.0), 0.0)]
)
def test_landmarks(target: tuple[float, float], cosine: float) -> None:
    p, z = torch.tensor([[2.0, 0.0]]), torch.tensor([target])
    assert negative_cosine(p, z).item() == -cosine
    assert normalized_mse(p, z).item() == 2 - 2 * cosine


def test_chance() -> None:
    p, z = torch.randn(2, 4000, 64)
    assert normalized_mse(p, z).item() == pytest.approx(2.0, abs=0.02)


def test_a_row_of_zeros_gets_no_gradient() -> None:
    p, z = torch.zeros(2, 3, requires_grad=True), torch.randn(2, 3)
    normalized_mse(p, z).backward()
    assert torch.equal(p.grad, torch.zeros_like(p))


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize("loss", [negative_cosine, normalized_mse])
def test_a_wrong_call_gets_one_sentence(loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    p = torch.randn(4, 3)
    with pytest.raises(ValueError, match=rf"^{loss.__name__}: p and z must be of one shape \(n, d\). Got \[\(4, 3\), "):
        loss(p, p[1:])
    with pytest.raises(ValueError, match=f"^{loss.__name__}: n must be at least 1 in all. Got 0. Raise the batch size"):
        loss(p[:0], p[:0])
