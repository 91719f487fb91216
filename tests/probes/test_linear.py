"""The linear probe, and the regressions under it."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from nearfar.probes import fit_heads, linear


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


def test_forty_steps_are_enough() -> None:
    x, labels = (torch.from_numpy(array) for array in rows(2000, 64))
    x = (x - x.mean(dim=0)) / x.std(dim=0)
    strengths = torch.logspace(1, -5, 13)
    soon, late = (fit_heads(x, labels, 3, strengths=strengths, steps=steps).predict(x) for steps in (40, 600))
    assert (soon != late).float().mean(dim=0).max() < 0.02


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
