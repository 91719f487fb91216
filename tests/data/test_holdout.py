from itertools import pairwise

import numpy as np
import pytest

from nearfar.data import Source, hold_out_classes, holdout, open_source, with_few_examples
from nearfar.errors import DataError


def labelled(*labels: str) -> Source:
    return open_source((np.zeros((len(labels), 4, 4), np.uint8), list(labels)))


def counts(source: Source) -> list[int]:
    assert source.labels is not None
    return np.bincount(source.labels, minlength=len(source.class_names)).tolist()


def test_each_class_is_split_alike_and_nothing_is_lost() -> None:
    source = labelled(*"a" * 50, *"b" * 20, *"c" * 10)
    kept, aside = holdout(source)
    assert counts(aside) == [10, 4, 2]
    assert counts(kept) == [40, 16, 8]
    assert sorted([*kept.ids, *aside.ids], key=int) == list(source.ids)
    assert list(aside.ids) == sorted(aside.ids, key=int)


def test_the_draw_is_the_seeds() -> None:
    source = labelled(*"a" * 30, *"b" * 30)
    assert holdout(source)[1].ids == holdout(source)[1].ids
    assert holdout(source)[1].ids != holdout(source, seed=1)[1].ids


def test_small_classes_are_in_both_parts_and_a_single_example_stays() -> None:
    kept, aside = holdout(labelled(*"aab"), fraction=0.1)
    assert counts(kept) == [1, 1]
    assert counts(aside) == [1, 0]


def test_without_labels_the_draw_is_over_all() -> None:
    kept, aside = holdout(open_source(np.zeros((10, 4, 4), np.uint8)), fraction=0.3)
    assert (len(kept), len(aside)) == (7, 3)
    assert aside.labels is None


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.2])
def test_a_fraction_outside_of_0_to_1_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match=r"holdout: fraction must be between 0 and 1\. Got .*\. Try 0\.2\."):
        holdout(labelled(*"aabb"), fraction=fraction)


def test_few_examples_keep_each_class_its_share_and_grow_by_more() -> None:
    source = labelled(*"a" * 60, *"b" * 30, *"c" * 10)
    draws = [with_few_examples(source, count=count, seed=3) for count in (1, 10, 50, 100)]
    assert [counts(draw) for draw in draws[1:]] == [[6, 3, 1], [30, 15, 5], [60, 30, 10]]
    for smaller, larger in pairwise(draws):
        assert set(smaller.ids) < set(larger.ids)
    assert draws[-1].ids == source.ids
    assert list(draws[1].ids) == sorted(draws[1].ids, key=int)
    assert with_few_examples(source, count=10, seed=4).ids != draws[1].ids
    assert with_few_examples(source, count=10, seed=3).ids == draws[1].ids


def test_few_examples_need_no_labels() -> None:
    source = open_source(np.zeros((100, 4, 4), np.uint8))
    few, more = (set(with_few_examples(source, count=count).ids) for count in (10, 40))
    assert (len(few), len(more)) == (10, 40)
    assert few < more
    assert set(with_few_examples(source, count=10, seed=7).ids) != few


@pytest.mark.parametrize("count", [0, 5])
def test_more_examples_than_there_are_is_refused(count: int) -> None:
    with pytest.raises(
        ValueError, match=r"pretrain: examples must be from 1 to 4, .*\. Got .\. Try 4, or leave it out"
    ):
        with_few_examples(labelled(*"aabb"), count=count)


def test_whole_classes_are_set_aside_by_the_seed() -> None:
    source = labelled(*"aabbccddeeffgghhiijj")
    others, held = hold_out_classes(source, seed=1)
    assert sorted(counts(held)) == [0] * 8 + [2, 2]
    assert sorted(counts(others)) == [0, 0] + [2] * 8
    assert sorted([*others.ids, *held.ids], key=int) == list(source.ids)
    assert hold_out_classes(source, seed=1)[1].ids == held.ids
    draws = {hold_out_classes(source, seed=seed)[1].ids for seed in range(6)}
    assert len(draws) > 3
    assert len(set(hold_out_classes(source, fraction=0.5)[1].labels.tolist())) == 5


def test_lone_examples_and_those_without_a_label_are_not_held_out() -> None:
    source = labelled(*"abcddee", "f", "f")
    source.labels = source.labels.copy()
    source.labels[-2:] = -1
    for seed in range(5):
        others, held = hold_out_classes(source, seed=seed)
        assert counts(held)[3:5] == [2, 2]
        assert others.ids == ("0", "1", "2")


@pytest.mark.parametrize("letters", ["aabb", "aabc", "ab"])
def test_too_few_classes_to_hold_any_out_are_refused(letters: str) -> None:
    with pytest.raises(DataError, match="hold_out_classes: data must be of at least 3 classes, 2 of them with 2"):
        hold_out_classes(labelled(*letters))
    with pytest.raises(ValueError, match=r"fraction must be between 0 and 1\. Got 2\. Try 0\.2\."):
        hold_out_classes(labelled(*"aabbcc"), fraction=2)
