"""What is proved of every objective: one function a claim, each taking a case of `objective_cases.py`."""

from collections.abc import Callable

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from objective_cases import Case, inputs_of
from oracles.slope import slopes
from torch import Tensor

__all__ = ["PROOFS"]


def numpy_of(inputs: tuple[Tensor, ...]) -> list[np.ndarray]:
    return [x.numpy() for x in inputs]


def gradients(case: Case, inputs: tuple[Tensor, ...]) -> list[Tensor | None]:
    leaves = [x.clone().requires_grad_(moves) for x, moves in zip(inputs, case.learned, strict=True)]
    case.objective(*leaves).backward()
    return [x.grad for x in leaves]


def is_its_equation(case: Case) -> None:
    """Loss and gradients are those of the slow loop."""
    for n in (case.least, 7):
        inputs = inputs_of(case, n, seed=n)
        found, wanted = case.objective(*inputs).item(), case.oracle(*numpy_of(inputs))
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
        for own, slope in zip(
            gradients(case, inputs), slopes(case.oracle, numpy_of(inputs), case.learned), strict=True
        ):
            if slope is not None:
                assert own is not None
                np.testing.assert_allclose(own.numpy(), slope, rtol=1e-9, atol=1e-9)


def is_its_equation_for_any_number_of_rows(case: Case) -> None:
    """Two to seventy rows, in any order."""

    @settings(max_examples=5, deadline=None, derandomize=True, database=None)
    @given(n=st.integers(2, 70), seed=st.integers(0, 2**16))
    def check(n: int, seed: int) -> None:
        inputs = inputs_of(case, n, seed=seed)
        found = case.objective(*inputs).item()
        np.testing.assert_allclose(found, case.oracle(*numpy_of(inputs)), rtol=1e-9, atol=1e-12)
        order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
        pairs = zip(inputs, case.axes, strict=True)
        moved = [x if axis is None else x.index_select(axis, order) for x, axis in pairs]
        np.testing.assert_allclose(case.objective(*moved).item(), found, rtol=1e-9, atol=1e-12)

    check()


def passes_gradcheck(case: Case) -> None:
    """Torch's own check by finite differences, unaware of our loops."""
    inputs = [x.requires_grad_(moves) for x, moves in zip(inputs_of(case, 5), case.learned, strict=True)]
    assert torch.autograd.gradcheck(case.objective, inputs)


def leaves_its_inputs(case: Case) -> None:
    """No input is changed, also none that is not laid out row by row."""
    inputs = [x.transpose(0, -1).contiguous().transpose(0, -1) for x in inputs_of(case, 6)]
    kept = [x.clone() for x in inputs]
    found = case.objective(*inputs)
    torch.testing.assert_close(inputs, kept, rtol=0, atol=0)
    torch.testing.assert_close(found, case.objective(*(x.contiguous() for x in inputs)), rtol=1e-12, atol=1e-14)


def is_computed_in_full_precision(case: Case) -> None:
    """From bfloat16 and under autocast the loss is float32's, and the gradient comes back in the input's type."""
    halves = inputs_of(case, 24, torch.bfloat16)
    exact = case.objective(*(x.double() if x.is_floating_point() else x for x in halves))
    found = case.objective(*halves)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), exact, rtol=1e-4, atol=1e-5)
    assert all(own is None or own.dtype == torch.bfloat16 for own in gradients(case, halves))
    singles = inputs_of(case, 24, torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        inside = case.objective(*singles)
    torch.testing.assert_close(inside, case.objective(*singles), rtol=1e-6, atol=1e-7)


def lets_a_nan_through(case: Case) -> None:
    """A row that is not a number makes the loss not a number: nothing hides it from whoever stops the run."""
    for which, axis in enumerate(case.axes):
        inputs = list(inputs_of(case, 6))
        if axis is not None and inputs[which].is_floating_point():
            inputs[which].select(axis, 3)[...] = torch.nan
            assert case.objective(*inputs).isnan()


def survives_rows_of_zeros(case: Case) -> None:
    """Loss and gradients are finite where a row has no direction, and where all rows are one point."""
    for collapse in (
        lambda x, axis: x.select(axis, 2).zero_(),
        lambda x, axis: x.zero_(),
        lambda x, axis: x.fill_(1.0),
    ):
        inputs = inputs_of(case, 6)
        for x, axis in zip(inputs, case.axes, strict=True):
            if axis is not None and x.is_floating_point():
                collapse(x, axis)
        assert case.objective(*inputs).isfinite()
        assert all(own is None or (own.isfinite().all() and own.abs().max() < 1e4) for own in gradients(case, inputs))


def is_symmetric_where_claimed(case: Case) -> None:
    """Views may change places where that is claimed, and only there."""
    a, b, *rest = (*inputs_of(case, 6), None)
    if b is None or a.shape != b.shape:
        return
    others = [x for x in rest if x is not None]
    swapped, straight = case.objective(b, a, *others), case.objective(a, b, *others)
    assert torch.isclose(swapped, straight, rtol=1e-12).item() == case.symmetric


PROOFS: list[Callable[[Case], None]] = [
    is_its_equation,
    is_its_equation_for_any_number_of_rows,
    passes_gradcheck,
    leaves_its_inputs,
    is_computed_in_full_precision,
    lets_a_nan_through,
    survives_rows_of_zeros,
    is_symmetric_where_claimed,
]
