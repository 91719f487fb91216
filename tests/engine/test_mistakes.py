"""What the linear probe takes for what."""

import numpy as np
import pytest

from nearfar.data import Pictures, open_source
from nearfar.engine.mistakes import confusion, guesses
from nearfar.probes import Score


def pictures(labels: list[int]) -> Pictures:
    source = open_source((np.zeros((len(labels), 4, 4), np.uint8), np.array(labels)), where="test")
    assert isinstance(source, Pictures)
    source.labels, source.class_names = np.array(labels), ("ape", "bee", "cow", "dog")
    return source


def score(*rows: list[float]) -> Score:
    return Score(0.5, (0.0, 1.0), {}, probabilities=np.array(rows, np.float32))


TRAIN, TEST = pictures([3, 0, 2, -1]), pictures([0, -1, 2, 3, 3])
SCORE = score([0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8], [0.2, 0.5, 0.3])


def test_guesses_are_in_the_datas_own_labels() -> None:
    """Of the four classes the bee is unknown, and the second picture has no label."""
    predicted, certainty = guesses(SCORE, TRAIN, TEST)
    assert predicted.tolist() == [0, -1, 0, 3, 2]
    assert certainty == pytest.approx([0.7, 0, 0.3, 0.8, 0.3])


def test_the_table_has_a_row_a_true_class() -> None:
    table = confusion(SCORE, TRAIN, TEST)
    assert table == {"classes": ["ape", "cow", "dog"], "counts": [[1, 0, 0], [1, 0, 0], [0, 1, 1]]}


def test_more_than_fifty_classes_are_no_table() -> None:
    many = pictures(list(range(4)) * 2)
    many.labels, many.class_names = np.arange(8), tuple("abcdefgh")
    assert confusion(score(*np.eye(8).tolist()), many, many)["counts"] == np.eye(8, dtype=int).tolist()
    wide = open_source((np.zeros((51, 4, 4), np.uint8), np.arange(51)), where="test")
    assert isinstance(wide, Pictures)
    assert confusion(score(*np.eye(51).tolist()), wide, wide) is None
