"""What is taken away from a picture, to be told again: noise, and patches that are hidden."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from nearfar.errors import complaint, suggestion
from nearfar.views.draws import Draws

__all__ = ["NOISES", "corrupt", "patch_mask"]


def patch_mask(
    draws: Draws, *, rows: int, columns: int, ratio: float, block: int = 1
) -> Bool[Tensor, "n {rows} {columns}"]:
    """Which patches of each picture are hidden: equally many in all, True where hidden.

    Args:
        draws: one key for each picture.
        rows: of the grid of patches.
        columns: of the grid of patches.
        ratio: the part that is hidden; of whole patches at least one is hidden and one is left.
        block: patches are hidden by squares of so many a side, whose grid lies anywhere; 1 hides them one by one. Of
            the last square only as much is hidden as the ratio asks for.

    Raises:
        ValueError: all or nothing is hidden, or the grid cannot hold the blocks.

    Source: MAE, He et al. 2021, arXiv 2111.06377, section 3; blocks as in SimMIM, Xie et al. 2021, arXiv 2111.09886,
    section 3.2, there on a fixed grid.
    """
    places = rows * columns
    if not 0 < ratio < 1:
        raise ValueError(complaint("patch_mask", "ratio", "a part between 0 and 1", ratio, "Try 0.75"))
    if places < 2:
        got = f"{rows} x {columns}"
        raise ValueError(complaint("patch_mask", "grid", "of at least 2 patches", got, "Take smaller patches"))
    if not 1 <= block <= min(rows, columns):
        constraint = f"from 1 to {min(rows, columns)} patches, the grid's shorter side"
        raise ValueError(complaint("patch_mask", "block", constraint, block, "Try 1"))
    num_hidden = places - min(max(int(places * (1 - ratio)), 1), places - 1)
    order = _turns(draws, rows, columns, block).argsort(dim=1, stable=True)
    mask = torch.zeros(len(order), places, dtype=torch.bool, device=order.device)
    return mask.scatter_(1, order[:, :num_hidden], True).view(-1, rows, columns)


def _turns(draws: Draws, rows: int, columns: int, block: int) -> Float[Tensor, "n p"]:
    """When it is each patch's turn to be hidden: those of one block, one after another."""
    own = draws.fold(0).uniform(rows * columns)
    if block == 1:
        return own
    wide, high = -(-columns // block) + 1, -(-rows // block) + 1
    shift = (draws.fold(1).uniform(2) * block).long()
    row = (torch.arange(rows, device=own.device) + shift[:, :1]) // block
    column = (torch.arange(columns, device=own.device) + shift[:, 1:]) // block
    cell = (row[:, :, None] * wide + column[:, None]).flatten(1)
    rank = draws.fold(2).uniform(high * wide).argsort(dim=1).argsort(dim=1)
    return rank.gather(1, cell) + own


def corrupt(
    pictures: Float[Tensor, "n c h w"], draws: Draws, *, noise: str = "masking", strength: float = 0.5
) -> Float[Tensor, "n c h w"]:
    """Pictures with noise, each with its own draws.

    "gaussian" adds normal numbers; "masking" sets pixels to 0, the mean of normalised pictures; "salt_and_pepper" sets
    pixels, in all channels, to the lightest or the darkest that the picture has; "blur" smooths.

    Args:
        pictures: normalised pictures.
        draws: one key for each picture.
        noise: of what kind.
        strength: of "gaussian" the standard deviation; of "masking" and "salt_and_pepper" the part of the pixels; of
            "blur" the greatest standard deviation of the window in pixels, from half of which on it is drawn evenly.

    Raises:
        ValueError: the kind is unknown, or the strength changes nothing or leaves nothing.

    Source: Vincent et al. 2010 (Stacked denoising autoencoders), section 4.3; the blur is ours.
    """
    if noise not in NOISES:
        raise ValueError(complaint("corrupt", "noise", f"one of {', '.join(NOISES)}", noise, suggestion(noise, NOISES)))
    is_part = noise in ("masking", "salt_and_pepper")
    if not strength > 0 or (is_part and strength >= 1):
        constraint = "a part of the pixels between 0 and 1" if is_part else "above 0"
        raise ValueError(complaint("corrupt", "strength", f"{constraint} with {noise!r} noise", strength, "Try 0.5"))
    return NOISES[noise](pictures, draws, strength)


def _gaussian(pictures: Tensor, draws: Draws, strength: float) -> Tensor:
    return pictures + strength * draws.normal(pictures[0].numel()).view_as(pictures).to(pictures.dtype)


def _masking(pictures: Tensor, draws: Draws, strength: float) -> Tensor:
    return pictures.masked_fill(_pixels(draws, pictures) < strength, 0)


def _salt_and_pepper(pictures: Tensor, draws: Draws, strength: float) -> Tensor:
    u = _pixels(draws, pictures)
    salted = torch.where(u < strength / 2, pictures.amax((2, 3), keepdim=True), pictures)
    peppered = (u >= strength / 2) & (u < strength)
    return torch.where(peppered, pictures.amin((2, 3), keepdim=True), salted)


def _blur(pictures: Tensor, draws: Draws, strength: float) -> Tensor:
    sigma = strength * (1 + draws.uniform(1)[:, :, None].to(pictures.dtype)) / 2
    rows, columns = (_window(side, sigma) for side in pictures.shape[2:])
    return rows[:, None] @ pictures @ columns[:, None].mT


def _window(side: int, sigma: Float[Tensor, "n 1 1"]) -> Float[Tensor, "n s s"]:
    """What each place along a side takes from each other; beyond the border there is nothing."""
    place = torch.arange(side, device=sigma.device)
    window = torch.exp(-0.5 * ((place[:, None] - place) / sigma) ** 2)
    return window / window.sum(dim=2, keepdim=True)


def _pixels(draws: Draws, pictures: Tensor) -> Float[Tensor, "n 1 h w"]:
    """A number in [0, 1) for each pixel."""
    height, width = pictures.shape[2:]
    return draws.uniform(height * width).view(-1, 1, height, width)


NOISES: dict[str, Callable[[Tensor, Draws, float], Tensor]] = {
    "gaussian": _gaussian,
    "masking": _masking,
    "salt_and_pepper": _salt_and_pepper,
    "blur": _blur,
}
"""The kinds of noise by name."""
