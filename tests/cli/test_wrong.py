"""A wrong call gets one sentence on stderr, exit code 2 and no traceback, and leaves nothing behind."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from cli.desk import lay_out
from cli.wrong_calls import PAGE, WRONG_CALLS, WrongCall, page

import nearfar
from nearfar.cli.wrong import is_refusal
from nearfar.data import Reading, open_source
from nearfar.records import EmbeddingTable

SENTENCE = re.compile(r"[\w ./`-]+: .+ must be .+\. Got .+\. .+[.?]")
NAMES = {"nearfar": nearfar, "np": np, "open_source": open_source, "Reading": Reading, "EmbeddingTable": EmbeddingTable}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        lay_out(root)
    return root


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def call(wrong: WrongCall, typed, capsys: pytest.CaptureFixture[str]) -> str:
    """Makes the call and gives all that was said."""
    if wrong.is_command:
        code, out, err = typed(*shlex.split(wrong.call)[1:])
        assert code == 2, err
        assert out == ""
        return err
    with pytest.raises((ValueError, TypeError)) as caught:
        eval(wrong.call, dict(NAMES))
    assert is_refusal(caught.value)
    return f"{capsys.readouterr().err}{caught.value}\n"


@pytest.mark.parametrize("wrong", WRONG_CALLS, ids=lambda wrong: wrong.call)
def test_a_wrong_call_is_answered_in_one_sentence(
    wrong: WrongCall, desk: Path, typed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk)
    before = files(desk)
    said = call(wrong, typed, capsys)
    assert said.count("\n") == 1, said
    assert SENTENCE.fullmatch(said.rstrip("\n"))
    assert wrong.is_answered_by(said.rstrip("\n")), said
    assert files(desk) == before


def test_there_are_many_of_them_and_each_once() -> None:
    assert len({wrong.call for wrong in WRONG_CALLS}) == len(WRONG_CALLS) >= 60


def test_the_page_of_the_docs_shows_them() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python tests/cli/wrong_calls.py writes it anew"


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_debug_shows_the_traceback_wherever_it_stands(place: int, typed) -> None:
    words = ["pretrain", "simclr", "nowhere"]
    words.insert(place, "--debug")
    code, _, err = typed(*words)
    assert code == 2
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("pretrain: data must be an existing path")
