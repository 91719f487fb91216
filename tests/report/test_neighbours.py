import numpy as np
import pytest

from nearfar.records import EmbeddingTable
from nearfar.report.map import unit_rows
from nearfar.report.neighbours import agreement, choose, nearest, queries


def table(labels, names=("a", "b", "c")):
    vectors = np.random.default_rng(1).normal(size=(len(labels), 5)).astype(np.float32)
    return EmbeddingTable(vectors, tuple(f"id {row}" for row in range(len(labels))), np.array(labels), names)


def test_nearest_agree_with_slow_loops():
    units = unit_rows(np.random.default_rng(0).normal(size=(30, 4)))
    rows, similarities = nearest(units, most=5)
    for row in range(30):
        cosines = [(float(units[row] @ units[other]), other) for other in range(30) if other != row]
        expected = sorted(cosines, reverse=True)[:5]
        assert rows[row].tolist() == [other for _, other in expected]
        assert similarities[row] == pytest.approx([cosine for cosine, _ in expected], abs=1e-6)


def test_an_example_is_not_its_own_neighbour_even_among_doubles():
    rows, similarities = nearest(np.tile(np.array([[0.6, 0.8]], dtype=np.float32), (4, 1)), most=6)
    assert rows.tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    assert similarities == pytest.approx(1)


def test_the_chosen_are_spread_over_classes():
    labels = [0] * 50 + [1] * 3 + [2] * 2 + [-1] * 20
    rows = choose(table(labels), most=8)
    assert len(set(rows)) == 8
    assert [labels[row] for row in rows] == [0, 0, 0, 1, 1, 1, 2, 2]
    assert rows == choose(table(labels), most=8)


def test_of_many_classes_the_chosen_span_all():
    labels = np.repeat(np.arange(100), 3)
    chosen = [int(labels[row]) for row in choose(table(labels, tuple(map(str, range(100)))), most=8)]
    assert (chosen[0], chosen[-1], len(set(chosen))) == (0, 99, 8)


def test_without_labels_the_chosen_are_any():
    assert len(set(choose(table([-1] * 20), most=8))) == 8
    assert len(choose(table([-1] * 3), most=8)) == 3


def test_queries_name_their_neighbours_and_mark_the_same_class():
    sample = table([0, 0, 1, -1, 7], names=("shoe", "bag"))
    rows, similarities = nearest(unit_rows(sample.vectors), most=4)
    found = {query.row: query for query in queries(sample, rows, similarities)}
    marks = {near.row: (near.id, near.class_name, near.is_same) for near in found[0].neighbours}
    assert marks == {
        1: ("id 1", "shoe", True),
        2: ("id 2", "bag", False),
        3: ("id 3", "", None),
        4: ("id 4", "class 7", False),
    }


def test_agreement_counts_known_pairs_only():
    rows = np.array([[1, 2], [0, 3], [0, 1], [0, 1]])
    assert agreement(np.array([0, 0, 1, -1]), rows) == pytest.approx(2 / 5)
    assert agreement(np.array([-1, -1, -1, -1]), rows) is None
    assert agreement(None, rows) is None
