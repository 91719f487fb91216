"""Several functions at once: each arrives where it would alone."""

import torch

from nearfar.probes._descent import descend


def bowls(d: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    """Quadratic functions, one a column, of curvatures from 0.001 to 1, and where they are least."""
    generator = torch.Generator().manual_seed(0)
    mixing = torch.linalg.qr(torch.randn(3, d, d, generator=generator))[0]
    curvature = torch.logspace(-3, 0, d)
    return mixing @ torch.diag(curvature) @ mixing.mT, torch.randn(1, 3, d, generator=generator)


def test_it_finds_the_least_of_quadratic_functions() -> None:
    matrices, least = bowls()
    slopes = []

    def slope_at(point: torch.Tensor) -> torch.Tensor:
        slopes.append(torch.einsum("hde,che->chd", matrices, point - least))
        return slopes[-1]

    found = descend(slope_at, torch.zeros_like(least), steps=200)
    torch.testing.assert_close(found, least, atol=1e-2, rtol=0)
    assert len(slopes) < 200, "it stops when it has arrived"


def test_columns_do_not_see_one_another() -> None:
    matrices, least = bowls()

    def found(columns: slice) -> torch.Tensor:
        ours, lowest = matrices[columns], least[:, columns]
        return descend(lambda p: torch.einsum("hde,che->chd", ours, p - lowest), 0 * lowest, steps=9)

    together = found(slice(3))
    for column in range(3):
        one = slice(column, column + 1)
        torch.testing.assert_close(together[:, one], found(one), atol=1e-4, rtol=0)


def test_a_move_that_overshoots_is_taken_back() -> None:
    """Flat far away and steep near the least: what was learned far away leaps too far."""

    def slope_at(point: torch.Tensor) -> torch.Tensor:
        return torch.tanh(20 * point) / 20

    found = descend(slope_at, torch.tensor([[[3.0], [0.02]]]), steps=200)
    assert found.abs().max() < 2e-3
