"""`nearfar sweep`: what is typed becomes a grid, what comes back a table, and a stop says how to go on."""

import json
from pathlib import Path
from typing import Any

import pytest
from report.test_sweep import choosing, folder, trial, two_settings

from nearfar import api
from nearfar.errors import Interrupted
from nearfar.report import read_sweep


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """How `nearfar.sweep` was called; it runs nothing and gives the sweep of `two_settings`."""
    calls: list[Any] = []

    def sweep(*words: Any, **given: Any) -> Any:
        calls.append((words, given))
        return read_sweep(two_settings(tmp_path / f"{len(calls)}"))

    monkeypatch.setattr(api, "sweep", sweep)
    return calls


def test_several_values_are_a_grid_and_the_rest_is_the_sweeps(asked: list[Any], typed) -> None:
    line = "sweep simclr pictures --temperature 0.05 0.1..0.5 --seed 0 1 --without none flip,crop --steps 5 --split val"
    done = typed(*line.split(), "--at-once", "2", "--by", "knn", "--truncated", "use", "--out", "sweeps/x")
    assert done.code == 0, done.err
    ((words, given),) = asked
    assert words == ("simclr", Path("pictures"))
    assert given.pop("reading").truncated == "use"
    assert given == {
        "grid": {
            "temperature": ["0.05", "0.1..0.5"], "seed": ["0", "1"], "without": ["none", "flip,crop"], "steps": ["5"],
        },
        "split": "val", "at_once": 2, "by": "knn", "out": Path("sweeps/x"),
    }  # fmt: skip


def test_the_table_has_the_best_first_with_its_spread_and_failures_are_listed(asked: list[Any], typed) -> None:
    done = typed("sweep", "simclr", "pictures")
    rows = [" ".join(line.split()) for line in done.out.splitlines()]
    assert rows[3] == "temperature 0.1, batch size 64 75.5 ± 0.5 75.5 ± 0.5 75.50 ± 0.50 2 1 min 00 s"
    assert sum(row.endswith("1 min 00 s") for row in rows) == 5
    assert "LiDAR" in done.out
    assert done.out.count("\nFailed: ") == 2
    assert "too close to call" in " ".join(done.out.split())
    assert done.out.rstrip().endswith("sweep.html.")
    assert "nearfar embed" in done.err


def test_json_is_one_object(asked: list[Any], typed) -> None:
    found = json.loads(typed("sweep", "simclr", "pictures", "--json").out)
    assert found["groups"][0]["name"] == "temperature 0.1, batch size 64"


def test_one_that_only_failed_ends_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed) -> None:
    path = folder(tmp_path, [trial(0, {"temperature": 0.1}, None)])
    monkeypatch.setattr(api, "sweep", lambda *words, **given: read_sweep(path))
    done = typed("sweep", "simclr", "pictures")
    assert done.code == 1
    assert "Failed: temperature-0.1: step 7: loss must be finite." in done.out


def test_how_scores_without_labels_chose_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed) -> None:
    path = choosing(tmp_path, [0.5, 0.62, 0.55, 0.7, 0.66, 0.58], [5.0, 12.0, 7.0, 30.0, 22.0, 9.0])
    monkeypatch.setattr(api, "sweep", lambda *words, **given: read_sweep(path))
    assert "Spearman's correlation 1.00, over 6 trials." in " ".join(typed("sweep", "simclr", "pictures").out.split())


def test_a_stop_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, typed) -> None:
    def stopped(*words: Any, **given: Any) -> Any:
        raise Interrupted("Stopped by SIGINT: 1 of 3 trials are done.", run=Path("sweeps/x"), signal=2)

    monkeypatch.setattr(api, "sweep", stopped)
    done = typed("sweep", "simclr", "my pictures", "--temperature", "0.1", "0.2")
    assert done.code == 130
    assert done.err.splitlines()[-1] == "Go on with:  nearfar sweep simclr 'my pictures' --temperature 0.1 0.2"


def test_help_shows_what_takes_several_values(typed) -> None:
    said = typed("sweep", "simclr", "--help").out
    assert "--temperature NUMBER ..." in said
    assert "--seed N ..." in said
    assert "--at-once N" in said
    assert said.index("--sampler") < said.index("--batch-size"), "the sweep's own flags come first"
