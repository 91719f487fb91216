"""Optimizers: what is grouped, what is decayed, and what a step is."""

import pytest
import torch
from torch import nn

from nearfar.engine.optim import LARS, OPTIMIZERS, Muon, build_optimizer, orthogonalize, parameter_groups, set_rate


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 12, 3), nn.Flatten(), nn.Linear(192, 5)
    )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_parameter_sits_in_exactly_one_group(name: str) -> None:
    net = network()
    optimizer = build_optimizer(name, net, learning_rate=0.1, weight_decay=0.5)
    held = [id(weight) for group in optimizer.param_groups for weight in group["params"]]
    assert sorted(held) == sorted(id(weight) for weight in net.parameters())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_biases_and_norms_are_not_decayed(name: str) -> None:
    net = network()
    optimizer = build_optimizer(name, net, learning_rate=0.1, weight_decay=0.5)
    for group in optimizer.param_groups:
        for weight in group["params"]:
            assert group["weight_decay"] == (0.5 if weight.ndim > 1 else 0.0)
            if name == "lars":
                assert group["adapt"] == (weight.ndim > 1)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_learns_a_regression(name: str) -> None:
    net = network()
    optimizer = build_optimizer(name, net, learning_rate={"lars": 2.0}.get(name, 0.02), weight_decay=0.0)
    x, y = torch.randn(64, 1, 8, 8), torch.randn(64, 5)
    losses = []
    for _ in range(40):
        loss = (net(x) - y).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.6 * losses[0]


def test_frozen_parameters_are_left_out() -> None:
    net = network()
    net[0].weight.requires_grad_(False)
    assert all(weight.requires_grad for group in parameter_groups(net, weight_decay=0.0) for weight in group["params"])


def test_lars_equals_its_equation() -> None:
    weight = nn.Parameter(torch.tensor([[3.0, 4.0]]))
    bias = nn.Parameter(torch.tensor([1.0]))
    groups = [{"params": [weight]}, {"params": [bias], "adapt": False, "weight_decay": 0.0}]
    optimizer = LARS(groups, lr=0.5, momentum=0.9, weight_decay=0.1, trust=0.01)
    expected, velocity, plain, plain_velocity = weight.detach().clone(), torch.zeros(1, 2), 1.0, 0.0
    for _ in range(3):
        weight.grad, bias.grad = torch.tensor([[1.0, 2.0]]), torch.tensor([2.0])
        optimizer.step()
        gradient = weight.grad + 0.1 * expected
        velocity = 0.9 * velocity + 0.5 * 0.01 * expected.norm() / gradient.norm() * gradient
        expected = expected - velocity
        plain_velocity = 0.9 * plain_velocity + 0.5 * 2.0
        plain -= plain_velocity
    torch.testing.assert_close(weight.detach(), expected)
    assert float(bias.detach()) == pytest.approx(plain)


@pytest.mark.parametrize("shape", [(3, 12, 12), (2, 8, 40), (2, 40, 8)])
def test_orthogonalize_keeps_the_singular_vectors_and_evens_the_values(shape: tuple[int, int, int]) -> None:
    matrices = torch.randn(shape)
    u, _, vh = torch.linalg.svd(matrices, full_matrices=False)
    made = orthogonalize(matrices, iterations=5).float()
    values = (u.mT @ made @ vh.mT).diagonal(dim1=1, dim2=2)
    assert values.median() == pytest.approx(1.0, abs=0.25)
    assert values.max() < 1.35
    off_diagonal = u.mT @ made @ vh.mT - torch.diag_embed(values)
    assert off_diagonal.abs().max() < 0.1


def test_muons_vectors_are_adamw() -> None:
    a, b = nn.Parameter(torch.ones(4)), nn.Parameter(torch.ones(4))
    muon = Muon([{"params": [a], "matrix": False}], lr=0.01, betas=(0.9, 0.95))
    adam = torch.optim.AdamW([b], lr=0.01, betas=(0.9, 0.95), weight_decay=0.0)
    for step in range(5):
        a.grad = b.grad = torch.arange(4.0) - step
        muon.step()
        adam.step()
    torch.testing.assert_close(a, b)


def test_the_rate_follows_the_factor() -> None:
    optimizer = build_optimizer("muon", network(), learning_rate=0.02, weight_decay=0.0)
    set_rate(optimizer, 0.5)
    assert {group["name"]: round(group["lr"], 6) for group in optimizer.param_groups} == {
        "matrices": 0.01, "first": 0.001, "vectors": 0.001,
    }  # fmt: skip
