"""The same numbers as independent libraries, gradients included."""

import pytest
import torch
from torch import Tensor

from nearfar.objectives import clip, decoupled_nt_xent, info_nce, nt_xent, sigmoid_pairs, sup_con

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def views() -> tuple[Tensor, Tensor]:
    z = torch.randn(64, 32, dtype=torch.float64)
    return z.requires_grad_(), (z.detach() + torch.randn_like(z)).requires_grad_()


def unit(views: tuple[Tensor, Tensor]) -> list[Tensor]:
    return [torch.nn.functional.normalize(z) for z in views]


def assert_equal(ours: Tensor, theirs: Tensor, leaves: tuple[Tensor, ...]) -> None:
    torch.testing.assert_close(ours, theirs.to(ours.dtype), rtol=1e-6, atol=1e-9)
    gradients = torch.autograd.grad(ours, leaves)
    torch.testing.assert_close(gradients, torch.autograd.grad(theirs, leaves), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_nt_xent_of_lightly(views: tuple[Tensor, Tensor], temperature: float) -> None:
    loss = pytest.importorskip("lightly.loss").NTXentLoss(temperature)
    assert_equal(nt_xent(*views, temperature=temperature), loss(*views), views)


@pytest.mark.parametrize("num_views", [2, 3])
@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_nt_xent_of_pytorch_metric_learning(views: tuple[Tensor, Tensor], temperature: float, num_views: int) -> None:
    loss = pytest.importorskip("pytorch_metric_learning.losses").NTXentLoss(temperature)
    every = (*views, views[0] + views[1])[:num_views]
    theirs = loss(torch.cat(every), torch.arange(64).repeat(num_views))
    assert_equal(nt_xent(*every, temperature=temperature), theirs, views)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_decoupled_of_lightly(views: tuple[Tensor, Tensor], temperature: float) -> None:
    loss = pytest.importorskip("lightly.loss").DCLLoss(temperature)
    assert_equal(decoupled_nt_xent(*views, temperature=temperature), loss(*views), views)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_sup_con_of_pytorch_metric_learning(views: tuple[Tensor, Tensor], temperature: float) -> None:
    losses = pytest.importorskip("pytorch_metric_learning.losses")
    reducers = pytest.importorskip("pytorch_metric_learning.reducers")
    loss = losses.SupConLoss(temperature, reducer=reducers.MeanReducer())
    labels = torch.cat([torch.arange(120) % 7, torch.arange(100, 108)])
    assert_equal(sup_con(torch.cat(views), labels, temperature=temperature), loss(torch.cat(views), labels), views)


@pytest.mark.parametrize("temperature", [0.05, 0.5])
def test_info_nce_of_info_nce_pytorch(views: tuple[Tensor, Tensor], temperature: float) -> None:
    theirs = pytest.importorskip("info_nce").info_nce(*views, temperature=temperature)
    assert_equal(info_nce(*views, temperature=temperature), theirs, views)


@pytest.mark.parametrize("scale", [1 / 0.07, 100.0])
def test_clip_of_open_clip(views: tuple[Tensor, Tensor], scale: float) -> None:
    loss = pytest.importorskip("open_clip").ClipLoss()
    logit_scale = torch.tensor(scale, dtype=torch.float64, requires_grad=True)
    theirs = loss(*unit(views), logit_scale)
    assert_equal(clip(*views, logit_scale=logit_scale), theirs, (*views, logit_scale))


def test_sigmoid_pairs_of_open_clip(views: tuple[Tensor, Tensor]) -> None:
    loss = pytest.importorskip("open_clip.loss").SigLipLoss()
    scale, bias = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (10.0, -10.0))
    theirs = loss(*unit(views), scale, bias)
    assert_equal(sigmoid_pairs(*views, logit_scale=scale, logit_bias=bias), theirs, (*views, scale, bias))
