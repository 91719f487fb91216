"""A sweep as a user calls it: with its trials stubbed, and once for real."""

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from api.sweeping.stub import NoOptuna

import nearfar
from nearfar.api.sweeping import carry, plan
from nearfar.errors import DataError, Interrupted, RunError
from nearfar.records import RunFolder, SweepFolder, read_json

Arrays = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def arrays() -> Arrays:
    """Bright and dark pictures: classes that any representation tells apart."""
    generator = np.random.default_rng(0)
    labels = np.arange(40) % 2
    return (generator.integers(0, 100, (40, 16, 16)) + 150 * labels[:, None, None]).astype(np.uint8), labels


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the trials that were attempted, none of which is learned: hotter is better, 0.9 fails."""
    names: list[str] = []

    def attempt(task: Any, files: SweepFolder, name: str) -> None:
        names.append(name)
        record = read_json(files.trial(name))
        temperature = record["settings"]["temperature"]
        if temperature == 0.9:
            files.write_trial(record | {"state": "failed", "said": "step 7: loss must be finite."})
            return
        judged = {probe: {"accuracy": temperature, "interval": [0.0, 1.0]} for probe in task.probes}
        free = {"lidar": 10 * temperature}
        files.write_trial(record | {"state": "done", "scores": judged, "label_free": free, "seconds": 1.0, "width": 8})

    monkeypatch.setattr(carry, "attempt", attempt)
    monkeypatch.setattr(plan, "Suggestions", NoOptuna)
    return names


def test_all_are_tried_a_failed_one_is_kept_and_the_best_is_named(
    attempts: list[str], arrays: Arrays, tmp_path: Path
) -> None:
    found = nearfar.sweep("simclr", arrays, grid={"temperature": [0.2, 0.9, 0.5], "seed": [0, 1]}, out=tmp_path / "s")
    assert len(attempts) == len(set(attempts)) == 6
    assert [group.name for group in found.groups] == ["temperature 0.5", "temperature 0.2"]
    assert [trial.said for trial in found.failed] == ["step 7: loss must be finite."] * 2
    files = SweepFolder(tmp_path / "s")
    assert read_json(files.sweep)["groups"][0]["name"] == "temperature 0.5"
    assert "temperature 0.5" in files.page.read_text()


def test_the_same_again_goes_on_and_runs_nothing_twice(
    attempts: list[str], arrays: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = carry.attempt

    def stopped(task: Any, files: SweepFolder, name: str) -> None:
        if len(attempts) == 2:
            raise Interrupted("Stopped.", run=files.path, signal=15)
        whole(task, files, name)

    def run(temperatures: list[float]) -> nearfar.Sweep:
        return nearfar.sweep("simclr", arrays, grid={"temperature": temperatures}, out=tmp_path / "s")

    monkeypatch.setattr(carry, "attempt", stopped)
    with pytest.raises(Interrupted):
        run([0.1, 0.2, 0.3])
    states = {record["name"]: record["state"] for record in SweepFolder(tmp_path / "s").read_trials()}
    assert states == {"temperature-0.1": "done", "temperature-0.2": "done", "temperature-0.3": "begun"}
    monkeypatch.setattr(carry, "attempt", whole)
    run([0.1, 0.2, 0.3])
    assert attempts == ["temperature-0.1", "temperature-0.2", "temperature-0.3"]
    run([0.1, 0.2, 0.3])
    assert len(attempts) == 3
    assert len(run([0.1, 0.4]).trials) == 4
    assert attempts[3:] == ["temperature-0.4"]


def test_what_would_not_compare_is_refused(attempts: list[str], arrays: Arrays, tmp_path: Path) -> None:
    def run(method: str = "simclr", data: Any = arrays, **given: Any) -> None:
        nearfar.sweep(method, data, grid={"temperature": [0.1]}, out=tmp_path / "s", **given)

    run()
    before = r"must be what the sweep in .* began with \(.*\)\. Got .*\. Choose another --out\."
    with pytest.raises(RunError, match=rf"^sweep: method {before}"):
        run("moco")
    with pytest.raises(RunError, match=rf"^sweep: data {before}"):
        run(data=(255 - arrays[0], arrays[1]))
    with pytest.raises(RunError, match=rf"^sweep: probes {before}"):
        run(probes=["ridge"])
    run(by="knn")
    assert len(attempts) == 1


def test_without_labels_lidar_ranks(attempts: list[str], arrays: Arrays, tmp_path: Path) -> None:
    found = nearfar.sweep("simclr", arrays[0], grid={"temperature": [0.1, 0.2]}, out=tmp_path / "s")
    assert (found.by, found.reference) == ("lidar", None)
    assert found.groups[0].name == "temperature 0.2"


def test_data_in_memory_runs_one_at_a_time(attempts: list[str], arrays: Arrays, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^sweep: at_once must be 1 for data in memory\. Got 2\. "):
        nearfar.sweep("simclr", arrays, grid={"temperature": [0.1]}, out=tmp_path / "s", at_once=2)
    with pytest.raises(DataError, match=r"^sweep: training data must be labelled"):
        nearfar.sweep("simclr", arrays[0], grid={"temperature": [0.1]}, out=tmp_path / "s", test=arrays)
    assert not (tmp_path / "s").exists()


def test_without_optuna_the_sentence_says_what_to_install(
    arrays: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported: Callable[..., Any] = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name == "optuna":
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(RunError, match=r"^sweep: optuna must be installed\. .* Type pip install 'nearfar\[sweep\]'\."):
        nearfar.sweep("simclr", arrays, grid={"temperature": [0.1]}, out=tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_two_real_trials(arrays: Arrays, tmp_path: Path) -> None:
    grid = {"examples": [40, 8], "steps": 2, "batch_size": 16, "hidden_dim": 16}
    found = nearfar.sweep("simclr", arrays, grid=grid, probes=["linear"], out=tmp_path / "s", workers=0)
    good, failed = found.trials
    files = RunFolder(good.path)
    assert (good.name, failed.name) == ("examples-40", "examples-8")
    assert good.readings["linear"].mean == 1.0
    assert {"lidar", "effective_rank", "alignment"} <= set(good.readings)
    assert read_json(files.scores)["baselines"]["raw"]["linear"]["accuracy"] == 1.0
    assert files.report.exists()
    assert failed.said is not None
    assert failed.said.startswith("SimCLR: batch_size must be between 2 and 8, the number of examples. Got 16.")
    assert found.verdict == "examples 40: linear classifier 100.0 %."
