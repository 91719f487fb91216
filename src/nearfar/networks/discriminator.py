"""The network that says whether a picture and a latent belong together."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.networks.decoder import sides_of

__all__ = ["PairDiscriminator"]

_SLOPE = 0.2


class PairDiscriminator(nn.Module):
    """A logit for each pair of a picture and a latent: whether the picture was given and the latent found for it.

    Strided convolutions read the picture, a linear layer the latent, and a perceptron both. There is no batch norm: an
    example's logit is its own. Weights start so that a signal keeps its size from layer to layer, where torch's usual
    start would leave little of the picture: who cannot see it has nothing to teach the generator.

    Args:
        latent_dim: width of the latent.
        shape: channels, height and width of the picture.
        width: channels of the first map; later ones have up to four times as many.
        hidden_dim: width of the perceptron.

    Source: BiGAN, Donahue et al. 2016, arXiv 1605.09782, appendix C; leaky as in DCGAN, Radford et al. 2015,
    arXiv 1511.06434; the start is He et al. 2015, arXiv 1502.01852.
    """

    def __init__(self, latent_dim: int, *, shape: tuple[int, int, int], width: int = 32, hidden_dim: int = 256) -> None:
        super().__init__()
        channels, *size = shape
        sides = sides_of(size)
        widths = [channels, *(width * min(4, 2**step) for step in range(len(sides) - 1))]
        strides = [[1 if a == b else 2 for a, b in zip(*each, strict=True)] for each in pairwise(reversed(sides))]
        self.stages = nn.ModuleList(
            nn.Conv2d(before, after, 3, (down, right), padding=1)
            for (before, after), (down, right) in zip(pairwise(widths), strides, strict=True)
        )
        self.picture = nn.Linear(widths[-1] * math.prod(sides[0]), hidden_dim)
        self.latent = nn.Linear(latent_dim, hidden_dim)
        self.both = nn.Linear(2 * hidden_dim, hidden_dim)
        self.last = nn.Linear(hidden_dim, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, a=_SLOPE)
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    def forward(self, x: Float[Tensor, "n c h w"], z: Float[Tensor, "n d"]) -> Float[Tensor, "n"]:
        """The logit of each pair."""
        for stage in self.stages:
            x = F.leaky_relu(stage(x), _SLOPE)
        features = torch.cat([self.picture(x.flatten(1)), self.latent(z)], dim=1)
        return self.last(F.leaky_relu(self.both(F.leaky_relu(features, _SLOPE)), _SLOPE))[:, 0]
