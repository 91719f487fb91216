import numpy as np
import pytest

from nearfar.records import EmbeddingTable
from nearfar.report.clusters import clusters, together
from nearfar.report.map import unit_rows


def sample(sizes, labels=None, *, names=(), noise=0.02):
    """Groups of examples around directions at right angles; the first of each lies in its middle."""
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    vectors = np.eye(8)[owner] + noise * rng.normal(size=(len(owner), 8))
    starts = np.cumsum([0, *sizes[:-1]])
    for group, start in enumerate(starts):
        others = vectors[start + 1 : start + sizes[group]]
        vectors[start] = (others / np.linalg.norm(others, axis=1, keepdims=True)).mean(axis=0)
    ids = tuple(f"{row}.png" for row in range(len(owner)))
    return EmbeddingTable(vectors.astype(np.float32), ids, labels, names), starts


def found(table):
    return clusters(table, unit_rows(table.vectors), shown=3)


def test_groups_far_apart_are_found_with_their_middle_first():
    table, starts = sample([5, 3, 4])
    groups = found(table)
    assert [group.size for group in groups] == [5, 4, 3]
    assert [group.rows[0] for group in groups] == [starts[0], starts[2], starts[1]]
    assert all(len(group.rows) == 3 for group in groups)
    assert {(group.class_name, group.purity) for group in groups} == {("", None)}
    assert together(groups) is None


def test_a_cluster_is_called_after_its_main_class():
    labels = np.array([0, 0, 0, 0, 1, 1, 1, -1, 1, 1, 0, 0])
    table, _ = sample([5, 3, 4], labels, names=("cat", "dog"))
    groups = found(table)
    assert [(group.class_name, group.purity) for group in groups] == [("cat", 0.8), ("cat", 0.5), ("dog", 1.0)]
    assert together(groups) == pytest.approx((5 * 0.8 + 4 * 0.5 + 3 * 1.0) / 12)


def test_there_are_no_more_than_twelve_and_they_are_always_the_same():
    rng = np.random.default_rng(0)
    table = EmbeddingTable(rng.normal(size=(90, 6)).astype(np.float32), tuple(map(str, range(90))))
    first = found(table)
    assert len(first) == 12
    assert sum(group.size for group in first) == 90
    assert found(table) == first


def test_embeddings_that_are_all_alike_make_no_clusters():
    table = EmbeddingTable(np.ones((40, 4), dtype=np.float32), tuple(map(str, range(40))))
    assert found(table) == []
    assert found(table.rows([0, 1, 2])) == []


def test_two_points_many_times_over_make_two_clusters():
    vectors = np.eye(4, dtype=np.float32)[np.arange(40) % 2]
    assert [group.size for group in found(EmbeddingTable(vectors, tuple(map(str, range(40)))))] == [20, 20]
