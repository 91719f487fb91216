"""A sweep that is killed and goes on loses no trial that is done, runs none twice, and ends as if never killed."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nearfar.api.sweeping.processes import alone
from nearfar.records import MetricsLog, RunFolder, SweepFolder, read_json

SCRIPT = Path(__file__).with_name("killed_sweep.py")
STEPS = 80
PATIENCE = 1500.0


@pytest.fixture
def data(tmp_path: Path) -> Path:
    generator, labels = np.random.default_rng(0), np.arange(64) % 2
    pixels = generator.integers(0, 200, (64, 16, 16)) + 50 * labels[:, None, None]
    np.savez(tmp_path / "data.npz", x=pixels.astype(np.uint8), y=labels)
    return tmp_path / "data.npz"


def command(files: SweepFolder, data: Path) -> list[str]:
    return [sys.executable, str(SCRIPT), str(files.path), str(data), str(STEPS)]


def wait_for(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        assert process.poll() is None, process.communicate()[1].decode()
        assert time.monotonic() < until
        time.sleep(0.02)


def step_of(run: RunFolder) -> int:
    return max((line["step"] for line in MetricsLog.read(run.metrics)), default=0) if run.metrics.exists() else 0


def kill_in_the_middle(files: SweepFolder, data: Path, *, trial: int) -> RunFolder:
    """Kills the sweep, and nothing else, when a third of a trial's steps are done; its process ends by itself."""

    def is_there() -> bool:
        records = files.read_trials() if files.trials.exists() else []
        return len(records) > trial and step_of(RunFolder(files.run(records[trial]["name"]))) >= STEPS // 3

    with subprocess.Popen(command(files, data), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            wait_for(is_there, process)
        finally:
            process.kill()
    with alone(files):  # which its trial holds until it is gone
        pass
    run = RunFolder(files.run(files.read_trials()[trial]["name"]))
    assert run.checkpoint.exists()
    assert step_of(run) < STEPS
    return run


def finished(files: SweepFolder) -> dict[str, bytes]:
    records = [record for record in files.read_trials() if record["state"] == "done"]
    return {record["name"]: files.trial(record["name"]).read_bytes() for record in records}


def ended(files: SweepFolder, data: Path) -> list[dict[str, Any]]:
    done = subprocess.run(command(files, data), capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return files.read_trials()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_sweep_killed_twice_ends_as_one_never_killed(data: Path, tmp_path: Path) -> None:
    whole, killed = SweepFolder(tmp_path / "whole"), SweepFolder(tmp_path / "killed")
    expected = ended(whole, data)

    first = kill_in_the_middle(killed, data, trial=1)
    began, kept = first.run.read_bytes(), finished(killed)
    assert len(kept) == 1
    second = kill_in_the_middle(killed, data, trial=2)
    assert first.run.read_bytes() == began, "it went on and did not begin anew"
    began_too, kept_too = second.run.read_bytes(), finished(killed)
    assert len(kept_too) == 2
    assert kept.items() <= kept_too.items(), "what is done is not done again"

    found = ended(killed, data)
    assert second.run.read_bytes() == began_too
    assert kept_too.items() <= finished(killed).items()
    assert [record["name"] for record in found] == [record["name"] for record in expected]
    for one, other in zip(found, expected, strict=True):
        assert (one["state"], one["scores"]) == (other["state"], other["scores"]) != ("failed", {})
        assert one["label_free"] == pytest.approx(other["label_free"])
        weights = [RunFolder(files.run(one["name"])).weights.read_bytes() for files in (whole, killed)]
        assert weights[0] == weights[1]
        steps = [line["step"] for line in MetricsLog.read(RunFolder(killed.run(one["name"])).metrics)]
        assert steps == sorted(set(steps))
    ranking = [[group["name"] for group in read_json(files.sweep)["groups"]] for files in (whole, killed)]
    assert ranking[0] == ranking[1]
