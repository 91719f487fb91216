"""Search in memory and on disk give the same."""

import sys
from pathlib import Path

import numpy as np
import pytest

from nearfar.engine import Neighbours, searched
from nearfar.errors import DataError, RunError
from nearfar.records import EmbeddingTable, open_lance

IDS = ("a/it's.png", "a/1.png", "b/größe 日本.png", "b/1.png", *(f"c/{number}.png" for number in range(40)))
LABELS = np.array([0, 0, 1, -1, *[1] * 40])


def rows(names: tuple[str, ...] = ("left", "right")) -> EmbeddingTable:
    vectors = np.random.default_rng(0).normal(size=(len(IDS), 6)).astype(np.float32)
    return EmbeddingTable(vectors, IDS, LABELS, names)


@pytest.fixture(params=["vectors.parquet", "vectors.lance"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    rows().write(tmp_path / request.param)
    return tmp_path / request.param


def test_a_table_is_read_as_it_was_written(table: Path) -> None:
    after = EmbeddingTable.read(table)
    np.testing.assert_array_equal(after.vectors, rows().vectors)
    np.testing.assert_array_equal(after.labels, LABELS)
    assert (after.ids, after.class_names) == (IDS, ("left", "right"))


def test_the_nearest_are_those_of_a_slow_search(table: Path) -> None:
    place = searched(table)
    assert place.dim == 6
    queries = EmbeddingTable(np.random.default_rng(1).normal(size=(3, 6)).astype(np.float32), ("x", "y", "z"))
    units = rows().vectors / np.linalg.norm(rows().vectors, axis=1, keepdims=True)
    for number, found in enumerate(place.near(queries, 5)):
        cosines = units @ (queries.vectors[number] / np.linalg.norm(queries.vectors[number]))
        order = np.argsort(-cosines)[:5]
        assert found.query == queries.ids[number]
        assert found.ids == tuple(IDS[row] for row in order)
        np.testing.assert_allclose(found.similarities, cosines[order], atol=1e-5)
        assert found.labels == tuple({0: "left", 1: "right", -1: None}[LABELS[row]] for row in order)


def test_any_number_of_rows_is_found(table: Path) -> None:
    assert set(searched(table).rows(IDS).ids) == set(IDS)


def test_rows_are_found_by_id_whatever_they_are_called(table: Path) -> None:
    found = searched(table).rows([IDS[2], IDS[0], "nothing"])
    assert set(found.ids) == {IDS[0], IDS[2]}
    for name, vector in zip(found.ids, found.vectors, strict=True):
        np.testing.assert_array_equal(vector, rows().vectors[IDS.index(name)])


def test_a_query_of_the_table_leaves_itself_out() -> None:
    found = Neighbours("b", ("b", "a", "c"), np.array([1.0, 0.5, 0.4]), ("x", None, "y"))
    assert found.without("b", 2).ids == ("a", "c")
    assert found.without("b", 1).labels == (None,)
    assert found.without("d", 2).as_dict()["neighbours"][0] == {"id": "b", "similarity": 1.0, "label": "x"}


def test_an_index_of_the_store_is_used_where_it_is_asked_for(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(3000, 16)).astype(np.float32)
    whole = EmbeddingTable(vectors, tuple(map(str, range(3000))))
    whole.write(tmp_path / "large.lance")
    from lancedb.index import IvfPq

    open_lance(tmp_path / "large.lance").create_index("vector", config=IvfPq(distance_type="cosine", num_partitions=64))
    exact, quick = (searched(tmp_path / "large.lance", approximate=each) for each in (False, True))
    some = whole.rows(range(50))
    assert all(found.ids[0] == found.query for found in exact.near(some, 3))
    pairs = zip(exact.near(some, 10), quick.near(some, 10), strict=True)
    shared = np.mean([len(set(right.ids) & set(near.ids)) / 10 for right, near in pairs])
    assert 0.2 < shared < 0.99, "quick and not exact"


def test_a_new_table_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    rows().write(tmp_path / "vectors.lance")
    EmbeddingTable(np.ones((2, 3), np.float32), ("p", "q")).write(tmp_path / "vectors.lance")
    assert EmbeddingTable.read(tmp_path / "vectors.lance").ids == ("p", "q")
    assert [path.name for path in tmp_path.iterdir()] == ["vectors.lance"], "nothing is left beside it"


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "torn.lance").mkdir()
    with pytest.raises(DataError, match=r"torn\.lance must be a table of LanceDB"):
        searched(tmp_path / "torn.lance")


def test_without_lancedb_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lancedb", None)
    with pytest.raises(RunError, match=r"lancedb must be installed.*pip install 'nearfar\[store\]'"):
        rows().write(tmp_path / "vectors.lance")
    assert list(tmp_path.iterdir()) == []
