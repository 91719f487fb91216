"""A wrong call gets one sentence: who, which argument, what it must be, what it got, what to type next.

A new check in the code gets a line in `CALLS`, a new refusal of the command line one in `COMMANDS`.
"""

import ast
import importlib
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import nearfar
from nearfar.errors import DataError, RunError, complaint
from nearfar.records import EmbeddingTable, read_json

SENTENCE = re.compile(r"[\w ./`-]+: .+ must be .+\. Got .+\. .+[.?]", re.DOTALL)


class Wrong(NamedTuple):
    """A wrong call, made in an empty folder, and its answer: the class and the words, `...` for those of a library."""

    call: Callable[[], object]
    error: type[Exception]
    message: str


def newer_run() -> None:
    Path("run.json").write_text('{"schema": 1000}')
    read_json(Path("run.json"))


CALLS = {
    "a folder that holds no run": Wrong(
        lambda: read_json(Path("pictures/run.json")),
        RunError,
        "nearfar: run.json must be in the folder pictures. Got 'no such folder'. Name a run's folder.",
    ),
    "a run of a newer nearfar": Wrong(
        newer_run,
        RunError,
        "nearfar: run.json must be of schema 1 or older. Got 1000. Upgrade nearfar.",
    ),
    "vectors that are not one row an id": Wrong(
        lambda: EmbeddingTable(np.zeros((3, 2), np.float32), ("a", "b")),
        ValueError,
        "EmbeddingTable: vectors must be of shape (2, d), one row an id. Got (3, 2). Give one row for each id.",
    ),
    "embeddings that do not exist": Wrong(
        lambda: EmbeddingTable.read("vectors.parquet"),
        DataError,
        "EmbeddingTable: vectors.parquet must be a file that `nearfar embed` wrote. Got ... "
        "Write one by `nearfar embed RUN DATA --out vectors.parquet`.",
    ),
}

COMMANDS = {
    "nearfar pretrian simclr pictures": "pretrain",
    "nearfar pretrain simclrr pictures": "Did you mean 'simclr'?",
    "nearfar pretrain simclr fashion-mini --temperatures 0.1": "--temperature",
    "nearfar evaluate pictures fashion-mini": "Name a run's folder",
}


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_users_call: None) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("wrong", CALLS.values(), ids=CALLS)
def test_a_wrong_call_is_answered_in_one_sentence(wrong: Wrong) -> None:
    with pytest.raises(wrong.error) as caught:
        wrong.call()
    assert re.fullmatch(re.escape(wrong.message).replace(r"\.\.\.", ".+"), str(caught.value), re.DOTALL)
    assert SENTENCE.fullmatch(str(caught.value))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None, "the cause is said, not chained"


@pytest.mark.parametrize(("command", "answer"), COMMANDS.items(), ids=COMMANDS)
def test_a_wrong_command_is_answered_in_one_sentence(
    command: str, answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cli = importlib.import_module("nearfar.cli")
    if not hasattr(cli, "main"):
        pytest.skip("no command line yet")
    monkeypatch.setattr("sys.argv", shlex.split(command))
    with pytest.raises(SystemExit) as caught:
        cli.main()
    said = capsys.readouterr().err
    assert caught.value.code == 2
    assert answer in " ".join(said.split())
    assert "Traceback" not in said


SOURCE = Path(nearfar.__path__[0])
REFUSALS = {"ValueError", "TypeError", "DataError", "RunError"}


def in_free_words(path: Path) -> list[int]:
    """The lines of a file that raise a refusal with a text of their own, not one that `complaint` built."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id in REFUSALS
        and (not node.exc.args or isinstance(node.exc.args[0], ast.Constant | ast.JoinedStr))
    ]


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.stem)
def test_every_refusal_is_built_by_complaint(path: Path) -> None:
    assert in_free_words(path) == []


def test_a_refusal_in_free_words_is_found(tmp_path: Path) -> None:
    (tmp_path / "free.py").write_text('raise ValueError("no")\nraise ValueError(complaint(1, 2, 3, 4, 5))\n')
    assert in_free_words(tmp_path / "free.py") == [1]


def test_the_sentence_is_what_complaint_builds() -> None:
    assert SENTENCE.fullmatch(complaint("MoCo", "queue_size", "at least 2", 1, "Try 4096"))
