"""A tiny instance of every method, and of the networks it may stand on."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nearfar.methods import Batch, Method, SimCLR


class TinyBackbone(nn.Module):
    """A perceptron on flat pictures: the smallest thing that keeps the contract of a backbone."""

    dim = 16

    def __init__(self, dim_in: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dim_in, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, self.dim))

    def locations(self, view: Tensor) -> Tensor:
        return self.forward(view)[:, None]

    def forward(self, view: Tensor) -> Tensor:
        return self.layers(view.flatten(1))


@dataclass(frozen=True)
class Case:
    """How to make a method small, and how many views it wants."""

    make: Callable[[nn.Module], Method]
    num_views: int = 2


CASES = {
    "simclr": Case(lambda backbone: SimCLR(backbone, hidden_dim=32, projection_dim=8)),
}


def toy_batch(n: int, *, num_views: int, seed: int, size: int = 8, dtype: torch.dtype = torch.float32) -> Batch:
    """n smooth pictures of their own, seen through noise: alike enough to learn, different enough to tell apart."""
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.randn(n, 1, size, size, generator=generator, dtype=dtype)
    views = tuple(
        pictures + 0.3 * torch.randn(pictures.shape, generator=generator, dtype=dtype) for _ in range(num_views)
    )
    return Batch(views, torch.arange(n) % 4, torch.arange(n))
