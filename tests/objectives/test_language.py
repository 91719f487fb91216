"""Objectives of language against their equations and landmarks."""

import math
from collections.abc import Callable

import pytest
import torch
from objective_cases import Case, cases_of
from proofs import PROOFS
from torch import Tensor

from nearfar.objectives import masked_token, next_token, order

CASES = cases_of("language")


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_proof(case: Case, proof: Callable[[Case], None]) -> None:
    proof(case)


@pytest.mark.parametrize("size", [2, 50])
def test_landmarks(size: int) -> None:
    target = torch.arange(12) % size
    ids, lengths = target.view(3, 4), torch.tensor([4, 2, 3])
    flat, sure = torch.full((12, size), 3.0), 100 * torch.nn.functional.one_hot(target, size).float()
    for loss in (masked_token, order):
        assert loss(flat, target).item() == pytest.approx(math.log(size))
        assert loss(sure, target).item() == pytest.approx(0, abs=1e-6)
    assert next_token(flat.view(3, 4, size), ids, lengths).item() == pytest.approx(math.log(size))
    assert next_token(sure.view(3, 4, size).roll(-1, 1), ids, lengths).item() == pytest.approx(0, abs=1e-6)


def test_chosen_rows_alone_are_the_same_as_all_rows_with_targets() -> None:
    logits, target = torch.randn(3, 5, 7), torch.randint(-3, 7, (3, 5))
    chosen = target >= 0
    assert torch.equal(masked_token(logits, target), masked_token(logits[chosen], target[chosen]))


def test_rows_without_a_target_count_nowhere_whatever_they_hold() -> None:
    logits, target = torch.randn(4, 7, requires_grad=True), torch.tensor([2, -1, 5, -1])
    loss = masked_token(logits, target)
    loss.backward()
    assert torch.equal(logits.grad[1], torch.zeros(7))
    with torch.no_grad():
        logits[1] = torch.nan
        assert torch.equal(masked_token(logits, target), loss)


def test_padding_is_neither_told_nor_tells() -> None:
    logits, ids = torch.randn(2, 5, 7), torch.randint(0, 7, (2, 5))
    lengths = torch.tensor([3, 1])
    kept = next_token(logits, ids, lengths)
    changed, other = logits.clone(), ids.clone()
    changed[0, 2:], changed[1], other[0, 3:], other[1] = torch.nan, torch.nan, 99, 99
    assert torch.equal(next_token(changed, other, lengths), kept)
    assert torch.equal(next_token(logits[:, :3], ids[:, :3], lengths), kept)


def test_nothing_to_tell_has_loss_and_gradient_zero() -> None:
    logits = torch.randn(2, 3, 4, requires_grad=True)
    for loss in (
        masked_token(logits, torch.full((2, 3), -1)),
        next_token(logits, torch.zeros(2, 3, dtype=torch.int64), torch.tensor([1, 0])),
    ):
        assert loss.item() == 0.0
        (gradient,) = torch.autograd.grad(loss, logits)
        assert torch.equal(gradient, torch.zeros_like(logits))


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y: masked_token(x, y[1:]), "masked_token: logits and target must be row-aligned. Got "),
        (lambda x, y: masked_token(x, y.float()), "masked_token: logits and target must be row-aligned. Got "),
        (lambda x, y: order(x[:, :2], y), "order: target must be below 2, the number of logits. Got 2. "),
        (lambda x, y: next_token(x, y[None], y), "next_token: logits, ids and lengths must be of shapes "),
        (lambda x, y: next_token(x[None], y[None], y), "next_token: logits, ids and lengths must be of shapes "),
    ],
)
def test_a_wrong_call_gets_one_sentence(call: Callable[[Tensor, Tensor], Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        call(torch.randn(4, 3), torch.tensor([0, 1, 2, -1]))
