import numpy as np
import pytest

from nearfar.report.confusion import MOST_CLASSES, Pair, confusion

COUNTS = [[6, 3, 1], [0, 5, 0], [2, 0, 0]]
NAMES = ["cat", "dog", "cow"]


def test_the_table_and_its_shares():
    found = confusion({"classes": NAMES, "counts": COUNTS})
    assert found.classes == tuple(NAMES)
    assert (found.mistakes, found.examples, found.total) == (6, 17, 3)
    for own, cells in enumerate(found.rows):
        for read, (count, share) in enumerate(cells):
            assert count == COUNTS[own][read]
            assert share == pytest.approx(COUNTS[own][read] / sum(COUNTS[own]))


def test_the_most_frequent_mistakes_are_named_first():
    assert confusion({"classes": NAMES, "counts": COUNTS}).pairs == (
        Pair("cat", "dog", 3, 10),
        Pair("cow", "cat", 2, 2),
        Pair("cat", "cow", 1, 10),
    )
    assert confusion({"classes": NAMES, "counts": np.diag([1, 2, 0]).tolist()}).pairs == ()


def test_a_class_without_examples_divides_nothing_by_nothing():
    found = confusion({"classes": NAMES, "counts": [[1, 0, 0], [0, 0, 0], [0, 0, 2]]})
    assert found.rows[1] == ((0, 0.0),) * 3


def test_of_many_classes_those_of_the_most_mistakes_are_shown():
    counts = np.diag(np.full(40, 9))
    counts[31, 3] = 5
    counts[3, 7] = 1
    found = confusion({"classes": [f"{label:02}" for label in range(40)], "counts": counts.tolist()})
    assert len(found.classes) == MOST_CLASSES
    assert {"03", "07", "31"} <= set(found.classes)
    assert found.classes == tuple(sorted(found.classes))
    assert found.rows[found.classes.index("31")][found.classes.index("03")] == (5, 5 / 14)
    assert found.mistakes == 6


@pytest.mark.parametrize("found", [None, {}, {"classes": [], "counts": []}])
def test_nothing_is_nothing(found):
    assert confusion(found) is None
