"""What is taken away from a picture or a series, to be told again: noise, and patches that are hidden."""

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
    """Which patches of each picture or series are hidden: equally many in all, True where hidden.

    Args:
        draws: one key for each example.
        rows: of the grid of patches; 1 for series.
        columns: of the grid of patches.
        ratio: the part that is hidden; of whole patches at least one is hidden and one is left.
        block: patches are hidden by squares of so many a side, or by as many in a row of series, whose grid lies
            anywhere; 1 hides them one by one. Of the last square only as much is hidden as the ratio asks for.

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
    most = columns if rows == 1 else min(rows, columns)
    if not 1 <= block <= most:
        constraint = f"from 1 to {most} patches, the grid's {'length' if rows == 1 else 'shorter side'}"
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
    view: Float[Tensor, "n c *sides"], draws: Draws, *, noise: str = "masking", strength: float = 0.5
) -> Float[Tensor, "n c *sides"]:
    """Pictures or series with noise, each with its own draws.

    "gaussian" adds normal numbers; "masking" sets pixels or steps to 0, the mean of normalised views;
    "salt_and_pepper" sets them, in all channels, to the greatest or the least value that the channel has; "blur"
    smooths.

    Args:
        view: normalised pictures or series.
        draws: one key for each example.
        noise: of what kind.
        strength: of "gaussian" the standard deviation; of "masking" and "salt_and_pepper" the part of the pixels or
            steps; of "blur" the greatest standard deviation of the window in pixels or steps, from half of which on it
            is drawn evenly.

    Raises:
        ValueError: the kind is unknown, or the strength changes nothing or leaves nothing.

    Source: Vincent et al. 2010 (Stacked denoising autoencoders), section 4.3; the blur is ours.
    """
    if noise not in NOISES:
        raise ValueError(complaint("corrupt", "noise", f"one of {', '.join(NOISES)}", noise, suggestion(noise, NOISES)))
    is_part = noise in ("masking", "salt_and_pepper")
    if not strength > 0 or (is_part and strength >= 1):
        constraint = "a part between 0 and 1" if is_part else "above 0"
        raise ValueError(complaint("corrupt", "strength", f"{constraint} with {noise!r} noise", strength, "Try 0.5"))
    return NOISES[noise](view, draws, strength)


def _gaussian(view: Tensor, draws: Draws, strength: float) -> Tensor:
    return view + strength * draws.normal(view[0].numel()).view_as(view).to(view.dtype)


def _masking(view: Tensor, draws: Draws, strength: float) -> Tensor:
    return view.masked_fill(_places(draws, view) < strength, 0)


def _salt_and_pepper(view: Tensor, draws: Draws, strength: float) -> Tensor:
    u, sides = _places(draws, view), tuple(range(2, view.ndim))
    salted = torch.where(u < strength / 2, view.amax(sides, keepdim=True), view)
    peppered = (u >= strength / 2) & (u < strength)
    return torch.where(peppered, view.amin(sides, keepdim=True), salted)


def _blur(view: Tensor, draws: Draws, strength: float) -> Tensor:
    sigma = strength * (1 + draws.uniform(1)[:, :, None].to(view.dtype)) / 2
    if view.ndim == 3:
        return view @ _window(view.shape[2], sigma).mT
    rows, columns = (_window(side, sigma) for side in view.shape[2:])
    return rows[:, None] @ view @ columns[:, None].mT


def _window(side: int, sigma: Float[Tensor, "n 1 1"]) -> Float[Tensor, "n s s"]:
    """What each place along a side takes from each other; beyond the border there is nothing."""
    place = torch.arange(side, device=sigma.device)
    window = torch.exp(-0.5 * ((place[:, None] - place) / sigma) ** 2)
    return window / window.sum(dim=2, keepdim=True)


def _places(draws: Draws, view: Tensor) -> Float[Tensor, "n 1 *sides"]:
    """A number in [0, 1) for each pixel or step."""
    sides = view.shape[2:]
    return draws.uniform(sides.numel()).view(-1, 1, *sides)


NOISES: dict[str, Callable[[Tensor, Draws, float], Tensor]] = {
    "gaussian": _gaussian,
    "masking": _masking,
    "salt_and_pepper": _salt_and_pepper,
    "blur": _blur,
}
"""The kinds of noise by name."""
