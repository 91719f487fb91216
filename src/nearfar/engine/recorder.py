"""What happens around the loop: records, checkpoints, signals."""

import contextlib
import math
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Protocol, runtime_checkable

import torch
from lightning_fabric import Fabric
from torch.optim import Optimizer

from nearfar.diagnostics import TROUBLE
from nearfar.distributed import all_reduce, broadcast_object, world, world_size
from nearfar.engine.checkpoint import save_checkpoint
from nearfar.engine.display import Display
from nearfar.engine.health import Checkup
from nearfar.errors import CollapseError, Interrupted, RunError, complaint
from nearfar.methods.method import Method, Step
from nearfar.records import MetricsLog, RunFolder

__all__ = ["RecordLogger", "Recorder", "Signals", "check_room", "signals_noted"]

CHECKPOINT_SECONDS = 60.0
RECORDS = 400
JUDGEMENTS = 10


@runtime_checkable
class RecordLogger(Protocol):
    """Where records go besides `metrics.jsonl`."""

    def log(self, record: dict[str, float], step: int) -> None:
        """Takes one record."""
        ...

    def close(self) -> None:
        """Finishes the log."""
        ...


class Signals:
    """Remembers that somebody asked the process to stop."""

    asked: signal.Signals | None = None


@contextlib.contextmanager
def signals_noted() -> Iterator[Signals]:
    """Notes SIGINT and SIGTERM instead of dying of them; a second one is taken at its word."""
    noted = Signals()

    def note(number: int, frame: FrameType | None) -> None:
        if noted.asked:
            raise KeyboardInterrupt
        noted.asked = signal.Signals(number)

    try:
        former = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: signals are not ours to take
        yield noted
        return
    try:
        yield noted
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


class Recorder:
    """Told of every step: writes `metrics.jsonl`, shows progress, saves `last.ckpt`, and stops when asked to.

    Args:
        fabric: for the number of this rank.
        method: whose state is saved.
        optimizer: whose state is saved.
        files: the run's folder.
        display: what people see.
        steps: of the run.
        batch_size: examples per step over all ranks.
        steps_per_epoch: a fraction.
        first_step: steps done before.
        first_seconds: seconds of training done before.
        work: steps -> the part of the run's work that they are.
        signals: whether somebody asked to stop.
        diagnose: label-free health of the method, for the guard; called as often as a hundredth of the time allows.
        judge: a probe; called after each of some parts of a run.
        on_collapse: "warn" says it when the guard finds the run stuck or collapsing; "stop" also ends the run where it
            finds so twice in a row.
        loggers: who else takes the numbers of the records.
    """

    def __init__(
        self,
        fabric: Fabric,
        method: Method,
        optimizer: Optimizer,
        files: RunFolder,
        display: Display,
        *,
        steps: int,
        batch_size: int,
        steps_per_epoch: float,
        work: Callable[[int], float],
        signals: Signals,
        first_step: int = 0,
        first_seconds: float = 0.0,
        diagnose: Callable[[], dict[str, float]] | None = None,
        judge: Callable[[], dict[str, float]] | None = None,
        on_collapse: str = "warn",
        loggers: Sequence[RecordLogger] = (),
    ) -> None:
        self.fabric, self.method, self.optimizer = fabric, method, optimizer
        self.files, self.display, self.signals = files, display, signals
        self.steps, self.batch_size, self.steps_per_epoch = steps, batch_size, steps_per_epoch
        self.judge, self.on_collapse, self.loggers = judge, on_collapse, loggers
        self.work, self.first_step = work, first_step
        self.stop: str | None = None
        self.begun = time.monotonic()
        self.started = self.begun - first_seconds
        self.recorded_at, self.recorded_step = time.monotonic(), first_step
        self.saved_at = time.monotonic()
        self.log = MetricsLog(files.metrics, after_step=first_step) if fabric.is_global_zero else None
        history = MetricsLog.read(files.metrics) if self.log else []
        self.checkup = (
            Checkup(diagnose, steps=steps, history=history, can_collapse=method.can_collapse) if diagnose else None
        )

    def __call__(self, step: int, results: Sequence[Step]) -> None:
        """After `step` steps."""
        last = step == self.steps
        if step % max(1, self.steps // RECORDS) == 0 or last:
            self._record(step, results, last=last)
        asked, is_stopped = self._agreed(self.signals.asked is not None, self.stop is not None)
        if is_stopped and not last:
            said = broadcast_object(f"Stopped after step {step:,} of {self.steps:,}. {self.stop}", world())
            raise CollapseError(f"{said} The last checkpoint is kept in {self.files.path}.")
        due = time.monotonic() - self.saved_at >= CHECKPOINT_SECONDS
        if due or asked or last:
            self.save(step, must=asked or last)
        if asked:
            name = self.signals.asked or signal.SIGTERM
            said = f"Stopped by {name.name} after step {step} of {self.steps}; the state is saved."
            raise Interrupted(said, run=self.files.path, signal=name)

    def _record(self, step: int, results: Sequence[Step], *, last: bool) -> None:
        record = self._facts(step, results)
        if self.fabric.is_global_zero:
            self._look(record)
            if self.judge and (_every(step, self.steps, JUDGEMENTS) or last):
                record |= self.judge()
            assert self.log is not None
            self.log.append(record)
            self.display.step(record)
            numbers = {name: value for name, value in record.items() if not isinstance(value, str)}
            for logger in self.loggers:
                logger.log(numbers, step)
        self.recorded_at, self.recorded_step = time.monotonic(), step

    def _look(self, record: dict[str, Any]) -> None:
        """Lets the guard look where it is time to, and passes on what is new in its words."""
        if self.checkup is None:
            return
        before = self.checkup.last
        verdict = self.checkup(record)
        if verdict is None:
            return
        if verdict.state not in ("early", before):
            self.display.verdict(verdict)
        if self.on_collapse == "stop" and verdict.state in TROUBLE and before in TROUBLE:
            self.stop = verdict.sentence

    def _facts(self, step: int, results: Sequence[Step]) -> dict[str, Any]:
        own = torch.stack([result.loss for result in results]).mean()
        loss = float(all_reduce(own, world()) / world_size(world()))
        elapsed = (time.monotonic() - self.recorded_at) / (step - self.recorded_step)
        facts = {
            "step": step,
            "epoch": step / self.steps_per_epoch,
            "loss": loss,
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            "examples_per_second": self.batch_size / elapsed,
            "seconds": time.monotonic() - self.started,
            "seconds_left": self._seconds_left(step),
        }
        micro_batch = self.batch_size // len(results)
        bounds = {"floor": self.method.floor(micro_batch), "chance": self.method.chance(micro_batch)}
        facts |= {name: value for name, value in bounds.items() if value is not None}
        return facts | {name: float(value) for name, value in results[-1].logs.items() if math.isfinite(float(value))}

    def _seconds_left(self, step: int) -> float:
        """How long the rest takes at the pace so far, weighing steps by their resolution."""
        done = self.work(step) - self.work(self.first_step)
        return (time.monotonic() - self.begun) * (1.0 - self.work(step)) / done

    def _agreed(self, *flags: bool) -> list[bool]:
        """Which flags any rank has raised, once every rank knows: ranks that stop at different steps would wait."""
        group = world()
        if group is None:
            return list(flags)
        raised = torch.tensor(flags, dtype=torch.float32, device=self.fabric.device)
        return [count > 0 for count in all_reduce(raised, group).tolist()]

    def save(self, step: int, *, must: bool = True) -> None:
        """Saves the state after `step` steps; an earlier one stays until this one is safe."""
        self.saved_at = time.monotonic()
        if not self.fabric.is_global_zero:
            return
        state = {
            "step": step,
            "seconds": time.monotonic() - self.started,
            "method": self.method.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        try:
            save_checkpoint(self.files.checkpoint, state)
        except OSError as error:
            sentence = complaint(
                "checkpoint", str(self.files.path), "writable, with room", error.strerror, "Free some space"
            )
            if must:
                raise RunError(sentence) from None
            self.display.say(f"{sentence} The earlier checkpoint is kept; training goes on.")

    def close(self) -> None:
        """Closes the logs."""
        if self.log is not None:
            self.log.close()
        for logger in self.loggers:
            logger.close()


def _every(step: int, steps: int, times: int) -> bool:
    """Whether a recorded step is one of about `times` spread over the run."""
    stride = max(1, steps // RECORDS)
    return (step // stride) % max(1, math.ceil(steps / stride / times)) == 0


def check_room(folder: Path, *, method: Method) -> None:
    """Refuses to start where the checkpoints would not fit.

    Raises:
        RunError: less room than two training states take.
    """
    state = 4 * sum(value.numel() * value.element_size() for value in method.state_dict().values())
    free = shutil.disk_usage(folder).free
    if free < 2 * state:
        raise RunError(
            complaint(
                "pretrain",
                "out",
                f"on a disk with {2 * state / 2**20:,.0f} MiB free",
                f"{free / 2**20:,.0f} MiB",
                "Free some space or choose another --out",
            )
        )
