"""`nearfar search`, typed."""

import json
from pathlib import Path

import pytest


@pytest.mark.parametrize("out", ["vectors.parquet", "vectors.lance"])
def test_an_example_finds_others_of_its_kind(run: Path, pictures: Path, typed, out: str) -> None:
    for _ in range(2):  # the second takes the place of the first
        answer = typed("embed", str(run), str(pictures), "--out", out)
        assert (answer.code, answer.out) == (0, f"{out}: 40 vectors of width 2048, with ids and labels.\n"), answer.err
    answer = typed("search", out, "left/03.png", "right/00.png", "--k", "4")
    assert answer.code == 0, answer.err
    assert "like left/03.png" in answer.out
    assert answer.out.count("left/") == 5
    assert answer.out.count("left/03.png") == 1, "it does not find itself"

    answer = typed("search", out, str(pictures / "right"), "left/01.png", "--run", str(run), "--k", "3", "--json")
    found = json.loads(answer.out)["queries"]
    assert [each["query"] for each in found][:2] == ["pictures/right/00.png", "pictures/right/01.png"]
    assert len(found) == 21
    first = found[0]["neighbours"][0]
    assert (first["id"], first["label"]) == ("right/00.png", "right"), "data that is in the table finds itself"
    assert first["similarity"] == pytest.approx(1, abs=1e-4)
    assert all(len(each["neighbours"]) == 3 for each in found)


def test_a_table_without_labels_has_no_column_of_classes(run: Path, pictures: Path, typed) -> None:
    typed("embed", str(run), str(pictures / "left"), "--out", "vectors.parquet")
    assert "class" not in typed("search", "vectors.parquet", "03.png").out
