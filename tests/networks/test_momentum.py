"""The slow copy: equal at first, following by the cosine, out of every gradient's reach."""

import copy
import math

import pytest
import torch
from torch import nn

from nearfar.networks import MomentumTwin, mlp


def networks() -> tuple[nn.Sequential, MomentumTwin]:
    network = mlp(4, 8, 3, last_norm=True)
    return network, MomentumTwin(network, momentum=0.9)


def stir(network: nn.Module) -> None:
    with torch.no_grad():
        for tensor in (*network.parameters(), *network.buffers()):
            tensor.add_(torch.ones_like(tensor))


def test_it_starts_equal_and_apart() -> None:
    network, twin = networks()
    x = torch.randn(5, 4)
    assert torch.equal(twin(x), network(x).detach())
    stir(network)
    assert not any(torch.equal(a, b) for a, b in zip(twin.parameters(), network.parameters(), strict=True))


def test_no_gradient_enters_or_leaves() -> None:
    network, twin = networks()
    x = torch.randn(5, 4, requires_grad=True)
    assert not twin(x).requires_grad
    assert not any(weight.requires_grad for weight in twin.parameters())
    assert all(weight.requires_grad for weight in network.parameters())


@pytest.mark.parametrize("progress", [0.1, 0.5, 1.0])
def test_parameters_and_buffers_follow_by_the_cosine(progress: float) -> None:
    network, twin = networks()
    stir(network)
    before = copy.deepcopy(twin.network.state_dict())
    twin.follow(network, progress)
    momentum = 1 - (1 - 0.9) * (math.cos(math.pi * progress) + 1) / 2  # BYOL, section 3.3
    assert twin.momentum_at(progress) == pytest.approx(momentum)
    for name, own in twin.network.state_dict().items():
        theirs = network.state_dict()[name]
        expected = momentum * before[name] + (1 - momentum) * theirs if own.is_floating_point() else theirs
        torch.testing.assert_close(own, expected)


def test_a_momentum_may_stay() -> None:
    twin = MomentumTwin(nn.Linear(2, 2), momentum=0.999, end=0.999)
    assert twin.momentum_at(0.0) == twin.momentum_at(0.7) == twin.momentum_at(1.0) == 0.999


def test_at_momentum_one_it_stays_and_at_none_it_is_the_network() -> None:
    network, twin = networks()
    stir(network)
    before = copy.deepcopy(twin.network.state_dict())
    twin.follow(network, 1.0)
    assert all(
        torch.equal(own, before[name]) for name, own in twin.network.state_dict().items() if own.is_floating_point()
    )
    swift = MomentumTwin(network, momentum=0.0, end=0.0)
    stir(network)
    swift.follow(network, 0.5)
    for own, theirs in zip(swift.network.state_dict().values(), network.state_dict().values(), strict=True):
        torch.testing.assert_close(own, theirs)


def test_it_trains_and_evaluates_with_what_it_is_part_of() -> None:
    network, twin = networks()
    x = torch.randn(6, 4)
    whole = nn.ModuleList([network, twin])
    whole.train()
    assert torch.allclose(twin(x).mean(0), torch.zeros(3), atol=1e-5), "batch statistics"
    whole.eval()
    assert not torch.allclose(twin(x).mean(0), torch.zeros(3), atol=1e-5), "running statistics"


def test_a_tied_weight_moves_once() -> None:
    network = nn.ModuleDict({"one": nn.Linear(2, 2, bias=False)})
    network["two"] = network["one"]
    twin = MomentumTwin(network, momentum=0.5, end=0.5)
    before = twin.network["one"].weight.clone()
    stir(network)
    twin.follow(network, 0.1)
    torch.testing.assert_close(twin.network["one"].weight, before + 0.5)


def test_state_survives_saving() -> None:
    network, twin = networks()
    stir(network)
    twin.follow(network, 0.3)
    other = MomentumTwin(mlp(4, 8, 3, last_norm=True))
    other.load_state_dict(twin.state_dict())
    for own, theirs in zip(other.state_dict().values(), twin.state_dict().values(), strict=True):
        assert torch.equal(own, theirs)


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize("name", ["momentum", "end"])
def test_a_momentum_beyond_one_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"^MomentumTwin: {name} must be a fraction in \[0, 1\]\. Got 1\.5\. Try 0"):
        MomentumTwin(nn.Linear(2, 2), **{name: 1.5})
