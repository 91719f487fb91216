"""The context of a row knows the rows down to its own, and nothing of those below."""

import torch

from nearfar.networks import RowContext


def test_a_row_depends_on_the_rows_above_and_its_own_alone() -> None:
    context = RowContext(4, hidden_dim=8, num_layers=3).double()
    z = torch.randn(2, 6, 5, 4, dtype=torch.float64, requires_grad=True)
    made = context(z)
    assert made.shape == z.shape
    for row in range(6):
        (slope,) = torch.autograd.grad(made[:, row].sum(), z, retain_graph=True)
        seen = slope.abs().amax((0, 2, 3)) > 0
        assert seen.tolist() == [row - 3 <= other <= row for other in range(6)]


def test_it_sees_both_sides_of_its_own_row() -> None:
    context = RowContext(4, hidden_dim=8, num_layers=2)
    z = torch.randn(1, 3, 7, 4, requires_grad=True)
    (slope,) = torch.autograd.grad(context(z)[:, 1, 3].sum(), z)
    assert (slope[0, 1].abs().amax(1) > 0).tolist() == [False, True, True, True, True, True, False]
