"""The retrieval probe, and re-identification."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from nearfar.probes import retrieval


def rows(apart: float, n: int = 120, m: int = 60, classes: int = 6) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(0)
    labels = np.arange(n + m) % classes
    x = (random.normal(size=(n + m, 8)) + apart * np.eye(8)[labels]).astype(np.float32)
    return x[:n], labels[:n], x[n:], labels[n:]


def test_classes_far_apart_are_found_first() -> None:
    score = retrieval(*rows(40.0))
    assert score.accuracy == 1.0
    assert score.more == {"recall@1": 1.0, "recall@5": 1.0, "recall@10": 1.0, "map": pytest.approx(1.0)}


def test_noise_is_at_chance() -> None:
    score = retrieval(*rows(0.0, n=1200, m=600))
    assert score.interval[0] < 1 / 6 < score.interval[1]
    assert score.more["map"] == pytest.approx(1 / 6, abs=0.02)


def test_it_is_what_scikit_learn_says_of_each_query() -> None:
    gallery, labels, query, wanted = rows(1.5)
    cosine = (query / np.linalg.norm(query, axis=1, keepdims=True)) @ (
        gallery / np.linalg.norm(gallery, axis=1, keepdims=True)
    ).T
    alike = wanted[:, None] == labels
    score = retrieval(gallery, labels, query, wanted, ranks=(3,))
    each = [average_precision_score(hit, by) for hit, by in zip(alike, cosine, strict=True)]
    assert score.more["map"] == pytest.approx(np.mean(each), abs=1e-6)
    order = np.argsort(-cosine, axis=1)
    hits = np.take_along_axis(alike, order, axis=1)
    assert score.more["recall@3"] == pytest.approx(hits[:, :3].any(1).mean())
    assert score.accuracy == pytest.approx(hits[:, 0].mean())


def test_neither_the_order_of_rows_nor_chunks_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    gallery, labels, query, wanted = rows(1.5)
    plain = retrieval(gallery, labels, query, wanted)
    order, other = np.random.default_rng(1).permutation(120), np.random.default_rng(2).permutation(60)
    assert retrieval(gallery[order], labels[order], query[other], wanted[other]).more == pytest.approx(plain.more)
    monkeypatch.setattr(sys.modules["nearfar.probes.retrieval"], "_SIMILARITIES", 500)
    assert retrieval(gallery, labels, query, wanted) == plain


def test_a_row_passes_itself_over() -> None:
    _, _, x, labels = rows(1.5)
    assert retrieval(x, labels, x, labels).accuracy == 1.0, "each is nearest to itself"
    left_out = retrieval(x, labels, x, labels, same_rows=True)
    one = [retrieval(np.delete(x, i, 0), np.delete(labels, i), x[[i]], labels[[i]]).more["map"] for i in range(60)]
    assert left_out.more["map"] == pytest.approx(np.mean(one))


def test_rows_of_the_same_camera_are_passed_over() -> None:
    gallery = np.array([[1.0, 0.1], [1.0, 0.5], [1.0, 0.3], [0.0, 1.0]])
    labels, cameras = np.array([7, 7, 8, 7]), np.array([0, 1, 0, 2])
    query, wanted, camera = np.array([[1.0, 0.0]]), np.array([7]), np.array([0])
    assert retrieval(gallery, labels, query, wanted).accuracy == 1.0
    score = retrieval(gallery, labels, query, wanted, gallery_cameras=cameras, query_cameras=camera)
    # What is left, by similarity: the other class, then the two of the class.
    assert score.accuracy == 0.0
    assert score.more["map"] == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_queries_without_a_match_and_rows_without_a_label_count_nowhere() -> None:
    gallery, labels, query, wanted = rows(1.5)
    wanted = wanted.copy()
    wanted[:6], wanted[6:10] = 99, -1
    score = retrieval(gallery, labels, query, wanted)
    assert score.settings == {"gallery_rows": 120, "queries": 50, "queries_without_match": 6}
    assert score.more == retrieval(gallery, labels, query[10:], wanted[10:]).more


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ranks": (0,)}, r"ranks must be at least 1 each\. Got \[0\]\. Try 1 5 10\."),
        ({"query_cameras": np.zeros(60)}, r"gallery_cameras must be given with the other's\. Got None\. "),
        ({"query_cameras": np.zeros(9), "gallery_cameras": np.zeros(120)}, "cameras must be one a row. "),
        ({"same_rows": True}, r"same_rows must be True for one set of rows\. Got \(120, 60\)\. "),
        ({"query_labels": np.full(60, 77)}, "query_labels must be a class that the gallery has. Got 'none'. "),
        ({"query": torch.zeros(60, 3)}, "gallery and query must be labelled rows of one width. "),
    ],
)
def test_a_wrong_call_gets_one_sentence(given: dict[str, Any], message: str) -> None:
    names = ("gallery", "gallery_labels", "query", "query_labels")
    arguments = dict(zip(names, rows(1.0), strict=True)) | given
    with pytest.raises(ValueError, match=f"^retrieval: {message}"):
        retrieval(**arguments)
