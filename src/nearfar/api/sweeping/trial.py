"""One trial of a sweep, from wherever it stands to its end: learn, judge, record.

A process of its own runs one by `main`, and ends when the sweep's does.
"""

import contextlib
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nearfar.api.judging import evaluate, write_report
from nearfar.api.learning import pretrain, resume
from nearfar.api.loading import load
from nearfar.api.ready import tell
from nearfar.data import Reading
from nearfar.engine import Encoder, label_free
from nearfar.engine.intake import place_of
from nearfar.errors import Interrupted, NearfarError
from nearfar.records import MetricsLog, RunFolder, SweepFolder, read_json

__all__ = ["Task", "attempt", "main"]

JUDGING_SEED = 0
"""Of what is held out and of the probes' draws: the same for all trials, whatever they were trained with."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What all trials of a sweep have in common.

    Attributes:
        method: its name.
        data: what is learned from and judged by.
        split: of the data.
        test: other data to score on; None for none.
        validation: as for `pretrain`.
        log: as for `pretrain`.
        devices: as for `pretrain`.
        workers: as for `pretrain`.
        reading: how the data is read.
        probes: what trials are judged by; none where there are no labels.
    """

    method: str
    data: Any
    split: str | None
    test: Any
    validation: Any
    log: tuple[str, ...]
    devices: int | None
    workers: int
    reading: Reading
    probes: tuple[str, ...]

    @property
    def is_on_disk(self) -> bool:
        """Whether another process finds all that is needed."""
        return all(one is None or place_of(one) is not None for one in (self.data, self.test, self.validation))

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> "Task":
        """The task that `sweep.json` tells of."""
        known = {name: asked[name] for name in ("method", "data", "split", "test", "validation", "devices", "workers")}
        reading = Reading(**asked["reading"])
        return cls(**known, log=tuple(asked["log"]), probes=tuple(asked["probes"]), reading=reading)


def attempt(task: Task, files: SweepFolder, name: str) -> None:
    """Brings one trial to its end and records what came of it; what is done already is not done again.

    Args:
        task: what the trials have in common.
        files: the sweep's folder.
        name: of the trial, whose record is there.

    Raises:
        Interrupted: a signal came; the trial's state is saved, and nothing is recorded.
    """
    record = read_json(files.trial(name))
    try:
        outcome: dict[str, Any] = _carried_out(task, RunFolder(files.run(name)), record)
    except Interrupted:
        raise
    except Exception as error:
        said = str(error).strip().partition("\n")[0]
        if not (isinstance(error, NearfarError) or (isinstance(error, ValueError) and " must be " in said)):
            traceback.print_exception(error)
            said = f"{type(error).__name__}: {said}".rstrip(": ")
        tell(said)
        outcome = {"state": "failed", "said": said}
    files.write_trial(record | outcome)


def _carried_out(task: Task, files: RunFolder, record: Mapping[str, Any]) -> dict[str, Any]:
    if not (files.encoder.exists() and (files.gallery / "sample.parquet").exists()):
        _learn(task, files, record["settings"])
    encoder = load(files.path)
    judged = _judged(task, files, encoder, with_baselines=record["number"] == 0)
    write_report(files.path)
    last = MetricsLog.read(files.metrics)[-1:]
    return {
        "state": "done",
        **judged,
        "width": encoder.dim,
        "seconds": sum(float(line["seconds"]) for line in last),
        "guard": _guard(files),
    }


def _judged(task: Task, files: RunFolder, encoder: Encoder, *, with_baselines: bool) -> dict[str, Any]:
    """Probes where there are labels, and what needs none; baselines are the same for all trials, and judged once."""
    if not task.probes:
        source = encoder.opened(task.data, split=task.split, reading=task.reading, where="sweep")
        return {"scores": {}, "label_free": label_free(encoder, source, seed=JUDGING_SEED)}
    found = evaluate(
        files.path, task.data, split=task.split, test=task.test, probes=task.probes,
        baselines=with_baselines, seed=JUDGING_SEED, reading=task.reading,
    )  # fmt: skip
    scores = {name: {"accuracy": one.accuracy, "interval": list(one.interval)} for name, one in found.scores.items()}
    return {"scores": scores, "label_free": dict(found.label_free)}


def _learn(task: Task, files: RunFolder, settings: Mapping[str, Any]) -> None:
    """Trains from the checkpoint on or, where there is none, from the first step."""
    if files.checkpoint.exists():
        resume(files.path, data=task.data, devices=task.devices, workers=task.workers)
        return
    if files.path.exists():
        shutil.rmtree(files.path)  # what a run leaves before its first checkpoint
    given = {name: value for name, value in settings.items() if value is not None}
    pretrain(
        task.method, task.data, split=task.split, out=files.path, devices=task.devices, workers=task.workers,
        validation=task.validation, log=task.log, reading=task.reading, **given,
    )  # fmt: skip


def _guard(files: RunFolder) -> str | None:
    """What the guard said last, if it was more than that it is too early to say."""
    states = [line.get("guard") for line in MetricsLog.read(files.metrics)]
    return next((state for state in reversed(states) if state not in (None, "early")), None)


def main() -> None:
    """Runs the trial that the command line names: the sweep's folder and the trial's name."""
    threading.Thread(target=_end_with_the_sweep, daemon=True).start()
    files, name = SweepFolder(Path(sys.argv[1])), sys.argv[2]
    task = Task.of(read_json(files.sweep)["asked"])
    sys.argv = _command(task, files.run(name), read_json(files.trial(name))["settings"])
    try:
        attempt(task, files, name)
    except Interrupted as stopped:
        tell(str(stopped))
        raise SystemExit(128 + stopped.signal) from None


def _end_with_the_sweep() -> None:
    """Ends this process once the sweep's has gone, however it went: it holds the other end of this one's input."""
    with contextlib.suppress(OSError):
        os.read(0, 1)  # not by sys.stdin, whose lock the interpreter wants back when it ends
    os._exit(1)


def _command(task: Task, out: Path, settings: Mapping[str, Any]) -> list[str]:
    """What to type to get a trial's run by itself."""
    given = {"split": task.split, **settings, "out": str(out)}
    words = ["nearfar", "pretrain", task.method, str(task.data)]
    for name, value in given.items():
        if value is True:
            words.append(f"--{name.replace('_', '-')}")
        elif value not in (None, False, []):
            listed = value if isinstance(value, list) else [value]
            words += [f"--{name.replace('_', '-')}", *map(str, listed)]
    return words
