"""The same numbers as independent libraries, gradients included."""

import pytest
import torch
from torch import Tensor

from nearfar.objectives import info_nce, nt_xent

pytestmark = pytest.mark.peer


@pytest.fixture
def views() -> tuple[Tensor, Tensor]:
    z = torch.randn(64, 32, dtype=torch.float64)
    return z.requires_grad_(), (z.detach() + torch.randn_like(z)).requires_grad_()


def assert_equal(ours: Tensor, theirs: Tensor, leaves: tuple[Tensor, Tensor]) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)
    gradients = torch.autograd.grad(ours, leaves)
    torch.testing.assert_close(gradients, torch.autograd.grad(theirs, leaves), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_nt_xent_of_lightly(views: tuple[Tensor, Tensor], temperature: float) -> None:
    loss = pytest.importorskip("lightly.loss").NTXentLoss(temperature)
    assert_equal(nt_xent(*views, temperature=temperature), loss(*views), views)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_nt_xent_of_pytorch_metric_learning(views: tuple[Tensor, Tensor], temperature: float) -> None:
    loss = pytest.importorskip("pytorch_metric_learning.losses").NTXentLoss(temperature)
    theirs = loss(torch.cat(views), torch.arange(64).repeat(2))
    assert_equal(nt_xent(*views, temperature=temperature), theirs, views)


@pytest.mark.parametrize("temperature", [0.05, 0.5])
def test_info_nce_of_info_nce_pytorch(views: tuple[Tensor, Tensor], temperature: float) -> None:
    theirs = pytest.importorskip("info_nce").info_nce(*views, temperature=temperature)
    assert_equal(info_nce(*views, temperature=temperature), theirs, views)
