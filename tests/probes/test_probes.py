"""What holds for every probe."""

import gzip
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from nearfar.probes import Score, fewshot, knn, linear, ridge

Probe = Callable[..., Score]
PROBES = pytest.mark.parametrize("probe", [knn, linear, ridge, fewshot])
Rows = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def blobs(apart: float, n: int = 240, d: int = 16, classes: int = 4) -> Rows:
    """Training and test rows around one centre a class, with labels that are not counted from 0."""
    random = np.random.default_rng(0)
    labels = random.permutation(np.arange(2 * n) % classes)
    rows = random.normal(size=(2 * n, d)) + apart * np.eye(d)[labels] + 1
    rows, labels = rows.astype(np.float32), 10 + 3 * labels
    return rows[:n], labels[:n], rows[n:], labels[n:]


@PROBES
def test_separable_points_are_all_right(probe: Probe) -> None:
    score = probe(*blobs(apart=40.0))
    assert score.accuracy == 1.0
    assert score.interval[1] == 1.0


@PROBES
def test_noise_is_at_chance(probe: Probe) -> None:
    score = probe(*blobs(apart=0.0, n=1000))
    assert score.accuracy == pytest.approx(0.25, abs=0.04)
    if probe is not fewshot:  # whose interval is of the mean over draws, on the test rows at hand
        assert score.interval[0] < 0.25 < score.interval[1]


@PROBES
def test_the_order_of_test_rows_does_not_matter(probe: Probe) -> None:
    train, train_labels, test, test_labels = blobs(apart=2.0)
    order = np.random.permutation(len(test))
    assert probe(train, train_labels, test[order], test_labels[order]) == probe(train, train_labels, test, test_labels)


@PROBES
def test_names_of_classes_and_kinds_of_array_do_not_matter(probe: Probe) -> None:
    rows = blobs(apart=2.0)
    tensors = [torch.from_numpy(array) for array in rows]
    tensors[1], tensors[3] = tensors[1] * 5 + 1, tensors[3] * 5 + 1
    assert probe(*tensors) == probe(*rows)


@PROBES
def test_test_rows_are_never_fitted(probe: Probe) -> None:
    train, train_labels, test, test_labels = blobs(apart=1.0)
    one_by_one = [
        probe(train, train_labels, test[row : row + 1], test_labels[row : row + 1]).accuracy for row in range(4)
    ]
    together = probe(train, train_labels, test[:4], test_labels[:4]).accuracy
    assert together == pytest.approx(sum(one_by_one) / 4)


@PROBES
def test_rows_without_a_label_are_left_out(probe: Probe) -> None:
    train, train_labels, test, test_labels = blobs(apart=2.0)
    train_labels[::3], test_labels[::5] = -1, -1
    known, judged = train_labels >= 0, test_labels >= 0
    wanted = probe(train[known], train_labels[known], test[judged], test_labels[judged])
    assert probe(train, train_labels, test, test_labels) == wanted
    assert wanted.settings["train_rows"] == known.sum()


@PROBES
def test_inputs_stay_as_they_are_and_the_answer_too(probe: Probe) -> None:
    rows = blobs(apart=2.0)
    kept = [array.copy() for array in rows]
    assert probe(*rows) == probe(*rows)
    assert all(np.array_equal(now, before) for now, before in zip(rows, kept, strict=True))


@PROBES
def test_dead_and_collapsed_dimensions_are_survived(probe: Probe) -> None:
    train, train_labels, test, test_labels = blobs(apart=40.0)
    train[:, -1], test[:, -1] = 0.0, 1e-3
    assert probe(train, train_labels, test, test_labels).accuracy == 1.0
    collapsed = probe(np.ones_like(train), train_labels, np.ones_like(test), test_labels)
    assert collapsed.accuracy == pytest.approx(0.25, abs=0.06)


@PROBES
def test_scores_are_ready_for_json(probe: Probe) -> None:
    score = probe(*blobs(apart=2.0))
    found = json.loads(json.dumps(score.as_dict(), allow_nan=False))
    assert sorted(found) == ["accuracy", "interval", "settings"]
    low, high = found["interval"]
    assert 0 <= low < found["accuracy"] < high <= 1
    assert found["settings"]["test_rows"] == 240
    assert found["settings"]["classes"] == 4


def one_class(rows: list[Any]) -> None:
    rows[1] = np.zeros_like(rows[1])


def nothing_to_judge(rows: list[Any]) -> None:
    rows[3] = np.full_like(rows[3], -1)


def unknown_class(rows: list[Any]) -> None:
    rows[3] = rows[3] + 100


def other_width(rows: list[Any]) -> None:
    rows[2] = rows[2][:, 1:]


def missing_label(rows: list[Any]) -> None:
    rows[1] = rows[1][1:]


def not_a_number(rows: list[Any]) -> None:
    rows[0][3, 4] = math.nan


@pytest.mark.usefixtures("as_users_call")
@PROBES
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (one_class, r"train_labels must be of at least 2 classes. Got \[0\]. "),
        (nothing_to_judge, "test must be at least 1 labelled row. "),
        (unknown_class, r"test_labels must be classes that train_labels has. Got \[110, 113, 116, 119\]. "),
        (other_width, r"train and test must be of one width. Got \(16, 15\). "),
        (missing_label, r"train and train_labels must be of shapes \(n, d\) and \(n,\). "),
        (not_a_number, "train must be finite. Got '1 rows that are not'. "),
    ],
)
def test_a_wrong_call_gets_one_sentence(probe: Probe, spoil: Callable[[list[Any]], None], message: str) -> None:
    rows = list(blobs(apart=2.0))
    spoil(rows)
    with pytest.raises(ValueError, match=f"^{probe.__name__}: {message}"):
        probe(*rows)


@pytest.mark.slow
def test_raw_fashion_pixels(shared_data: Callable[[str], Any]) -> None:
    def read(name: str, header: int) -> np.ndarray:
        packed = shared_data(f"fashion-mnist/{name}.gz").read_bytes()
        return np.frombuffer(gzip.decompress(packed), np.uint8, offset=header)

    def split(name: str) -> tuple[np.ndarray, np.ndarray]:
        pictures = read(f"{name}-images-idx3-ubyte", 16).reshape(-1, 784)[:10_000] / np.float32(255)
        return pictures, read(f"{name}-labels-idx1-ubyte", 8)[:10_000].astype(np.int64)

    rows = (*split("train"), *split("t10k"))
    assert knn(*rows).accuracy == pytest.approx(0.80, abs=0.01)
    assert linear(*rows).accuracy == pytest.approx(0.83, abs=0.01)
    assert fewshot(*rows).accuracy == pytest.approx(0.705, abs=0.015)
