"""What can be seen inside a network: the filters of its first layer, and where its last attention looks."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from nearfar.networks.backbone import first_convolution

__all__ = ["Attention", "FilterSheet", "attention", "filter_sheet", "overlay"]

MOST_FILTERS = 64
COLUMNS = 8
FILTER_SIDE = 24
"""Filters are enlarged by a whole number to at least this many pixels a side: no pixel is made up."""
GUTTER = 4
HEAT = (255, 140, 0)
"""The colour of attention, which neither black nor white pictures hide."""
OPAQUE = 0.8
"""How much of a picture the strongest attention covers."""
FULL = 4
"""Times an even share that attention must at least be for that: where it lies evenly, it is pale."""


@dataclass(frozen=True)
class FilterSheet:
    """Filters side by side in one picture.

    Attributes:
        pixels: (height, width, 4), RGBA; between the filters it is transparent.
        shown: how many filters are on the sheet.
        count: how many the layer has.
        side: height and width of a filter, in pixels of the network's input.
        channels: of the input, 1 or 3.
    """

    pixels: UInt8[np.ndarray, "h w 4"]
    shown: int
    count: int
    side: tuple[int, int]
    channels: int


def filter_sheet(network: nn.Module) -> FilterSheet | None:
    """The filters of the layer that sees the pixels, at most 64 of them, taken evenly.

    Each filter is scaled by its own largest weight: middle gray is 0, black and white are minus and plus that weight.

    Args:
        network: any; its first convolution may be a stem or a patch embedding.

    Returns:
        The sheet; None where the first layer is no convolution over gray or RGB pixels, or sees one pixel at a time.
    """
    layer = first_convolution(network)
    if layer is None or layer.groups != 1 or layer.in_channels not in (1, 3) or min(layer.kernel_size) < 2:
        return None
    weight = layer.weight.detach().float().cpu().numpy()
    kept = weight[np.unique(np.linspace(0, len(weight) - 1, min(MOST_FILTERS, len(weight))).astype(int))]
    largest = np.abs(kept).max(axis=(1, 2, 3), keepdims=True)
    light = np.round(127.5 * (1 + kept / np.maximum(largest, 1e-12))).astype(np.uint8).transpose(0, 2, 3, 1)
    height, width = light.shape[1:3]
    return FilterSheet(_sheet(light), len(light), len(weight), (height, width), layer.in_channels)


def _sheet(tiles: UInt8[np.ndarray, "n h w c"]) -> UInt8[np.ndarray, "H W 4"]:
    """Tiles in rows of eight, enlarged, with a transparent gutter."""
    times = -(-FILTER_SIDE // max(tiles.shape[1:3]))
    large = np.broadcast_to(tiles, (*tiles.shape[:3], 3)).repeat(times, axis=1).repeat(times, axis=2)
    height, width = large.shape[1] + GUTTER, large.shape[2] + GUTTER
    columns = min(COLUMNS, len(large))
    sheet = np.zeros((-(-len(large) // columns) * height - GUTTER, columns * width - GUTTER, 4), dtype=np.uint8)
    for place, tile in enumerate(large):
        top, left = height * (place // columns), width * (place % columns)
        sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = np.dstack(
            (tile, np.full(tile.shape[:2], 255, dtype=np.uint8))
        )
    return sheet


class Attention(NamedTuple):
    """Where a vision transformer looks.

    Attributes:
        maps: (n, rows, columns), how much of each picture's attention lies on each patch; every map sums to 1.
        patch: height and width of a patch, in pixels; the last ones may reach beyond the picture.
    """

    maps: Float[np.ndarray, "n rows columns"]
    patch: tuple[int, int]


@torch.no_grad()
def attention(network: nn.Module, view: Float[Tensor, "n c h w"]) -> Attention | None:
    """Where the last block of a vision transformer of timm looks, as the mean over its heads.

    The query is the class token where the network is read out from it; otherwise it is the mean over all patches.

    Args:
        network: a backbone around a model of timm.
        view: pictures as the network sees them.

    Returns:
        A map for each picture; None where the network has no attention from every patch to every patch.
    """
    net: Any = getattr(network, "net", None)
    layer = getattr(getattr(net, "blocks", [None])[-1], "attn", None)
    drop = getattr(layer, "attn_drop", None)
    patch = getattr(getattr(net, "patch_embed", None), "patch_size", None)
    if not hasattr(layer, "fused_attn") or not isinstance(drop, nn.Module) or not isinstance(patch, tuple):
        return None
    rows, columns = -(-view.shape[2] // patch[0]), -(-view.shape[3] // patch[1])
    before = getattr(net, "num_prefix_tokens", 0)
    by_token = before > 0 and getattr(net, "global_pool", None) == "token"
    maps = np.empty((len(view), rows, columns), dtype=np.float32)
    for place in range(len(view)):  # one by one: the weights of one large picture take a gigabyte
        weights = _weights(network, layer, drop, view[place : place + 1])
        if weights is None or weights.ndim != 4 or weights.shape[2:] != (before + rows * columns,) * 2:
            return None
        seen = weights[0, :, 0, before:] if by_token else weights[0, :, before:, before:].mean(dim=1)
        seen = seen.float().mean(dim=0)
        maps[place] = (seen / seen.sum()).reshape(rows, columns).cpu().numpy()
    return Attention(maps, (patch[0], patch[1]))


def _weights(network: nn.Module, layer: Any, drop: nn.Module, view: Tensor) -> Tensor | None:
    """The attention weights of a layer: its dropout sees them, but not while the fused kernel hides them."""
    caught: list[Tensor] = []
    fused, layer.fused_attn = layer.fused_attn, False
    handle = drop.register_forward_pre_hook(lambda _, given: caught.append(given[0]))
    try:
        network(view)
    finally:
        handle.remove()
        layer.fused_attn = fused
    return caught[-1] if caught else None


def overlay(
    picture: UInt8[np.ndarray, "c h w"], seen: Float[np.ndarray, "rows columns"], *, patch: tuple[int, int]
) -> UInt8[np.ndarray, "h w 3"]:
    """A picture in gray under the attention to its patches: the stronger, the more orange.

    Args:
        picture: what the network saw.
        seen: the attention to each patch, which sums to 1.
        patch: height and width of a patch, in pixels.
    """
    height, width = picture.shape[1:]
    shares = seen / max(seen.max(), FULL / seen.size)
    strength = OPAQUE * np.kron(shares, np.ones(patch))[:height, :width, None]
    gray = picture.mean(axis=0)[..., None]
    return np.round((1 - strength) * gray + strength * np.array(HEAT)).astype(np.uint8)
