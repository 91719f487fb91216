"""Positions in a grid as vectors."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.errors import complaint

__all__ = ["sine_cosine", "start_positions"]


def sine_cosine(rows: int, columns: int, dim: int) -> Float[Tensor, "{rows*columns} {dim}"]:
    """Fixed vectors that tell the places of a grid, row by row: sines and cosines of column and row.

    With w_i = 10000^(-4 i / dim) for i below dim / 4, a place at (row, column) has

        sin(column w_i), cos(column w_i), sin(row w_i), cos(row w_i)

    Args:
        rows: of the grid.
        columns: of the grid.
        dim: width of a vector, a multiple of 4.

    Raises:
        ValueError: the width is no multiple of 4.

    Source: Vaswani et al. 2017, arXiv 1706.03762, section 3.5, for each axis; columns stand first as in the code of
    MAE's authors, He et al. 2021, arXiv 2111.06377.
    """
    if dim < 4 or dim % 4:
        raise ValueError(complaint("sine_cosine", "dim", "a multiple of 4", dim, f"Try {max(4, round(dim / 4) * 4)}"))
    waves = 10000 ** (-4 / dim * torch.arange(dim // 4, dtype=torch.float64))
    row, column = (torch.arange(side, dtype=torch.float64)[:, None] * waves for side in (rows, columns))
    by_column = torch.cat([column.sin(), column.cos()], dim=1).expand(rows, -1, -1)
    by_row = torch.cat([row.sin(), row.cos()], dim=1)[:, None].expand(-1, columns, -1)
    return torch.cat([by_column, by_row], dim=2).flatten(0, 1).float()


def start_positions(net: Any) -> None:
    """Starts a ViT's learned positions as sines and cosines: near places are alike from the first step on.

    Args:
        net: of timm; one without learned positions, or of another kind, is left alone.
    """
    positions = getattr(net, "pos_embed", None)
    if isinstance(positions, nn.Parameter) and positions.ndim == 3 and positions.shape[2] % 4 == 0:
        rows, columns = net.patch_embed.grid_size
        fixed = sine_cosine(rows, columns, positions.shape[2])
        num_first = positions.shape[1] - len(fixed)  # class and register tokens have no place
        with torch.no_grad():
            positions[0, num_first:] = fixed
            positions[0, :num_first] = 0
