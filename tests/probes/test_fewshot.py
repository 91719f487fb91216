"""Few labels, many draws."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

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


def test_with_all_labels_it_is_scikit_learn_s_regression() -> None:
    train, train_labels, test, test_labels = rows()
    scale = StandardScaler().fit(train)
    peer = LogisticRegression(C=1 / (0.1 * len(train)), tol=1e-8).fit(scale.transform(train), train_labels)
    score = fewshot(*rows(), labels_per_class=300, episodes=2)
    assert score.accuracy == pytest.approx(peer.score(scale.transform(test), test_labels), abs=0.004)


def test_of_the_same_rows_those_that_are_labelled_are_not_asked() -> None:
    """Every row is a class of its own but for a twin: who sees one of the two knows the other, and nothing else."""
    twins = np.repeat(np.eye(6, dtype=np.float32), 2, axis=0)
    labels = np.repeat(np.arange(6), 2)
    assert fewshot(twins, labels, twins, labels, labels_per_class=1, same_rows=True).accuracy == 1.0
    mixed = np.roll(labels, 1)  # a row's twin is now of another class
    seen = fewshot(twins, mixed, twins, mixed, labels_per_class=1)
    asked = fewshot(twins, mixed, twins, mixed, labels_per_class=1, same_rows=True)
    assert asked.accuracy < 0.25 < seen.accuracy
    low, high = asked.interval
    assert low <= asked.accuracy <= high


def test_a_wrong_call_gets_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"^fewshot: labels_per_class must be at least 1. Got 0. Try 10.$"):
        fewshot(*rows(), labels_per_class=0)
    with pytest.raises(ValueError, match=r"^fewshot: episodes must be at least 2. Got 1. Try 20.$"):
        fewshot(*rows(), episodes=1)
    train, labels, test, _ = rows()
    with pytest.raises(ValueError, match=r"^fewshot: same_rows must be True for one set of rows\. Got \(300, 200\)\. "):
        fewshot(train, labels, test[:200], labels[:200], same_rows=True)
    with pytest.raises(ValueError, match=r"labels_per_class must be below 2, the rows of the largest class.* Try 1\."):
        fewshot(np.eye(4), np.arange(4) // 2, np.eye(4), np.arange(4) // 2, labels_per_class=2, same_rows=True)
