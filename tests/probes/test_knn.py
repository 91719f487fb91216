"""The weighted vote of neighbours."""

import math
import sys

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from nearfar.probes import knn


def rows() -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 500)
    x = (random.normal(size=(500, 6)) + 1.2 * np.eye(6)[labels]).astype(np.float32)
    return x[:300], labels[:300], x[300:], labels[300:]


@pytest.mark.parametrize(("k", "temperature"), [(1, 0.1), (7, 0.1), (50, 1.0), (50, 0.01)])
def test_it_is_scikit_learn_s(k: int, temperature: float) -> None:
    train, train_labels, test, test_labels = rows()
    peer = KNeighborsClassifier(k, metric="cosine", weights=lambda distance: np.exp(-distance / temperature))
    wanted = peer.fit(train, train_labels).score(test, test_labels)
    assert 0.4 < wanted < 0.9
    assert knn(train, train_labels, test, test_labels, k=k, temperature=temperature).accuracy == wanted


def test_the_order_of_training_rows_does_not_matter() -> None:
    train, train_labels, test, test_labels = rows()
    order = np.random.permutation(len(train))
    assert knn(train[order], train_labels[order], test, test_labels) == knn(train, train_labels, test, test_labels)


def test_chunks_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = knn(*rows())
    monkeypatch.setattr(sys.modules["nearfar.probes.nearest"], "_SIMILARITIES", 1000)
    assert knn(*rows()) == wanted


def test_more_neighbours_than_rows_are_all_rows() -> None:
    train, train_labels, test, test_labels = rows()
    score = knn(train, train_labels, test, test_labels, k=10_000)
    assert score == knn(train, train_labels, test, test_labels, k=300)
    assert score.settings["k"] == 300


def test_several_k_are_each_alone_in_one_search() -> None:
    ks = (20, 1, 7, 10_000)
    score = knn(*rows(), k=ks)
    alone = [knn(*rows(), k=k) for k in ks]
    assert score.more == {f"accuracy@{k}": one.accuracy for k, one in zip(ks, alone, strict=True)}
    assert (score.accuracy, score.interval) == (alone[0].accuracy, alone[0].interval)
    assert score.settings["k"] == [20, 1, 7, 300]
    assert knn(*rows(), k=[7]).more == {}


def test_near_neighbours_weigh_more() -> None:
    """Two neighbours of class 1 against a nearer one of class 0: the temperature decides."""
    angle = torch.tensor([0.0, 0.5, 0.5])
    train, labels = torch.stack([angle.cos(), angle.sin()], dim=1), torch.tensor([0, 1, 1])
    test, wanted = torch.tensor([[1.0, 0.0]]), torch.tensor([1])
    even = (1 - math.cos(0.5)) / math.log(2)
    assert knn(train, labels, test, wanted, k=3, temperature=1.1 * even).accuracy == 1.0
    assert knn(train, labels, test, wanted, k=3, temperature=0.9 * even).accuracy == 0.0


def test_equal_votes_go_to_the_lowest_label() -> None:
    train = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    for labels in ([4, 7], [7, 4]):
        assert knn(train, torch.tensor(labels), train[:1], torch.tensor([4])).accuracy == 1.0


def test_a_wrong_call_gets_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"^knn: k must be at least 1. Got 0. Try 20.$"):
        knn(*rows(), k=0)
    with pytest.raises(ValueError, match=r"^knn: k must be at least 1. Got \(5, 0\). Try 20.$"):
        knn(*rows(), k=(5, 0))
    with pytest.raises(ValueError, match=r"^knn: k must be at least 1. Got \[\]. Try 20.$"):
        knn(*rows(), k=[])
    with pytest.raises(ValueError, match=r"^knn: temperature must be above 0. Got 0.0. "):
        knn(*rows(), temperature=0.0)
