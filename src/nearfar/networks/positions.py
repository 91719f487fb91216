"""Positions in a grid as vectors."""

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.errors import complaint

__all__ = ["sine_cosine"]


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
