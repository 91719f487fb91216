"""The one loop: every method, on every modality, is trained by `train`, in the order that can be read there."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.optim import Optimizer

from nearfar.data.feed import RawBatch
from nearfar.engine.optim import set_rate
from nearfar.errors import NonFiniteLossError, complaint
from nearfar.methods.method import Batch, Method, Step
from nearfar.views.plan import ViewPlan
from nearfar.views.tokens import Tokens

__all__ = ["Feed", "Watch", "make_batch", "train"]


@runtime_checkable
class Feed(Protocol):
    """What training reads: this rank's share of every micro-step's batch."""

    def batches(self, first_step: int, last_step: int) -> Iterator[RawBatch]:
        """The raw batches of the micro-steps from `first_step` up to, and without, `last_step`."""
        ...


@runtime_checkable
class Watch(Protocol):
    """Who is told of every finished optimizer step, to record it and to save the state."""

    def __call__(self, step: int, results: Sequence[Step]) -> None:
        """`step` optimizer steps are done; `results` are those of the last one's micro-steps."""
        ...


def train(
    method: Method,
    feed: Feed,
    plan: ViewPlan,
    optimizer: Optimizer,
    *,
    steps: int,
    schedule: Callable[[float], float],
    seed: int = 0,
    fabric: Fabric | None = None,
    accumulate: int = 1,
    clip: float | None = None,
    first_step: int = 0,
    watch: Watch | None = None,
) -> Method:
    """Trains a method.

    Every draw is a function of (seed, step, rank, example): a loop that starts at `first_step` with the method's and
    the optimizer's state of that step goes on, bit for bit, as if it had never stopped.

    Args:
        method: what to train; it is changed in place.
        feed: the raw batches.
        plan: which views are made of them.
        optimizer: over the method's parameters; every group states its `base_lr`.
        steps: optimizer steps of the whole run.
        schedule: progress in (0, 1] -> factor on the base rates.
        seed: of dropout and whatever else draws inside networks.
        fabric: devices, precision and ranks; a plain one when it is not given.
        accumulate: micro-steps per optimizer step.
        clip: greatest norm of the gradient.
        first_step: optimizer steps that are done already.
        watch: told of every finished step.

    Returns:
        The method, trained.

    Raises:
        NonFiniteLossError: a loss was not a number; no weight has been moved by it.
    """
    fabric = fabric or Fabric()
    trained, stepper = fabric.setup(method, optimizer)
    trained.train()
    stream = feed.batches(first_step * accumulate, steps * accumulate)
    for step in range(first_step, steps):
        progress = (step + 1) / steps
        set_rate(optimizer, schedule(progress))
        results: list[Step] = []
        for micro in range(step * accumulate, (step + 1) * accumulate):
            batch = make_batch(plan, micro, next(stream), device=fabric.device)
            torch.manual_seed(_network_seed(seed, micro, fabric.global_rank))
            with fabric.no_backward_sync(trained, enabled=micro + 1 < (step + 1) * accumulate):
                result = trained(batch)
                _check_finite(result, step=step + 1)
                fabric.backward(result.loss / accumulate)
            results.append(result._replace(loss=result.loss.detach()))
        if clip is not None:
            fabric.clip_gradients(trained, stepper, max_norm=clip)
        stepper.step()
        stepper.zero_grad()
        method.update(results, progress)
        if watch is not None:
            watch(step + 1, results)
    return method


def make_batch(plan: ViewPlan, micro_step: int, raw: RawBatch, *, device: torch.device) -> Batch:
    """Moves a raw batch to the training device and makes its views there.

    Args:
        plan: which views.
        micro_step: counted from the start of the run.
        raw: what the feed gave.
        device: where training happens.
    """
    index = raw.index.to(device)
    label = None if raw.label is None else raw.label.to(device)
    views = plan.views(micro_step, _to(raw.examples, device), index)
    return Batch(views, label, index, plan.keys(micro_step, index))


def _to(examples: Any, device: torch.device) -> Any:
    if isinstance(examples, Tensor | Tokens):
        return examples.to(device, non_blocking=True)
    return tuple(_to(part, device) for part in examples)


def _network_seed(seed: int, micro_step: int, rank: int) -> int:
    """The seed of what networks draw in one micro-step on one rank."""
    digest = hashlib.blake2b(f"{seed} {micro_step} {rank}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def _check_finite(result: Step, *, step: int) -> None:
    """Stops a run whose loss is no longer a number, before it reaches the weights."""
    if torch.isfinite(result.loss):
        return
    terms = [name for name, value in result.logs.items() if not torch.isfinite(value).all()] or ["loss"]
    raise NonFiniteLossError(
        complaint(
            f"step {step}",
            " and ".join(terms),
            "finite",
            float(result.loss.detach()),
            "The last good checkpoint is kept; try a lower --learning-rate or --precision 32-true",
        )
    )
