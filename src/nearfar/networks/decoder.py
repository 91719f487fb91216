"""Decoders: from a representation back to pictures or series, and from some patches to all."""

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from nearfar.errors import complaint
from nearfar.networks.attention import quick_attention
from nearfar.networks.axes import BATCH_NORMS, CONVOLUTIONS
from nearfar.networks.heads import mlp
from nearfar.networks.positions import sine_cosine

__all__ = ["ConvDecoder", "MLPDecoder", "PatchDecoder", "check_fit", "sides_of"]

SMALLEST = 4
"""The longest side of the map that a decoder begins with, and a discriminator ends with."""


def sides_of(sides: Sequence[int]) -> list[tuple[int, ...]]:
    """The sides of the maps between a vector and a picture or a series: from at most 4 up, each about twice the last.

    Args:
        sides: height and width of a picture in pixels, or the length of a series in steps.
    """
    maps = [tuple(sides)]
    while max(maps[0]) > SMALLEST:
        maps.insert(0, tuple(math.ceil(side / 2) if side > SMALLEST else side for side in maps[0]))
    return maps


def check_fit(where: str, made: Float[Tensor, "n *made"], view: Float[Tensor, "n *view"]) -> None:
    """Refuses a decoder that gives another shape than that of what the network is shown.

    Args:
        where: whose decoder it is.
        made: what it gives.
        view: what the network is shown.

    Raises:
        ValueError: the shapes differ.
    """
    if made.shape[1:] != view.shape[1:]:
        shape, got = tuple(view.shape[1:]), tuple(made.shape[1:])
        raise ValueError(
            complaint(where, "decoder", f"one that gives {shape}, as the views are", got, f"Pass shape={shape}")
        )


class ConvDecoder(nn.Module):
    """A picture or a series from a vector: a small map that is enlarged, step by step, and convolved.

    Maps are enlarged to the next sides by their nearest places and then convolved, which leaves none of the
    checkerboard that transposed convolutions do.

    Args:
        dim: width of the vector.
        shape: channels, height and width of a picture, or channels and length of a series.
        width: channels of the last map; earlier ones have up to four times as many.

    Source: Odena et al. 2016 (Deconvolution and checkerboard artifacts, Distill).
    """

    def __init__(self, dim: int, *, shape: tuple[int, ...], width: int = 32) -> None:
        super().__init__()
        channels, *sides = shape
        convolution, norm = CONVOLUTIONS[len(sides)], BATCH_NORMS[len(sides)]
        self.sides = sides_of(sides)
        widths = [width * min(4, 2**step) for step in reversed(range(len(self.sides)))]
        self.first = nn.Linear(dim, widths[0] * math.prod(self.sides[0]))
        self.norm = norm(widths[0])
        self.stages = nn.ModuleList(
            nn.Sequential(convolution(before, after, 3, padding=1, bias=False), norm(after), nn.ReLU())
            for before, after in pairwise(widths)
        )
        self.last = convolution(width, channels, 3, padding=1)

    def forward(self, z: Float[Tensor, "n d"]) -> Float[Tensor, "n c *sides"]:
        """The picture or series of each vector, not bounded."""
        x = F.relu(self.norm(self.first(z).unflatten(1, (-1, *self.sides[0]))))
        for sides, stage in zip(self.sides[1:], self.stages, strict=True):
            x = stage(F.interpolate(x, sides, mode="nearest"))
        return self.last(x)


class MLPDecoder(nn.Module):
    """A picture or a series from a vector by a perceptron: for tiny ones, and as the mirror of a perceptron.

    Args:
        dim: width of the vector.
        shape: channels, height and width of a picture, or channels and length of a series.
        hidden_dim: width of the hidden layer.
    """

    def __init__(self, dim: int, *, shape: tuple[int, ...], hidden_dim: int = 512) -> None:
        super().__init__()
        self.shape = shape
        self.layers = mlp(dim, hidden_dim, math.prod(shape))

    def forward(self, z: Float[Tensor, "n d"]) -> Float[Tensor, "n c *sides"]:
        """The picture or series of each vector, not bounded."""
        return self.layers(z).unflatten(1, self.shape)


class PatchDecoder(nn.Module):
    """All patches from the vectors of those that were visible: a small transformer.

    One learned vector stands for every hidden patch; fixed positions tell which is which.

    Args:
        encoder_dim: width of the encoder's vectors.
        patch_dim: numbers of a patch.
        decoder_dim: width inside; a multiple of 4 and of the heads.
        depth: blocks.
        num_heads: of a block's attention.

    Raises:
        ValueError: the width does not fit the heads.

    Source: MAE, He et al. 2021, arXiv 2111.06377, section 3 (width 512 and 8 blocks for ImageNet).
    """

    def __init__(
        self, encoder_dim: int, patch_dim: int, *, decoder_dim: int = 128, depth: int = 2, num_heads: int = 4
    ) -> None:
        from timm.models.vision_transformer import Block

        super().__init__()
        step = math.lcm(4, num_heads)
        if decoder_dim < 1 or decoder_dim % step:
            next_step = f"Try {max(1, round(decoder_dim / step)) * step}"
            raise ValueError(complaint("PatchDecoder", "decoder_dim", f"a multiple of {step}", decoder_dim, next_step))
        self.embed = nn.Linear(encoder_dim, decoder_dim)
        self.hidden = nn.Parameter(torch.randn(decoder_dim) * 0.02)
        norm: Any = partial(nn.LayerNorm, eps=1e-6)
        blocks = (Block(decoder_dim, num_heads, qkv_bias=True, norm_layer=norm) for _ in range(depth))
        self.blocks, self.norm = nn.Sequential(*blocks), norm(decoder_dim)
        self.predict = nn.Linear(decoder_dim, patch_dim)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(
        self, tokens: Float[Tensor, "n t e"], mask: Bool[Tensor, "n rows columns"]
    ) -> Float[Tensor, "n {mask.shape[1]*mask.shape[2]} d"]:
        """What each patch is predicted to hold, row by row.

        Args:
            tokens: what `encode_visible` gives: first class and register tokens, then the visible patches row by row.
            mask: which patches were hidden.
        """
        flat = mask.flatten(1)
        x = self.embed(tokens)
        num_first = x.shape[1] - int((~flat[:1]).sum())
        every = self.hidden.to(x.dtype).expand(*flat.shape, -1)
        every = every.masked_scatter(~flat[:, :, None], x[:, num_first:])
        rows, columns = mask.shape[1:]
        every = every + sine_cosine(rows, columns, x.shape[2]).to(x)
        every = torch.cat([x[:, :num_first], every], dim=1)
        with quick_attention(every):
            x = self.blocks(every)
        return self.predict(self.norm(x[:, num_first:]))
