"""What can be known before a run begins: whether it fits into memory, and whether its network takes its pictures."""

import re
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from nearfar.engine.image_spec import ImageSpec
from nearfar.engine.series_spec import SeriesSpec
from nearfar.engine.spec import EncoderSpec
from nearfar.errors import RunError, complaint
from nearfar.methods.method import Method
from nearfar.views.plan import AnyPolicy, ViewPlan
from nearfar.views.policy import Policy
from nearfar.views.series import SeriesPolicy

__all__ = ["available_memory", "check_memory", "check_network", "check_precision"]

GIB = 2**30
COPIES = 4
"""Training holds each parameter, its gradient and two moments of it."""


def available_memory() -> int | None:
    """Bytes of memory that are free for use, no more than a container may have; None where the system does not say."""
    found = re.search(r"MemAvailable:\s*(\d+) kB", _text("/proc/meminfo"))
    if found is None:
        return None
    limit = _text("/sys/fs/cgroup/memory.max").strip()
    free = int(found[1]) * 1024
    return min(free, int(limit)) if limit.isdigit() else free


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def check_precision(precision: str) -> None:
    """Refuses a precision that this machine would replace by another.

    Args:
        precision: as the user said it.

    Raises:
        ValueError: it is float16, and there is no GPU.
    """
    if precision == "16-mixed" and not (torch.cuda.is_available() or torch.backends.mps.is_available()):
        constraint = "one that this machine computes in, which has no GPU"
        raise ValueError(complaint("pretrain", "precision", constraint, precision, "Try --precision auto"))


def check_memory(
    make: Callable[[nn.Module], Method],
    spec: EncoderSpec,
    policy: AnyPolicy,
    *,
    batch_size: int,
    device: torch.device,
) -> None:
    """Refuses a run of which network, optimizer and views alone are more than memory holds.

    What the network keeps for its backward pass comes on top and is not known here.

    Args:
        make: backbone -> method.
        spec: of the backbone.
        policy: the views at full resolution.
        batch_size: examples at once.
        device: where the run computes.

    Raises:
        RunError: there is too little memory.
    """
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else available_memory()
    if free is None:
        return
    need = 4 * batch_size * _pixels(spec, policy) + _state_bytes(make, spec)
    if need > free:
        raise RunError(
            complaint(
                "pretrain",
                "memory",
                f"at least {need / GIB:,.1f} GiB, for network and views",
                f"{free / GIB:,.1f} GiB",
                "Try a smaller --batch-size, --size or network",
            )
        )


def _pixels(spec: EncoderSpec, policy: AnyPolicy) -> int:
    """Numbers in the views of one picture or series; tokens are too few to count."""
    if isinstance(policy, SeriesPolicy):
        assert isinstance(spec, SeriesSpec)
        return spec.channels * sum(view.length for view in policy.views)
    if not isinstance(policy, Policy):
        return 0
    assert isinstance(spec, ImageSpec)
    return spec.channels * sum(view.size**2 for view in policy.views)


def _state_bytes(make: Callable[[nn.Module], Method], spec: EncoderSpec) -> int:
    """What training holds of a method, counted without making it; 0 for networks that must be made to be known."""
    try:
        with torch.device("meta"):
            method = make(spec.build())
    except (NotImplementedError, RuntimeError):
        return 0
    weights = sum(value.numel() * value.element_size() for value in method.parameters())
    return COPIES * weights + sum(value.numel() * value.element_size() for value in method.buffers())


@torch.no_grad()
def check_network(network: nn.Module, spec: EncoderSpec, plan: ViewPlan) -> None:
    """Shows a network of pictures blank ones of every size that the run has, to find out now whether it takes them.

    Args:
        network: the backbone; it is as before when this returns.
        spec: of the backbone.
        plan: the views.

    Raises:
        RunError: the network refuses a size.
    """
    if not isinstance(spec, ImageSpec) or not isinstance(plan.policy, Policy):
        return
    sizes = {view.size for _, factor in plan.stages for view in plan.policy.resized(factor).views}
    was_training = network.training
    network.eval()
    for size in sorted(sizes | {spec.size}):
        try:
            network(torch.zeros(1, spec.channels, size, size))
        except Exception as error:  # networks refuse in any way
            reason = str(error).partition("\n")[0] or type(error).__name__
            constraint = f"one that the backbone {spec.backbone!r} takes"
            begin = "" if size == spec.size else f", in parts of the run {size}"
            got = f"{spec.size}{begin}: {reason.rstrip('.')}"
            raise RunError(complaint("pretrain", "size", constraint, got, "Try another --size or --backbone")) from None
    network.train(was_training)
