"""With one rank, the synchronised batch norm is torch's; with several: see test_distributed.py."""

import copy
from collections.abc import Iterator

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn

from nearfar.distributed import Group
from nearfar.networks import norm
from nearfar.networks.norm import synchronize_batch_norm


@pytest.fixture(scope="module")
def group() -> Iterator[Group]:
    """A group of this process alone: nothing is started, and yet all of the synchronised path runs."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield dist.group.WORLD
    dist.destroy_process_group()


NORMS = pytest.mark.parametrize(
    ("plain", "shape"),
    [
        (nn.BatchNorm1d(5), (7, 5)),
        (nn.BatchNorm1d(5, momentum=None), (3, 5, 4)),
        (nn.BatchNorm2d(5, momentum=0.3, eps=1e-3), (3, 5, 4, 2)),
        (nn.BatchNorm2d(5, affine=False), (3, 5, 4, 2)),
        (nn.BatchNorm2d(5, track_running_stats=False), (3, 5, 4, 2)),
        (nn.BatchNorm3d(5), (3, 5, 2, 2, 2)),
    ],
    ids=str,
)


def spread(module: nn.Module) -> None:
    """Gives parameters values that a mistake would show in."""
    for parameter in module.parameters():
        nn.init.normal_(parameter, mean=1.0)


def step(module: nn.Module, x: Tensor) -> list[Tensor]:
    """Output, gradients and state after two training passes."""
    leaf = x.clone().requires_grad_()
    module(2 * leaf.detach() + 1)
    y = module(leaf)
    slope = torch.linspace(-1, 2, y.numel(), dtype=y.dtype).view_as(y)
    (y * slope).sum().backward()
    return [y, leaf.grad, *(parameter.grad for parameter in module.parameters()), *module.buffers()]


@NORMS
def test_one_rank_is_torch(group: Group, plain: nn.Module, shape: tuple[int, ...]) -> None:
    plain = copy.deepcopy(plain).double()
    spread(plain)
    synced = synchronize_batch_norm(copy.deepcopy(plain), group)
    x = 3 * torch.randn(shape, dtype=torch.float64) + 5
    for found, wanted in zip(step(synced, x), step(plain, x), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(synced.eval()(x), plain.eval()(x))
    assert list(synced.state_dict()) == list(plain.state_dict())


def test_gradients(group: Group) -> None:
    synced = synchronize_batch_norm(nn.BatchNorm1d(3, track_running_stats=False).double(), group)
    x = torch.randn(5, 3, 2, dtype=torch.float64, requires_grad=True)

    def normalized(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return torch.func.functional_call(synced, {"weight": weight, "bias": bias}, x)

    assert torch.autograd.gradcheck(normalized, (x, synced.weight, synced.bias))


def test_a_large_mean_costs_no_digits(group: Group) -> None:
    synced = synchronize_batch_norm(nn.BatchNorm1d(4), group)
    x = torch.randn(256, 4) + 1000
    assert synced(x).var(dim=0, correction=0).tolist() == pytest.approx([1.0] * 4, abs=1e-3)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_bfloat16_input_keeps_type_and_layout(group: Group, layout: torch.memory_format) -> None:
    plain = nn.BatchNorm2d(8)
    spread(plain)
    synced = synchronize_batch_norm(copy.deepcopy(plain), group)
    x = (2 * torch.randn(16, 8, 4, 4) + 1).to(torch.bfloat16, memory_format=layout)
    found, wanted = step(synced, x), step(plain, x)
    assert found[0].dtype == torch.bfloat16
    assert found[0].is_contiguous(memory_format=layout)
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours.float(), theirs.float(), rtol=0.02, atol=0.02)


def test_parameters_stay_the_same_objects(group: Group) -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Sequential(nn.BatchNorm2d(2), nn.ReLU()))
    kept = [*module.parameters(), *module.buffers()]
    assert synchronize_batch_norm(module, group) is module
    assert all(now is before for now, before in zip([*module.parameters(), *module.buffers()], kept, strict=True))
    assert synchronize_batch_norm(module, group)[1][0] is module[1][0]


def test_a_copy_shares_the_group_and_nothing_else(group: Group) -> None:
    synced = synchronize_batch_norm(nn.Sequential(nn.BatchNorm1d(3)), group)
    twin = copy.deepcopy(synced)
    assert twin[0].group is group
    twin(torch.randn(4, 3))
    assert twin[0].weight is not synced[0].weight
    assert (int(twin[0].num_batches_tracked), int(synced[0].num_batches_tracked)) == (1, 0)


def test_the_activation_of_timm_is_kept(group: Group) -> None:
    timm = pytest.importorskip("timm")
    joined = timm.layers.BatchNormAct2d(4, act_layer=nn.PReLU)
    synced = synchronize_batch_norm(copy.deepcopy(joined), group)
    x = torch.randn(3, 4, 2, 2)
    torch.testing.assert_close(synced(x), joined(x))
    assert sorted(synced.state_dict()) == sorted(joined.state_dict())


def test_without_a_group_nothing_changes() -> None:
    plain = nn.BatchNorm2d(2)
    assert synchronize_batch_norm(plain, None) is plain


def test_an_unknown_batch_norm_gets_one_sentence(group: Group) -> None:
    class Other(nn.BatchNorm2d):
        pass

    message = r"^synchronize_batch_norm: module must be a batch norm of torch or timm\. Got 'Other'\. "
    with pytest.raises(TypeError, match=message):
        synchronize_batch_norm(nn.Sequential(Other(2)), group)


def test_evaluation_talks_to_nobody(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = synchronize_batch_norm(nn.BatchNorm1d(3), group).eval()
    monkeypatch.setattr(norm, "all_reduce", None)
    x = torch.randn(4, 3)
    torch.testing.assert_close(synced(x), x / (1 + synced.eps) ** 0.5)
