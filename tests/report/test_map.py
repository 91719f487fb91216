import numpy as np
import pytest

from nearfar.records import EmbeddingTable
from nearfar.report.map import map_data, plane, unit_rows


@pytest.fixture
def clusters():
    """Thirty unit vectors around each of three directions."""
    rng = np.random.default_rng(0)
    return unit_rows(np.repeat(np.eye(3, 20), 30, axis=0) + 0.05 * rng.normal(size=(90, 20)))


def test_unit_rows_have_length_one_and_zero_stays_zero():
    units = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0], [1e-3, 0.0]]))
    assert units == pytest.approx(np.array([[0.6, 0.8], [0, 0], [1, 0]]))


def test_clusters_stay_together(clusters):
    points = plane(clusters)
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert (distances.argmin(axis=1) // 30 == np.arange(90) // 30).all()


def test_the_same_vectors_give_the_same_map_inside_the_square(clusters):
    points = plane(clusters)
    assert np.array_equal(points, plane(clusters))
    assert points.min() >= -1e-6
    assert points.max() <= 1 + 1e-6
    assert np.ptp(points, axis=0).max() == pytest.approx(1)


@pytest.mark.parametrize("shape", [(8, 1), (9, 2), (12, 100)])
def test_few_examples_and_few_dimensions_have_a_map(shape):
    points = plane(np.random.default_rng(0).normal(size=shape).astype(np.float32))
    assert points.shape == (shape[0], 2)
    assert np.isfinite(points).all()


def test_what_shows_nothing_has_no_map():
    assert plane(np.ones((50, 6), dtype=np.float32)) is None
    assert plane(np.eye(7, dtype=np.float32)) is None


@pytest.mark.parametrize(("labels", "expected"), [([0, -1, 1], [0, -1, 1]), ([-1, -1, -1], None), (None, None)])
def test_unknown_labels_alone_are_no_labels(labels, expected):
    table = EmbeddingTable(np.eye(3), ("a", "b", "c"), None if labels is None else np.array(labels), ("x", "y"))
    points = np.array([[0, 0.5], [1, 0.25], [0.5, 0.5]])
    data = map_data(table, points, np.array([[1], [2], [0]]), np.array([[0.5], [0.254], [-1]]), start=2)
    assert data["label"] == expected
    assert data["x"] == [0, 10_000, 5000]
    assert data["similarities"] == [[50], [25], [-100]]
