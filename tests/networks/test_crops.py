"""One pass per size gives what one pass per view gives, where the rows do not meet in a batch norm."""

import torch
from torch import Tensor, nn

from nearfar.networks import pass_by_size


def test_each_view_gets_its_own_rows() -> None:
    passes = []

    def network(x: Tensor) -> Tensor:
        passes.append(tuple(x.shape))
        return x.mean((2, 3))

    views = [torch.randn(3, 2, size, size) for size in (8, 8, 4, 4, 4)]
    made = pass_by_size(network, views)
    assert passes == [(6, 2, 8, 8), (9, 2, 4, 4)]
    for view, rows in zip(views, made, strict=True):
        torch.testing.assert_close(rows, view.mean((2, 3)))


def test_batch_norm_sees_all_views_of_a_size() -> None:
    norm = nn.BatchNorm2d(2)
    made = pass_by_size(lambda x: norm(x).flatten(1), [torch.zeros(2, 2, 3, 3), torch.ones(2, 2, 3, 3)])
    torch.testing.assert_close(made[1] - made[0], torch.full((2, 18), 2.0), rtol=1e-3, atol=0)
