"""Perceptrons: which layer has a bias, a norm, an activation."""

import pytest
from torch import nn

from nearfar.networks import mlp


@pytest.mark.parametrize(
    ("settings", "layers"),
    [
        ({}, ["Linear", "BatchNorm1d", "ReLU", "Linear"]),
        ({"last_norm": True}, ["Linear", "BatchNorm1d", "ReLU", "Linear", "BatchNorm1d"]),
        ({"norm": False}, ["Linear", "ReLU", "Linear"]),
        ({"norm": False, "activation": nn.GELU}, ["Linear", "GELU", "Linear"]),
    ],
)
def test_layers_and_biases(settings: dict, layers: list[str]) -> None:
    head = mlp(8, 16, 4, **settings)
    assert [type(layer).__name__ for layer in head] == layers
    for layer, after in zip(head, [*head[1:], None], strict=True):
        if isinstance(layer, nn.Linear):
            assert (layer.bias is None) == isinstance(after, nn.BatchNorm1d)


def test_the_last_norm_has_no_scale_and_no_shift() -> None:
    assert mlp(8, 4, last_norm=True)[-1].affine is False
    assert mlp(8, 4, last_norm=True)[0].bias is None
    assert mlp(8, 6, 4)[1].affine is True


def test_widths() -> None:
    assert [layer.weight.shape for layer in mlp(8, 16, 5, 4, norm=False)[::2]] == [(16, 8), (5, 16), (4, 5)]
