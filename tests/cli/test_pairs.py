"""Pairs of texts judged, and sentences searched, typed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from animals import animal_encoder, animal_pairs

import nearfar
from nearfar.data import Sentences
from nearfar.errors import DataError

pytest.importorskip("tokenizers")


@pytest.fixture(scope="module")
def pairs() -> Sentences:
    return animal_pairs()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An encoder as a run leaves it."""
    place = tmp_path / "run"
    place.mkdir()
    animal_encoder().save(place)
    return place


def test_words_find_sentences(folder: Path, pairs: Sentences, tmp_path: Path, typed: Callable[..., Any]) -> None:
    table = nearfar.embed(folder, pairs)
    assert table.texts == pairs.texts("anchor"), "of a pair its first text"
    table.write(tmp_path / "table.parquet")
    question = pairs.texts("anchor")[7]
    found = nearfar.search(tmp_path / "table.parquet", [question, "7"], run=folder, k=3)
    assert found[0].texts[0] == question
    assert found[0].similarities[0] == pytest.approx(1, abs=1e-5)
    assert found[1].text == question
    assert question not in found[1].texts, "a row leaves itself out"
    answer = typed("search", str(tmp_path / "table.parquet"), question, "--run", str(folder), "--k", "2")
    assert answer.code == 0, answer.err
    assert answer.out.count(question) == 2, "as the query and as what is found"
    record = json.loads(typed("search", str(tmp_path / "table.parquet"), "3", "--k", "2", "--json").out)
    assert record["queries"][0]["text"] == pairs.texts("anchor")[3]
    assert record["queries"][0]["neighbours"][0]["text"] in pairs.texts("anchor")


def test_people_read_what_was_measured(
    folder: Path, pairs: Sentences, tmp_path: Path, typed: Callable[..., Any]
) -> None:
    pytest.importorskip("bm25s")
    rows = zip(pairs.texts("anchor"), pairs.texts("positive"), strict=True)
    file = tmp_path / "questions.tsv"
    file.write_text("\n".join(["anchor\tpositive", *map("\t".join, rows)]))
    answer = typed("evaluate", str(folder), str(file))
    assert answer.code == 0, answer.err
    lines = [line.split() for line in answer.out.splitlines()]
    assert ["\N{MULTIPLICATION SIGN}", "100", "nDCG@10"] in lines
    assert [line[0] for line in lines if line][2:6] == ["TF-IDF", "BM25", "untrained", "this"]
    assert "recall@1" in answer.out
    assert "Judged by 40 pairs of" in answer.out
    assert "nothing was fitted" in answer.out
    assert answer.err == "Judging by: 40 pairs without labels.\n"


@pytest.mark.usefixtures("as_users_call")
def test_what_is_meant_to_be_a_file_is_not_searched_as_words(folder: Path, pairs: Sentences, tmp_path: Path) -> None:
    nearfar.embed(folder, pairs).write(tmp_path / "table.parquet")
    with pytest.raises(DataError, match=r"missing\.txt"):
        nearfar.search(tmp_path / "table.parquet", ["missing.txt"], run=folder)
