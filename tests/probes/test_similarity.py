"""The probe of semantic textual similarity against scipy, and its intervals against drawing anew."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from nearfar.probes import sts


def pairs(n: int = 200, noise: float = 1.0, d: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    a = random.normal(size=(n, d))
    b = a + random.uniform(0, 3, size=(n, 1)) * random.normal(size=(n, d))
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    scores = (5 * (cosine + noise * random.normal(size=n))).round()  # with ties
    return a.astype(np.float32), 3 * b.astype(np.float32), scores


def test_it_is_scipy_s_with_ties() -> None:
    a, b, scores = pairs(noise=0.3)
    cosine = torch.cosine_similarity(torch.tensor(a).double(), torch.tensor(b).double()).numpy()
    found = sts(a, b, scores)
    assert found.spearman == pytest.approx(stats.spearmanr(cosine, scores).statistic, abs=1e-9)
    wanted = stats.pearsonr(cosine, scores)
    assert found.pearson == pytest.approx(wanted.statistic, abs=1e-9)
    assert found.pearson_interval == pytest.approx(wanted.confidence_interval(0.95), abs=1e-9)
    assert found.settings == {"pairs": 200}
    assert sts(torch.tensor(a), torch.tensor(b), torch.tensor(scores)) == found


def test_the_interval_of_ranks_is_that_of_drawing_pairs_anew() -> None:
    a, b, scores = pairs(n=400, noise=0.3)
    found, random = sts(a, b, scores), np.random.default_rng(1)
    draws = [sts(a[rows], b[rows], scores[rows]).spearman for rows in random.integers(0, 400, (100, 400))]
    assert found.interval == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.04)
    assert found.interval[0] < found.spearman < found.interval[1]


def test_landmarks() -> None:
    angle = np.linspace(0, 3, 50)
    a, b = np.tile([1.0, 0.0], (50, 1)), np.stack([np.cos(angle), np.sin(angle)], axis=1)
    perfect = sts(a, b, np.exp(np.cos(angle)))
    assert perfect.spearman == pytest.approx(1.0)
    assert 0.9 < perfect.pearson < 1.0
    assert sts(a, b, np.cos(angle)).pearson == pytest.approx(1.0)
    assert sts(a, b, -np.cos(angle)).spearman == pytest.approx(-1.0)
    collapsed = sts(np.ones((50, 3)), 2 * np.ones((50, 3)), angle)
    assert (collapsed.spearman, collapsed.pearson) == (0.0, 0.0)
    assert collapsed.interval == pytest.approx((math.tanh(-1.96 / 47**0.5), math.tanh(1.96 / 47**0.5)), abs=1e-4)
    assert abs(sts(*np.random.default_rng(0).normal(size=(2, 2000, 8)), np.arange(2000)).spearman) < 0.06


def test_it_is_written_in_json() -> None:
    assert list(sts(*pairs()).as_dict()) == ["spearman", "interval", "pearson", "pearson_interval", "settings"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a, b, s: (a, b[1:], s), r"vectors_a, vectors_b and scores must be of shapes \(n, d\), \(n, d\) and "),
        (lambda a, b, s: (a[:3], b[:3], s[:3]), "n must be at least 4 pairs. Got 3. "),
        (lambda a, b, s: (a, b * np.nan, s), "vectors_b must be finite. Got '1600 values that are not'. "),
        (lambda a, b, s: (a, b, 0 * s + 2), "scores must be different from one another. Got 2.0. "),
    ],
)
def test_a_wrong_call_gets_one_sentence(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^sts: {message}"):
        sts(*change(*pairs()))
