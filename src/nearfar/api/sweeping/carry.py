"""Carrying out a plan: trials run, what came of each is told and kept, and a signal stops them all gently."""

import json
import time
from collections.abc import Sequence
from signal import SIGTERM

from rich.console import Console
from rich.text import Text

from nearfar.api.ready import tell
from nearfar.api.sweeping.plan import Plan
from nearfar.api.sweeping.processes import Process, end, places, start, stop
from nearfar.api.sweeping.trial import Task, attempt
from nearfar.engine.display import duration
from nearfar.engine.recorder import signals_noted
from nearfar.errors import Interrupted
from nearfar.records import RunFolder, SweepFolder, read_json, write_json
from nearfar.report import read_sweep, score_text, score_title, write_sweep

__all__ = ["carry_out"]

PAUSE = 0.25
"""Seconds between looks at the running trials."""


def carry_out(task: Task, files: SweepFolder, plan: Plan, *, at_once: int, lock: int | None) -> None:
    """Runs all trials of a plan.

    What learns from objects in memory runs in this process, one after the other; anything else in processes of its
    own.

    Args:
        task: what the trials have in common.
        files: the sweep's folder.
        plan: which trials.
        at_once: how many run at a time.
        lock: what `alone` gave.

    Raises:
        Interrupted: a signal came; what was running has saved its state.
    """
    before = f", {plan.ended} of them done before" if plan.ended else ""
    tell(f"{plan.total} trials in {files.path}{before}.")
    _keep(files)
    if task.is_on_disk:
        _apart(task, files, plan, at_once=at_once, lock=lock)
        return
    while (name := plan.next()) is not None:
        attempt(task, files, name)
        tell(_taken(files, plan, name))


def _apart(task: Task, files: SweepFolder, plan: Plan, *, at_once: int, lock: int | None) -> None:
    free, running = places(at_once, devices=task.devices), list[Process]()
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with signals_noted() as signals, console.status("", spinner="line") as status:
        try:
            while True:
                for one in [one for one in running if one.process.poll() is not None]:
                    running.remove(one)
                    end(files, one)
                    free.append(one.place)
                    console.print(_taken(files, plan, one.name), markup=False)
                while free and not signals.asked and (name := plan.next()) is not None:
                    running.append(start(files, name, free.pop(0), lock=lock))
                if signals.asked or not running:
                    break
                status.update(_standing(files, plan, running))
                time.sleep(PAUSE)
        finally:
            stop(running, signals.asked or SIGTERM)
    if signals.asked:
        done = f"{plan.ended} of {plan.total} trials are done"
        said = f"Stopped by {signals.asked.name}: {done}, what ran has saved its state."
        raise Interrupted(said, run=files.path, signal=signals.asked)


def _taken(files: SweepFolder, plan: Plan, name: str) -> str:
    """Takes note of a trial that has ended, and says what came of it."""
    record = plan.end(name)
    _keep(files)
    place = f"[{plan.ended}/{plan.total}] {name}"
    if record["state"] == "failed":
        return f"{place} failed: {record['said']}"
    accuracies = {probe: score["accuracy"] for probe, score in record["scores"].items()}
    shown = {plan.by: record["label_free"].get(plan.by), **accuracies} if plan.by not in accuracies else accuracies
    told = [f"{score_title(score)} {score_text(score, value)}" for score, value in shown.items() if value is not None]
    return f"{place}: {', '.join(told)}; learned in {duration(record['seconds'])}."


def _keep(files: SweepFolder) -> None:
    """Writes what is known so far: the record and the page."""
    found = read_sweep(files.path)
    write_json(files.sweep, found.as_dict())
    write_sweep(found)


def _standing(files: SweepFolder, plan: Plan, running: Sequence[Process]) -> Text:
    """How far the sweep is, in a line."""
    each = ", ".join(f"{one.name} {_part(RunFolder(files.run(one.name)))}" for one in running)
    return Text(f"{plan.ended} of {plan.total} trials done; now {each}")


def _part(files: RunFolder) -> str:
    """How much of its training a run has done."""
    try:
        line = files.metrics.read_bytes().splitlines()[-1]
        return f"{100 * json.loads(line)['step'] / read_json(files.run)['steps']:.0f} %"
    except (OSError, IndexError, KeyError, ValueError):  # not yet
        return "begins"
