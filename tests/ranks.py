"""What each process does in the distributed tests: importable, because processes that are started import it."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, multiprocessing, nn
from torch.nn.parallel import DistributedDataParallel

from nearfar.distributed import (
    Group,
    all_gather,
    all_reduce,
    barrier,
    broadcast_object,
    first_row,
    rank,
    world,
    world_size,
)
from nearfar.networks.norm import synchronize_batch_norm
from nearfar.objectives import info_nce, nt_xent

__all__ = ["ROWS", "Pairs", "collectives", "everything", "gradients", "pairs", "run", "two_towers"]

ROWS = {2: [3, 5], 3: [4, 2, 3]}
"""How many rows each rank brings."""


class Pairs(nn.Module):
    """A small network with batch norm of both kinds of input, and NT-Xent on top."""

    def __init__(self) -> None:
        super().__init__()
        self.filters = nn.Sequential(nn.Conv2d(1, 4, 2), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten())
        self.head = nn.Sequential(nn.Linear(16, 8), nn.BatchNorm1d(8, affine=False), nn.ReLU(), nn.Linear(8, 5))

    def forward(self, view_a: Tensor, view_b: Tensor) -> Tensor:
        z_a, z_b = (self.head(self.filters(view)) for view in (view_a, view_b))
        return nt_xent(z_a, z_b, temperature=0.3, group=world())


def share(x: Tensor, group: Group | None) -> Tensor:
    """This rank's rows of a tensor that every rank has."""
    return x if group is None else x.split(ROWS[world_size(group)])[rank(group)]


def gradients(module: nn.Module) -> dict[str, Tensor]:
    return {name: parameter.grad for name, parameter in module.named_parameters()}


def pairs(group: Group | None, num_rows: int) -> dict[str, Any]:
    """Loss, gradients and state of `Pairs` after one backward pass through DDP."""
    torch.manual_seed(1)
    module = Pairs().double()
    views = torch.randn(2, num_rows, 1, 3, 3, dtype=torch.float64) + 2.0
    synchronize_batch_norm(module, group)
    wrapped = module if group is None else DistributedDataParallel(module, broadcast_buffers=False)
    loss = wrapped(share(views[0], group), share(views[1], group))
    loss.backward()
    return {"loss": loss.detach(), "gradients": gradients(module), "state": module.state_dict()}


def two_towers(group: Group | None, num_rows: int) -> dict[str, Any]:
    """Loss and gradients of InfoNCE between two linear towers: loss and direction are not symmetric."""
    torch.manual_seed(2)
    towers = nn.ModuleDict({"query": nn.Linear(6, 4), "key": nn.Linear(6, 4)}).double()
    x, y = torch.randn(2, num_rows, 6, dtype=torch.float64)
    query, keys = towers["query"](share(x, group)), towers["key"](share(y, group))
    loss = info_nce(query, keys.flip(0), positive=torch.arange(len(keys)).flip(0), temperature=0.3, group=group)
    loss.backward()
    averaged = {name: all_reduce(value, group) / world_size(group) for name, value in gradients(towers).items()}
    return {"loss": loss.detach(), "gradients": averaged}


def collectives(group: Group) -> dict[str, Any]:
    """What each collective gives this rank, and the gradients that come back through it."""
    me = rank(group)
    x = (torch.arange(2.0 * ROWS[world_size(group)][me]).view(-1, 2) + 100 * me).requires_grad_()
    gathered = all_gather(x, group)
    slope = torch.arange(gathered.numel(), dtype=torch.float32).view_as(gathered) * (me + 1)
    (through_gather,) = torch.autograd.grad((gathered * slope).sum(), x)
    y = torch.tensor([1.0 + me, 10.0], requires_grad=True)
    total = all_reduce(y, group)
    (through_sum,) = torch.autograd.grad(((me + 1) * total**3).sum(), y, create_graph=True)
    (twice,) = torch.autograd.grad(through_sum.sum(), y)
    barrier(group)
    return {
        "gathered": gathered.detach(),
        "through_gather": through_gather,
        "labels": all_gather(torch.full((me,), me), group),
        "first_row": first_row(x, group),
        "total": total.detach(),
        "through_sum": through_sum.detach(),
        "twice": twice,
        "object": broadcast_object({"from": me}, group),
        "rank": (me, world_size(group)),
    }


def everything(group: Group) -> dict[str, Any]:
    num_rows = sum(ROWS[world_size(group)])
    return {"collectives": collectives(group), "pairs": pairs(group, num_rows), "towers": two_towers(group, num_rows)}


Result = TypeVar("Result")


def run(work: Callable[[Group], Result], num_ranks: int, folder: Path) -> list[Result]:
    """What `work`, a function of an importable module, gives on each of some ranks that talk by gloo."""
    arguments = (num_ranks, str(folder), work.__module__, work.__name__)
    # A server that has torch already forks the ranks, which is as clean as new processes and quicker.
    multiprocessing.set_forkserver_preload(["torch.nn.parallel"])
    multiprocessing.start_processes(_rank, arguments, nprocs=num_ranks, start_method="forkserver")
    return [torch.load(folder / f"{number}.pt", weights_only=False) for number in range(num_ranks)]


def _rank(number: int, num_ranks: int, folder: str, module: str, name: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=number, world_size=num_ranks)
    group = world()
    assert group is not None
    torch.save(getattr(importlib.import_module(module), name)(group), f"{folder}/{number}.pt")
    dist.destroy_process_group()
