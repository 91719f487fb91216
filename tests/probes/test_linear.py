"""The linear probe, and the regressions under it."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from nearfar.probes import Score, fit_heads, linear, linear_by_layer


def rows(n: int, d: int, classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping classes, in features that spread very unevenly and lean on each other."""
    labels = np.random.default_rng(seed).integers(0, classes, n)
    mixing = np.random.default_rng(9).normal(size=(d, d)) / np.sqrt(d)
    x = np.random.default_rng(seed + 1).normal(size=(n, d)) + np.eye(d)[labels]
    return (x * np.geomspace(1, 0.05, d) @ mixing).astype(np.float32), labels


@pytest.mark.parametrize(("n", "d", "classes"), [(300, 20, 3), (300, 20, 2), (15, 40, 3)])
def test_heads_are_scikit_learn_s_regressions(n: int, d: int, classes: int) -> None:
    x, labels = rows(n, d, classes)
    x = StandardScaler().fit_transform(x)
    strengths = torch.tensor([1.0, 0.1, 0.01])
    found = fit_heads(torch.from_numpy(x), torch.from_numpy(labels), classes, strengths=strengths, steps=400)
    for head, strength in enumerate(strengths.tolist()):
        peer = LogisticRegression(C=1 / (strength * n), tol=1e-8, max_iter=5000).fit(x, labels)
        coefficients, intercepts = peer.coef_, peer.intercept_
        if classes == 2:
            # Scikit-learn keeps one row w for two classes, whose softmax has w / 2 and - w / 2: half as regularised.
            peer = LogisticRegression(C=2 / (strength * n), tol=1e-8, max_iter=5000).fit(x, labels)
            coefficients = np.concatenate([-peer.coef_, peer.coef_]) / 2
            intercepts = np.concatenate([-peer.intercept_, peer.intercept_]) / 2
        np.testing.assert_allclose(found.weight[:, head], coefficients, atol=2e-3)
        np.testing.assert_allclose(found.bias[:, head] - found.bias[:, head].mean(), intercepts, atol=2e-3)


def test_twenty_steps_are_enough() -> None:
    x, labels = (torch.from_numpy(array) for array in rows(1000, 64))
    x = (x - x.mean(dim=0)) / x.std(dim=0)
    strengths = torch.logspace(1, -5, 13)
    soon, late = (fit_heads(x, labels, 3, strengths=strengths, steps=steps).predict(x) for steps in (20, 200))
    assert (soon != late).float().mean(dim=0).max() < 0.02


def test_a_start_near_the_end_saves_steps_and_changes_nothing() -> None:
    x, labels = (torch.from_numpy(array) for array in rows(300, 20))
    x, strengths = (x - x.mean(dim=0)) / x.std(dim=0), torch.tensor([0.1, 0.01])
    found = fit_heads(x, labels, 3, strengths=strengths, steps=200)
    again = fit_heads(x, labels, 3, strengths=strengths, steps=1, start=found)
    torch.testing.assert_close(again, found, atol=1e-4, rtol=0)


def test_the_classifier_is_scikit_learn_s_at_the_strength_that_was_chosen() -> None:
    (train, train_labels), (test, test_labels) = rows(400, 30), rows(500, 30, seed=5)
    score = linear(train, train_labels, test, test_labels)
    scale = StandardScaler().fit(train)
    peer = LogisticRegression(C=1 / (score.settings["strength"] * len(train)), tol=1e-8, max_iter=5000)
    peer.fit(scale.transform(train), train_labels)
    wanted = peer.predict_proba(scale.transform(test))
    np.testing.assert_allclose(score.probabilities, wanted, atol=5e-3)
    assert score.accuracy == pytest.approx(peer.score(scale.transform(test), test_labels), abs=0.002)


def test_probabilities_are_of_the_labelled_rows_and_no_part_of_the_record() -> None:
    (train, train_labels), (test, test_labels) = rows(60, 8), rows(40, 8, seed=5)
    test_labels[::4] = -1
    score = linear(train, 10 + 5 * train_labels, test, np.where(test_labels < 0, -1, 10 + 5 * test_labels))
    assert score.probabilities.shape == (30, 3)
    assert score.probabilities.dtype == np.float32
    right = score.probabilities.argmax(axis=1) == test_labels[test_labels >= 0]
    assert right.mean() == score.accuracy
    assert "probabilities" not in score.as_dict()
    assert "probabilities" not in repr(score)
    assert score == Score(score.accuracy, score.interval, score.settings)


def test_layers_are_judged_each_as_alone() -> None:
    (train, train_labels), (test, test_labels) = rows(120, 12), rows(80, 12, seed=5)
    found = linear_by_layer([train, train[:, :5]], train_labels, [test, test[:, :5]], test_labels, seed=3)
    alone = [linear(train[:, :d], train_labels, test[:, :d], test_labels, seed=3) for d in (12, 5)]
    assert list(found) == alone
    with pytest.raises(ValueError, match=r"train and test must be of as many layers\. Got \(1, 2\)\. Give both alike"):
        linear_by_layer([train], train_labels, [test, test], test_labels)


def test_it_is_near_scikit_learn_s_best() -> None:
    (train, train_labels), (test, test_labels) = rows(800, 40), rows(2000, 40, seed=5)
    scale = StandardScaler().fit(train)
    best = max(
        LogisticRegression(C=c).fit(scale.transform(train), train_labels).score(scale.transform(test), test_labels)
        for c in (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
    )
    score = linear(train, train_labels, test, test_labels)
    assert best - 0.01 < score.accuracy < 0.9
    assert score.settings["strength"] in score.settings["strengths"]


def test_the_seed_draws_the_fifth_that_chooses() -> None:
    (train, train_labels), (test, test_labels) = rows(60, 40), rows(300, 40, seed=5)
    chosen = {linear(train, train_labels, test, test_labels, seed=s).settings["strength"] for s in range(8)}
    assert len(chosen) > 1


def test_one_row_a_class_is_enough() -> None:
    train = np.eye(3, dtype=np.float32)
    assert linear(train, np.arange(3), train, np.arange(3)).accuracy == 1.0
