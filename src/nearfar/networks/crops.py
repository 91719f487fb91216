"""One pass for all views of one size."""

from collections.abc import Callable, Sequence
from itertools import groupby

import torch
from torch import Tensor

__all__ = ["pass_by_size"]


def pass_by_size(network: Callable[[Tensor], Tensor], views: Sequence[Tensor]) -> list[Tensor]:
    """What a network makes of each view, in one pass for each run of views of one size.

    Batch norm then takes its statistics over all views of a size, as in the authors' code of SwAV and DINO.

    Args:
        network: maps (n, c, h, w) to n rows.
        views: each (n, c, h, w); sizes may differ.

    Returns:
        One tensor of n rows for each view, in order.
    """
    made: list[Tensor] = []
    for _, alike in groupby(views, key=lambda view: view.shape):
        together = list(alike)
        made += network(torch.cat(together)).chunk(len(together))
    return made
