"""The demo: the whole way in one command."""

import json
from pathlib import Path

import pytest

import nearfar.cli.demo


@pytest.fixture(autouse=True)
def _few_pictures(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearfar.cli.demo, "DATA", "pictures")


def test_the_demo_ends_with_a_table_a_page_and_what_to_type(typed) -> None:
    done = typed("demo", "--minutes", "0.001", "--out", "runs/demo")
    assert done.code == 0, done.err
    for words in (
        "raw pixels",
        "untrained network",
        "this encoder",
        "runs/demo/report.html",
        "nearfar pretrain simclr",
    ):
        assert words in done.out
    assert done.err.count("Done in") == 3
    assert Path("runs/demo/report.html").exists()


def test_the_demo_as_json_prints_one_object_alone(typed) -> None:
    said = json.loads(typed("demo", "--minutes", "0.001", "--json").out)
    assert said["report"] == "runs/simclr-pictures/report.html"
    assert set(said["baselines"]) == {"raw", "untrained"}
    assert 0 <= said["scores"]["fewshot"]["accuracy"] <= 1
