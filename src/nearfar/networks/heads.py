"""Heads: what stands between the representation and the loss."""

from itertools import pairwise

from torch import nn

__all__ = ["mlp"]


def mlp(
    *dims: int,
    norm: bool = True,
    last_norm: bool = False,
    activation: type[nn.Module] = nn.ReLU,
) -> nn.Sequential:
    """A perceptron: linear layers, with batch norm and an activation between them.

    Args:
        dims: the widths from input to output; `mlp(512, 2048, 128)` has one hidden layer.
        norm: whether batch norm stands before each activation.
        last_norm: whether batch norm follows the last layer, without scale and shift as in SimSiam and MoCo v3.
        activation: the kind between the layers.

    Returns:
        A module from (n, dims[0]) to (n, dims[-1]). Layers that batch norm follows have no bias.
    """
    layers: list[nn.Module] = []
    for dim_in, dim_out in pairwise(dims[:-1]):
        layers.append(nn.Linear(dim_in, dim_out, bias=not norm))
        if norm:
            layers.append(nn.BatchNorm1d(dim_out))
        layers.append(activation())
    layers.append(nn.Linear(dims[-2], dims[-1], bias=not last_norm))
    if last_norm:
        layers.append(nn.BatchNorm1d(dims[-1], affine=False))
    return nn.Sequential(*layers)
