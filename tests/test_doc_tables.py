"""The tables of the docs name all there is, each with its paper."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from nearfar import objectives
from nearfar.methods import METHODS
from nearfar.recipes import measured

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables", DOCS / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_objective_is_listed_with_landmarks_and_paper(tables: ModuleType) -> None:
    rows = [row.split(" | ") for row in tables.objective_table().splitlines()[2:]]
    named = {name for name in objectives.__all__ if not tables.is_landmark(getattr(objectives, name))}
    assert {row[0].split("`")[1] for row in rows} == named
    for row in rows:
        assert len(row) == 4
        assert all(cell.strip(" |") for cell in row)
        assert "](https://arxiv.org/abs/" in row[3] or "2006" in row[3], "only DrLIM is older than arXiv's habit"


def test_every_method_is_listed_with_landmarks_and_paper(tables: ModuleType) -> None:
    rows = [row.split(" | ") for row in tables.method_table().splitlines()[2:]]
    assert [row[0].split("`")[1] for row in rows] == list(METHODS)
    for row in rows:
        assert len(row) == 6
        assert all(cell.strip(" |") for cell in row)


def test_the_scores_are_those_of_the_records() -> None:
    records = json.loads((DOCS.parent / "benchmarks/records/methods.json").read_text(encoding="utf-8"))
    for name, method in METHODS.items():
        scored = measured(name)
        if "image" not in method.modalities:
            assert scored is None, "the benchmark is of pictures"
            continue
        assert scored is not None, f"{name}: python benchmarks/methods.py --contestants {name}, then --publish"
        runs = [key for key in records if key.startswith(f"{name}|") and key.endswith(f"|{scored.examples}")]
        found = [records[key]["linear"] for key in runs]
        assert scored.seeds == len(found)
        assert scored.linear[0] == pytest.approx(sum(found) / len(found), abs=1e-4)
        untrained = records[runs[0]].get("untrained", records["untrained|0|0"])
        assert scored.untrained == pytest.approx(untrained["linear"], abs=1e-4)


def test_the_page_asks_for_its_table(tables: ModuleType) -> None:
    page = (DOCS / "reference/objectives.md").read_text(encoding="utf-8")
    assert "[`nt_xent`](#nearfar.objectives.nt_xent)" in tables.on_page_markdown(page, page=None)
