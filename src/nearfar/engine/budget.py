"""How many steps fit into some minutes: measured once, on a copy, and then fixed."""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import fmean

from lightning_fabric import Fabric
from torch.optim import Optimizer

from nearfar.distributed import broadcast_object, world
from nearfar.engine.train import Feed, train
from nearfar.methods.method import Method, Step
from nearfar.views.plan import ViewPlan

__all__ = ["steps_within"]

MEASURED_STEPS = 4
"""Fewer steps than these say nothing; their fastest says how many fit into the time for measuring."""
MEASURED_TIME = 0.03
"""The part of the time that goes into measuring: processors are faster in their first second than in their tenth."""
OVERHEAD = 0.97
"""The part of the time that steps get; the rest is for records, checkpoints and diagnostics."""


def steps_within(
    seconds: float,
    method: Method,
    feed: Feed,
    plan: ViewPlan,
    make_optimizer: Callable[[Method], Optimizer],
    *,
    fabric: Fabric,
    accumulate: int = 1,
) -> int:
    """The number of optimizer steps that fit into a time on this machine.

    Steps are timed at every stage of the resolution schedule, on a copy of the method that is then thrown away.

    Args:
        seconds: of training.
        method: what will be trained; it is not changed.
        feed: the raw batches.
        plan: the views.
        make_optimizer: gives an optimizer over the parameters of the copy.
        fabric: devices and ranks; all ranks agree on rank 0's measurement.
        accumulate: micro-steps per optimizer step.

    Returns:
        At least 1.
    """
    begun = time.monotonic()
    starts = [start for start, _ in plan.stages] + [1.0]
    per_step = 0.0
    for number, (start, factor) in enumerate(plan.stages):
        stage = replace(plan, stages=((0.0, factor),))
        cost = _seconds_per_step(
            method, feed, stage, make_optimizer,
            fabric=fabric, accumulate=accumulate, seconds=seconds * MEASURED_TIME / len(plan.stages),
        )  # fmt: skip
        per_step += (starts[number + 1] - start) * cost
    left = seconds - (time.monotonic() - begun)
    return int(broadcast_object(max(1, int(OVERHEAD * left / per_step)), world()))


def _seconds_per_step(
    method: Method,
    feed: Feed,
    plan: ViewPlan,
    make_optimizer: Callable[[Method], Optimizer],
    *,
    fabric: Fabric,
    accumulate: int,
    seconds: float,
) -> float:
    """The fastest of a few steps, and then, where the time allows more of them, the mean."""
    twin = copy.deepcopy(method)
    optimizer = make_optimizer(twin)
    for group in optimizer.param_groups:
        group["base_lr"] = 0.0
    moments: list[float] = []

    def note(step: int, results: Sequence[Step]) -> None:
        float(results[-1].loss)  # waits for the device
        moments.append(time.monotonic())

    def go(steps: int) -> list[float]:
        moments.clear()
        train(
            twin, feed, plan, optimizer,
            steps=steps, schedule=lambda progress: 0.0, fabric=fabric, accumulate=accumulate, watch=note,
        )  # fmt: skip
        return [later - earlier for earlier, later in pairwise(moments)]

    fastest = min(go(MEASURED_STEPS))
    steps = int(broadcast_object(int(seconds / fastest), world()))
    return fmean(go(steps)) if steps > MEASURED_STEPS else fastest
