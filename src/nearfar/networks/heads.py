"""Heads: what stands between the representation and the loss."""

from itertools import pairwise

from torch import nn

__all__ = ["mlp"]


def mlp(*dims: int, last_norm: bool = False) -> nn.Sequential:
    """A perceptron: linear layers with batch norm and ReLU between them.

    Args:
        dims: the widths from input to output; `mlp(512, 2048, 128)` has one hidden layer.
        last_norm: whether batch norm (without ReLU) follows the last layer too.

    Returns:
        A module from (n, dims[0]) to (n, dims[-1]). Layers that batch norm follows have no bias.
    """
    layers: list[nn.Module] = []
    pairs = list(pairwise(dims))
    for position, (dim_in, dim_out) in enumerate(pairs):
        last = position == len(pairs) - 1
        layers.append(nn.Linear(dim_in, dim_out, bias=last and not last_norm))
        if not last or last_norm:
            layers.append(nn.BatchNorm1d(dim_out))
        if not last:
            layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)
