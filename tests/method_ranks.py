"""Every method on one of several ranks: importable, because processes that are started import it."""

from typing import Any

import torch
from cases import CASES, rows_of
from ranks import share

from nearfar.distributed import Group
from nearfar.networks import synchronize_batch_norm

NUM_ROWS = 8


def every_method(group: Group | None) -> dict[str, dict[str, Any]]:
    """Loss, gradients and state of each tiny method after one step over this rank's rows, in float64."""
    return {name: _one(name, group) for name in CASES}


def _one(name: str, group: Group | None) -> dict[str, Any]:
    torch.manual_seed(0)
    case = CASES[name]
    method = synchronize_batch_norm(case.make(case.network()).double(), group)
    whole = case.batch(NUM_ROWS, seed=0, dtype=torch.float64)
    result = method(rows_of(whole, lambda x: share(x, group)))
    result.loss.backward()
    method.update([result], 0.5)
    gradients = {key: weight.grad for key, weight in method.named_parameters() if weight.grad is not None}
    return {"loss": result.loss.detach(), "gradients": gradients, "state": method.state_dict()}
