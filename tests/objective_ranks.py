"""What each process of a test of contrastive objectives computes: importable, because processes are started."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nearfar.distributed import Group, rank, world_size
from nearfar.objectives import (
    _grid,
    _rows,
    _tiles,
    clip,
    debiased_nt_xent,
    decoupled_nt_xent,
    info_nce,
    info_nce_bank,
    nt_xent,
    sigmoid_pairs,
    sup_con,
)

__all__ = ["LOSSES", "ROWS", "everything"]

ROWS = {1: [10], 2: [3, 7], 3: [4, 1, 5], 4: [1, 5, 2, 2]}
"""How many rows each rank brings; always ten in all."""

BANK = torch.randn(13, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3))

LOSSES: dict[str, Callable[..., Tensor]] = {
    "nt_xent": lambda a, b, t, ids, **rest: nt_xent(a, b, temperature=t, **rest),
    "nt_xent of 3 views with ids": lambda a, b, t, ids, **rest: nt_xent(a, b, a * b, temperature=t, ids=ids, **rest),
    "decoupled": lambda a, b, t, ids, **rest: decoupled_nt_xent(a, b, temperature=t, **rest),
    "hard": lambda a, b, t, ids, **rest: debiased_nt_xent(
        a, b, temperature=t, positive_prior=0.02, hardness=1.0, **rest
    ),
    "info_nce": lambda a, b, t, ids, **rest: info_nce(
        a, torch.cat([a * b, b]), positive=len(a) + torch.arange(len(a)), temperature=t, **rest
    ),
    "info_nce with ids": lambda a, b, t, ids, **rest: info_nce(a, b, ids=ids, temperature=t, **rest),
    "bank": lambda a, b, t, ids, **rest: info_nce_bank(a, b, BANK, temperature=t, **rest),
    "sup_con out": lambda a, b, t, ids, **rest: sup_con(
        torch.stack([a, b], 1), ids.clamp(max=2) - 1, temperature=t, **rest
    ),
    "sup_con in": lambda a, b, t, ids, **rest: sup_con(a + b, ids - 1, temperature=t, variant="in", **rest),
    "clip": lambda a, b, t, ids, **rest: clip(a, b, logit_scale=1 / t, **rest),
    "clip smoothed with ids": lambda a, b, t, ids, **rest: clip(
        a, b, logit_scale=1 / t, label_smoothing=0.1, ids=ids, **rest
    ),
    "sigmoid_pairs": lambda a, b, t, ids, **rest: sigmoid_pairs(a, b, logit_scale=1 / t, logit_bias=-9 * t, **rest),
    "sigmoid_pairs with ids": lambda a, b, t, ids, **rest: sigmoid_pairs(
        a, b, logit_scale=1 / t, logit_bias=0.0, ids=ids, **rest
    ),
}


def everything(group: Group | None) -> dict[str, dict[str, Any]]:
    """Loss and gradients of every objective, of the whole matrix and by tiles, for this rank's rows."""
    found = {}
    for way, dense, tile in (("whole", 2**40, 512), ("tiles", 0, 3)):
        _tiles._DENSE, _rows._SMALL, _grid._TILE["cpu"] = dense, dense, tile
        found |= {f"{name}, {way}": one(loss, group) for name, loss in LOSSES.items()}
    return found


def one(loss: Callable[..., Tensor], group: Group | None) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(5)
    z = torch.randn(2, 10, 4, dtype=torch.float64, generator=generator)
    ids = torch.tensor([3, 1, 4, 1, 5, 9, 2, 0, 5, 3])
    counts, me = ROWS[world_size(group)], rank(group)
    a, b = (x.split(counts)[me].clone().requires_grad_() for x in (z[0], z[0] + z[1]))
    temperature = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    value = loss(a, b, temperature, ids.split(counts)[me], group=group)
    gradients = torch.autograd.grad(value, (a, b, temperature))
    return {"loss": value.detach(), **dict(zip(("a", "b", "temperature"), gradients, strict=True))}
