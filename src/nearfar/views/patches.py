"""A picture as a grid of overlapping patches."""

import torch
from jaxtyping import Num
from torch import Tensor

from nearfar.errors import complaint

__all__ = ["patch_grid"]


def patch_grid(
    pictures: Num[Tensor, "n c h w"], *, patch: int, grid: int
) -> Num[Tensor, "n {grid} {grid} c {patch} {patch}"]:
    """Square patches of each picture, evenly spread from its first row and column to its last.

    Patches overlap where they have to: 7 x 7 patches of 64 pixels cover 256 pixels at steps of 32, as in CPC.

    Args:
        pictures: the pictures.
        patch: height and width of a patch, in pixels.
        grid: how many patches lie beside and below each other, at least 2.

    Returns:
        Patches by row and column.

    Raises:
        ValueError: a patch is larger than a picture, or there are fewer than 2 by 2.

    Source: CPC, van den Oord et al. 2018, arXiv 1807.03748, section 3.3.
    """
    height, width = pictures.shape[2:]
    if grid < 2:
        raise ValueError(complaint("patch_grid", "grid", "at least 2", grid, "Try 7"))
    if not 1 <= patch <= min(height, width):
        constraint = f"from 1 to {min(height, width)} pixels, the pictures' shorter side"
        raise ValueError(complaint("patch_grid", "patch", constraint, patch, f"Try {max(1, min(height, width) // 4)}"))
    rows, columns = (_places(side, patch, grid, pictures.device) for side in (height, width))
    cut = pictures[:, :, rows[:, :, None, None], columns]
    return cut.permute(0, 2, 4, 1, 3, 5)


def _places(side: int, patch: int, grid: int, device: torch.device) -> Tensor:
    """The (grid, patch) pixels along one side that each patch holds."""
    starts = torch.linspace(0, side - patch, grid, device=device).round().long()
    return starts[:, None] + torch.arange(patch, device=device)
