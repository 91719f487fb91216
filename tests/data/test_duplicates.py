import hashlib

import numpy as np
import pytest

from nearfar.data.duplicates import Duplicates, duplicates


def digests(*contents: str) -> np.ndarray:
    """(n, 32) uint8."""
    return np.stack([np.frombuffer(hashlib.sha256(each.encode()).digest(), np.uint8) for each in contents])


def slowly(contents: list[int], labels: list[int]) -> tuple[int, set[frozenset[int]]]:
    copies = sum(content in contents[:row] for row, content in enumerate(contents))
    by_content = {c: {la for co, la in zip(contents, labels, strict=True) if co == c and la >= 0} for c in contents}
    return copies, {frozenset(classes) for classes in by_content.values() if len(classes) > 1}


def test_copies_are_counted_and_contradictions_named() -> None:
    found = duplicates(
        digests("sun", "moon", "sun", "star", "sun"),
        ids=("a/1", "a/2", "b/1", "b/2", "a/3"),
        labels=np.array([0, 0, 1, 1, 0]),
        class_names=("day", "night"),
    )
    assert found == Duplicates(5, 2, (("a/1", "b/1"),), (("day", "night"),))
    assert str(found) == (
        "2 of 5 examples are exact copies of an earlier one, and labels contradict each other: a/1 (day) = b/1 (night)."
    )


def test_without_copies_there_is_nothing_to_say() -> None:
    found = duplicates(digests("a", "b"), ids=("1", "2"), labels=np.array([0, 1]))
    assert found == Duplicates(2, 0, (), ())
    assert str(found) == "None of 2 examples is an exact copy of another."


def test_copies_in_one_class_or_of_unknown_class_contradict_nobody() -> None:
    for labels in (np.array([0, 0]), np.array([0, -1]), np.array([-1, -1]), None):
        found = duplicates(digests("a", "a"), ids=("1", "2"), labels=labels)
        assert found == Duplicates(2, 1, (), ())
        assert str(found) == "1 of 2 examples is an exact copy of an earlier one."


def test_the_sentence_names_three_and_counts_the_rest() -> None:
    contents = [letter for letter in "abcde" for _ in range(2)]
    ids = [str(row) for row in range(10)]
    found = duplicates(digests(*contents), ids=ids, labels=np.arange(10) % 2)
    assert len(found.contradictions) == 5
    assert str(found).endswith("0 (0) = 1 (1); 2 (0) = 3 (1); 4 (0) = 5 (1) and 2 more.")


@pytest.mark.parametrize("seed", range(20))
def test_it_finds_what_loops_find(seed: int) -> None:
    random = np.random.default_rng(seed)
    contents, labels = random.integers(0, 8, 30), random.integers(-1, 4, 30)
    found = duplicates(contents, ids=[str(row) for row in range(30)], labels=labels)
    copies, classes = slowly(contents.tolist(), labels.tolist())
    assert found.copies == copies
    assert {frozenset(map(int, each)) for each in found.classes} == classes


@pytest.mark.parametrize("dtype", [np.dtype("V3"), np.dtype("S3")])
def test_zeros_at_the_end_of_a_hash_count(dtype: np.dtype) -> None:
    hashes = np.frombuffer(b"ab\0ab\0ab\1a\0\0", dtype=dtype)
    assert duplicates(hashes, ids=tuple("1234")).copies == 1


def test_nothing_has_no_copies() -> None:
    assert duplicates(np.zeros((0, 32), np.uint8), ids=()) == Duplicates(0, 0, (), ())


def test_what_is_not_aligned_is_refused(as_users_call: None) -> None:
    with pytest.raises(ValueError, match=r"duplicates: ids must be one for each of 2 hashes\. Got 1\. Align them\."):
        duplicates(digests("a", "b"), ids=("1",))
    with pytest.raises(ValueError, match=r"duplicates: labels must be one for each of 2 hashes\. Got 3\."):
        duplicates(digests("a", "b"), ids=("1", "2"), labels=np.zeros(3, np.int64))
