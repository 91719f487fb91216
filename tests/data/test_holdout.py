import numpy as np
import pytest

from nearfar.data import Source, holdout, open_source


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
