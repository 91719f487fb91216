"""Devices, ranks and precision, through Fabric."""

import logging
import os
from inspect import signature
from typing import Any, Literal, get_args

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy
from torch.nn.parallel import DistributedDataParallel

from nearfar.errors import complaint, suggestion

__all__ = ["PRECISIONS", "Precision", "choose_precision", "make_fabric"]

Precision = Literal["32-true", "bf16-mixed", "16-mixed", "64-true"]
PRECISIONS = ("auto", *get_args(Precision))


_BUFFER_FLAGS = ("forward_sync_buffers", "broadcast_buffers")  # what DDP calls it depends on torch's version
_KNOWN_FLAGS = signature(DistributedDataParallel).parameters
_OWN_BUFFERS: dict[str, Any] = {next(flag for flag in _BUFFER_FLAGS if flag in _KNOWN_FLAGS): False}


def choose_precision(precision: str = "auto") -> Precision:
    """The precision to train in: "bf16-mixed" where the hardware multiplies bfloat16 natively, else "32-true".

    Args:
        precision: "auto", or one of Fabric's names, which is returned as it is.

    Raises:
        ValueError: the name is unknown.
    """
    if precision not in PRECISIONS:
        raise ValueError(
            complaint(
                "pretrain", "precision", f"one of {', '.join(PRECISIONS)}", precision, suggestion(precision, PRECISIONS)
            )
        )
    for name in get_args(Precision):
        if precision == name:
            return name
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"
    if torch.backends.mps.is_available():
        return "32-true"
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bf16-mixed" if native else "32-true"


def make_fabric(*, devices: int | None = None, precision: str = "auto") -> Fabric:
    """Fabric, launched: in every rank this returns once all ranks are there.

    Args:
        devices: processes on this machine, one a device; None for one, or for what torchrun or SLURM started.
        precision: as for `choose_precision`.

    Raises:
        ValueError: more devices are asked for than there are.
    """
    available = torch.cuda.device_count()
    if devices is not None and (devices < 1 or (available and devices > available)):
        constraint = f"between 1 and {available}" if available else "at least 1"
        raise ValueError(complaint("pretrain", "devices", constraint, devices, "Try --devices 1"))
    processes, machines = _started()
    processes = devices or processes
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    # Buffers belong to their rank: DDP's default would overwrite queues and banks with rank 0's.
    strategy = DDPStrategy(**_OWN_BUFFERS) if processes * machines > 1 else "auto"
    fabric = Fabric(devices=processes, num_nodes=machines, strategy=strategy, precision=choose_precision(precision))
    fabric.launch()
    return fabric


def _started() -> tuple[int, int]:
    """Processes on each machine, and machines, as torchrun or SLURM started them; one and one otherwise."""
    known = os.environ
    if torch.distributed.is_torchelastic_launched():
        local = int(known["LOCAL_WORLD_SIZE"])
        return local, int(known["WORLD_SIZE"]) // local
    if SLURMEnvironment.detect():
        machines = int(known["SLURM_NNODES"])
        return int(known["SLURM_NTASKS"]) // machines, machines
    return 1, 1
