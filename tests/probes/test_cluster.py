"""The clustering probe."""

import itertools

import numpy as np
import pytest
import torch

from nearfar.probes import cluster


def groups(apart: float, n: int = 200, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    labels = random.permutation(np.arange(n) % classes)
    return (random.normal(size=(n, 8)) + apart * np.eye(8)[labels]).astype(np.float32), 10 + 3 * labels


def test_groups_that_are_the_classes_score_one() -> None:
    score = cluster(*groups(40.0))
    assert (score.accuracy, score.more) == (1.0, {"nmi": pytest.approx(1.0), "ari": pytest.approx(1.0)})


def test_noise_is_at_chance() -> None:
    score = cluster(*groups(0.0, n=2000))
    assert abs(score.more["ari"]) < 0.01
    assert score.more["nmi"] < 0.01
    assert 0.25 < score.accuracy < 0.32


def test_neither_order_nor_length_nor_names_matter() -> None:
    x, labels = groups(4.0)
    order = np.random.default_rng(1).permutation(len(x))
    plain = cluster(x, labels)
    assert 0.5 < plain.accuracy < 1
    assert cluster(torch.from_numpy(x * np.linspace(1, 9, len(x), dtype=np.float32)[:, None]), labels) == plain
    assert cluster(x, labels // 3) == plain
    assert cluster(x[order], labels[order]).accuracy == pytest.approx(plain.accuracy, abs=0.02)


def test_accuracy_is_that_of_the_best_assignment() -> None:
    from sklearn.cluster import KMeans

    x, labels = groups(2.0, classes=3)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    found = KMeans(3, n_init=5, random_state=0).fit_predict(unit)
    names = np.unique(labels)
    best = max(np.mean(np.take(order, found) == labels) for order in itertools.permutations(names))
    assert cluster(x, labels).accuracy == pytest.approx(best)


def test_agreement_is_that_of_pairs_and_of_entropies() -> None:
    """The adjusted Rand index counts pairs of rows, the mutual information is in the table of groups and classes."""
    from sklearn.cluster import KMeans

    x, labels = groups(2.0, n=60, classes=3)
    found = KMeans(3, n_init=5, random_state=0).fit_predict(x / np.linalg.norm(x, axis=1, keepdims=True))
    a, b = np.triu_indices(60, 1)
    together, alike = found[a] == found[b], labels[a] == labels[b]
    expected = together.mean() * alike.mean()
    index = ((together & alike).mean() - expected) / ((together.mean() + alike.mean()) / 2 - expected)
    both = np.array([[np.mean((found == g) & (labels == c)) for c in np.unique(labels)] for g in range(3)])
    of_group, of_class = both.sum(1), both.sum(0)
    shared = sum(p * np.log(p / (of_group[g] * of_class[c])) for (g, c), p in np.ndenumerate(both) if p)
    entropies = [-(p * np.log(p)).sum() for p in (of_group, of_class)]
    score = cluster(x, labels)
    assert score.more == {"nmi": pytest.approx(shared / np.mean(entropies)), "ari": pytest.approx(index)}


def test_rows_without_a_label_are_left_out() -> None:
    x, labels = groups(4.0)
    labels[::3] = -1
    assert cluster(x, labels) == cluster(x[labels >= 0], labels[labels >= 0])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"num_clusters": 1}, r"num_clusters must be from 2 to 200 \(the labelled rows\)\. Got 1\. Try 4\."),
        ({"num_clusters": 201}, r"num_clusters must be from 2 to 200 \(the labelled rows\)\. Got 201\. Try 4\."),
        ({"restarts": 0}, r"restarts must be at least 1\. Got 0\. Try 5\."),
        ({"labels": np.zeros(200, int)}, r"labels must be of at least 2 classes\. Got 1\. "),
    ],
)
def test_a_wrong_call_gets_one_sentence(given: dict[str, object], message: str) -> None:
    x, labels = groups(1.0)
    with pytest.raises(ValueError, match=f"^cluster: {message}"):
        cluster(x, given.pop("labels", labels), **given)
