"""Few labels, many draws."""

import numpy as np
import pytest

from nearfar.probes import fewshot


def rows() -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(2)
    labels = random.integers(0, 3, 600)
    x = (random.normal(size=(600, 8)) + 1.5 * np.eye(8)[labels]).astype(np.float32)
    return x[:300], labels[:300], x[300:], labels[300:]


def test_more_labels_are_better_and_the_seed_draws_them() -> None:
    few, many = fewshot(*rows(), labels_per_class=2), fewshot(*rows(), labels_per_class=60)
    assert few.interval[1] < many.interval[0]
    assert fewshot(*rows(), seed=1).accuracy != fewshot(*rows(), seed=2).accuracy


def test_more_episodes_are_surer() -> None:
    low, high = fewshot(*rows(), labels_per_class=3, episodes=4).interval
    surer_low, surer_high = fewshot(*rows(), labels_per_class=3, episodes=40).interval
    assert surer_high - surer_low < high - low


def test_a_class_with_fewer_rows_gives_all_it_has() -> None:
    train, train_labels, test, test_labels = rows()
    scarce = np.flatnonzero(train_labels == 0)[2:]
    train_labels[scarce] = -1
    assert fewshot(train, train_labels, test, test_labels).accuracy > 0.5


def test_a_wrong_call_gets_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"^fewshot: labels_per_class must be at least 1. Got 0. Try 10.$"):
        fewshot(*rows(), labels_per_class=0)
    with pytest.raises(ValueError, match=r"^fewshot: episodes must be at least 2. Got 1. Try 20.$"):
        fewshot(*rows(), episodes=1)
