"""Pictures and series as patches, and a vision transformer that sees some of them."""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from nearfar.errors import complaint
from nearfar.networks.attention import quick_attention

__all__ = ["as_map", "encode_visible", "patchify", "unpatchify", "vit_of"]


def as_map(view: Float[Tensor, "n c *sides"]) -> Float[Tensor, "n c h w"]:
    """Series as pictures that are one pixel high; pictures as they are.

    Args:
        view: either.
    """
    return view[:, :, None] if view.ndim == 3 else view


def patchify(view: Float[Tensor, "n c *sides"], *, patch: tuple[int, int]) -> Float[Tensor, "n p d"]:
    """Pictures or series as rows of patches, each patch flat: pixel by pixel, the channels of a pixel side by side.

    Args:
        view: the pictures, or series as `as_map` shows them.
        patch: height and width of a patch in pixels, the height 1 for series.

    Raises:
        ValueError: a side is no multiple of it.
    """
    pictures = as_map(view)
    n, channels, height, width = pictures.shape
    high, wide = patch
    if height % high or width % wide:
        constraint = f"of sides that the patch size {high} x {wide} divides"
        fitting = " x ".join(
            str(max(1, round(side / part)) * part) for side, part in zip((height, width), patch, strict=True)
        )
        raise ValueError(complaint("patchify", "view", constraint, (height, width), f"Take {fitting}"))
    grid = pictures.reshape(n, channels, height // high, high, width // wide, wide)
    return grid.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)


def unpatchify(patches: Float[Tensor, "n p d"], *, patch: tuple[int, int], rows: int) -> Float[Tensor, "n c h w"]:
    """The pictures that `patchify` cut into patches; of series as `as_map` shows them.

    Args:
        patches: patches row by row, as `patchify` gives them.
        patch: height and width of a patch, in pixels.
        rows: how many rows of patches a picture has.

    Raises:
        ValueError: the patches are of another size, or fill no rows.
    """
    n, places, dim = patches.shape
    high, wide = patch
    if rows < 1 or places % rows or dim % (high * wide):
        constraint = f"{rows} full rows of patches of {high} x {wide} pixels"
        raise ValueError(complaint("unpatchify", "patches", constraint, tuple(patches.shape), "Name patch and rows"))
    grid = patches.view(n, rows, places // rows, high, wide, dim // (high * wide))
    return grid.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)


def vit_of(backbone: nn.Module, *, where: str) -> Any:
    """The vision transformer of timm behind one of nearfar's adapters.

    Args:
        backbone: the adapter.
        where: who asks, for the error's sentence.

    Raises:
        ValueError: it is another network, or its patches do not divide the pictures it was built for.
    """
    from timm.models.vision_transformer import VisionTransformer

    net = getattr(backbone, "net", backbone)
    if not isinstance(net, VisionTransformer) or net.attn_pool is not None or net.pos_embed is None:
        got = type(net).__name__
        next_step = "Try --backbone vit_tiny, or vit for series"
        raise ValueError(complaint(where, "backbone", "a plain vision transformer of timm", got, next_step))
    size, patch = net.patch_embed.img_size[1], net.patch_embed.patch_size[1]
    if size % patch:
        next_step = f"Try --size {max(1, round(size / patch)) * patch}"
        raise ValueError(complaint(where, "size", f"a multiple of the patch size {patch}", size, next_step))
    return net


def encode_visible(
    backbone: nn.Module, view: Float[Tensor, "n c *sides"], mask: Bool[Tensor, "n rows columns"]
) -> Float[Tensor, "n t e"]:
    """What a vision transformer makes of the patches that are not hidden; hidden ones never enter its blocks.

    Args:
        backbone: one of timm's vision transformers behind nearfar's adapter.
        view: the pictures or series.
        mask: which patches are hidden, equally many in each; of series in one row.

    Returns:
        The vectors of class and register tokens, where it has them, and then of the visible patches row by row, after
        the last norm.

    Raises:
        ValueError: the network is no vision transformer, or the mask is of another grid or hides unequally many.

    Source: MAE, He et al. 2021, arXiv 2111.06377, section 3.
    """
    net = vit_of(backbone, where="encode_visible")
    patches = net.patch_embed(as_map(view))
    grid = patches.shape[1:3] if patches.ndim == 4 else net.patch_embed.grid_size
    flat = mask.flatten(1)
    counts = flat.sum(dim=1)
    if mask.shape[1:] != tuple(grid) or (counts != counts[:1]).any():
        constraint = f"over the backbone's {grid[0]} x {grid[1]} patches, equally many hidden in each picture"
        got = f"{tuple(mask.shape[1:])}, {counts.tolist()[:8]} hidden"
        raise ValueError(complaint("encode_visible", "mask", constraint, got, "Draw it by patch_mask for that grid"))
    tokens = net._pos_embed(patches)
    num_first = tokens.shape[1] - flat.shape[1]
    visible = flat.long().argsort(dim=1, stable=True)[:, : flat.shape[1] - int(counts[:1].sum())]
    seen = tokens[:, num_first:].gather(1, visible[:, :, None].expand(-1, -1, tokens.shape[2]))
    seen = torch.cat([tokens[:, :num_first], seen], dim=1)
    with quick_attention(seen):
        encoded = net.blocks(net.norm_pre(seen))
    # Models that average over patches have their last norm behind the average.
    return net.fc_norm(net.norm(encoded))
