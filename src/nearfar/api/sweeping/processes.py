"""Trials in processes of their own: what breaks one breaks no other, and none outlives the sweep."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, NamedTuple

import torch

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

from nearfar.errors import RunError, complaint
from nearfar.records import SweepFolder, read_json

__all__ = ["Process", "alone", "end", "places", "start", "stop"]

PATIENCE = 20.0
"""Seconds to wait for the trials of a sweep that was killed, which end by themselves."""
GRACE = 300.0
"""Seconds in which a trial that is asked to stop saves its state."""
PROGRAM = "from nearfar.api.sweeping.trial import main; main()"

Place = Mapping[str, str]
"""What of the environment is a trial's own: its threads, its GPU."""


class Process(NamedTuple):
    """A trial that runs.

    Attributes:
        name: of the trial.
        place: what of the environment is its own.
        process: the process.
        lines: where its words go.
    """

    name: str
    place: Place
    process: subprocess.Popen[bytes]
    lines: IO[bytes]


@contextlib.contextmanager
def alone(files: SweepFolder) -> Iterator[int | None]:
    """Holds the sweep's folder against other sweeps for as long as it or a trial of it runs.

    Args:
        files: the folder.

    Yields:
        The descriptor that trials inherit, and by which they hold the folder too.

    Raises:
        RunError: another sweep runs in it.
    """
    if fcntl is None:
        yield None
        return
    with files.lock.open("wb") as lock:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > until:
                    constraint, next_step = (
                        "a folder in which no sweep runs",
                        "Wait for its end, or choose another --out",
                    )
                    raise RunError(complaint("sweep", "out", constraint, str(files.path), next_step)) from None
                time.sleep(0.2)
        yield lock.fileno()


def places(at_once: int, *, devices: int | None) -> list[Place]:
    """What of the machine each of some trials has while they run at once: its part of the cores, and one GPU each.

    Args:
        at_once: how many run at once.
        devices: how many devices each takes for itself; with more than one, GPUs are not handed out.
    """
    if at_once == 1:
        return [{}]
    threads = {} if "OMP_NUM_THREADS" in os.environ else {"OMP_NUM_THREADS": str(max(1, _cores() // at_once))}
    gpus = _gpus() if devices in (None, 1) else []
    pinned = [{"CUDA_VISIBLE_DEVICES": gpus[place % len(gpus)]} if len(gpus) > 1 else {} for place in range(at_once)]
    return [threads | own for own in pinned]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _gpus() -> Sequence[str]:
    count = torch.cuda.device_count()
    named = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    return named[:count] or [str(number) for number in range(count)]


def start(files: SweepFolder, name: str, place: Place, *, lock: int | None) -> Process:
    """Starts a trial, or goes on with it.

    Args:
        files: the sweep's folder.
        name: of the trial.
        place: what of the environment is its own.
        lock: what `alone` gave.
    """
    lines = files.log(name).open("ab")
    # A session of its own: Ctrl-C in a terminal reaches the sweep alone, which hands it on.
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(files.path), name],
        stdin=subprocess.PIPE,
        stdout=lines,
        stderr=lines,
        env=os.environ | place,
        pass_fds=() if lock is None else (lock,),
        start_new_session=True,
    )
    return Process(name, place, process, lines)


def end(files: SweepFolder, ended: Process) -> None:
    """Closes what belongs to a process that has ended; where it left no word, its record says how it ended.

    Args:
        files: the sweep's folder.
        ended: the process.
    """
    code = ended.process.returncode
    if ended.process.stdin is not None:
        ended.process.stdin.close()
    ended.lines.close()
    record = read_json(files.trial(ended.name))
    if record["state"] == "begun":
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
        want = ", perhaps for want of memory" if code == -signal.SIGKILL else ""
        files.write_trial(
            record | {"state": "failed", "said": f"The process ended {how}{want}; see {files.log(ended.name)}."}
        )


def stop(running: Sequence[Process], number: signal.Signals) -> None:
    """Asks trials to save their state and end, and waits for them.

    Args:
        running: the trials.
        number: the signal to hand on.
    """
    for one in running:
        with contextlib.suppress(ProcessLookupError):
            one.process.send_signal(number)
    until = time.monotonic() + GRACE
    try:
        for one in running:
            one.process.wait(max(0.0, until - time.monotonic()))
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        for one in running:
            one.process.kill()
            one.process.wait()
    finally:
        for one in running:
            if one.process.stdin is not None:
                one.process.stdin.close()
            one.lines.close()
