"""The probe of semantic textual similarity: does cosine say what people say of pairs of sentences?"""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from torch import Tensor

from nearfar.errors import complaint

__all__ = ["Correlation", "sts"]


@dataclass(frozen=True)
class Correlation:
    """How well two rankings of the same pairs agree, with 95 % intervals.

    Attributes:
        spearman: the correlation of ranks, in [-1, 1].
        interval: the low and the high end of its interval.
        pearson: the correlation of the values themselves.
        pearson_interval: the low and the high end of its interval.
        settings: the number of pairs.
    """

    spearman: float
    interval: tuple[float, float]
    pearson: float
    pearson_interval: tuple[float, float]
    settings: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The scores in the types of JSON."""
        return {
            "spearman": self.spearman,
            "interval": list(self.interval),
            "pearson": self.pearson,
            "pearson_interval": list(self.pearson_interval),
            "settings": dict(self.settings),
        }


def sts(vectors_a: np.ndarray | Tensor, vectors_b: np.ndarray | Tensor, scores: np.ndarray | Tensor) -> Correlation:
    """The correlation of cosine similarities with the scores that people gave.

    Landmarks: 1 where cosines rise with the scores (Pearson: in a line), 0 on noise, and 0 for a collapsed encoder,
    whose cosines are all alike.

    Args:
        vectors_a: (n, d) embeddings of the first sentences; any length. A zero row has cosine 0.
        vectors_b: (n, d) embeddings of the second sentences.
        scores: (n,) how alike people found each pair; only their order counts for Spearman.

    Returns:
        Both correlations with their 95 % intervals over pairs.

    Raises:
        ValueError: shapes do not fit, a value is not finite, there are fewer than 4 pairs, or all scores are equal.

    Source: STS benchmark, Cer et al. 2017 (arXiv 1708.00055). The interval of Spearman's is that of Bonett and Wright
        2000, "Sample size requirements for estimating Pearson, Kendall and Spearman correlations"; that of Pearson's is
        Fisher's.
    """
    a, b, wanted = (np.asarray(each, dtype=np.float64) for each in (vectors_a, vectors_b, scores))
    _check(a, b, wanted)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosines = (a * b).sum(axis=1) / np.where(lengths == 0, np.inf, lengths)
    settings = {"pairs": len(wanted)}
    if np.ptp(cosines) < 1e-12:
        return Correlation(0.0, _interval(0.0, len(wanted)), 0.0, _interval(0.0, len(wanted)), settings)
    spearman = float(stats.spearmanr(cosines, wanted).statistic)
    pearson = float(stats.pearsonr(cosines, wanted).statistic)
    ranked = _interval(spearman, len(wanted), inflation=1 + spearman**2 / 2)
    return Correlation(spearman, ranked, pearson, _interval(pearson, len(wanted)), settings)


def _interval(correlation: float, pairs: int, *, inflation: float = 1.0) -> tuple[float, float]:
    """Fisher's interval, with the variance of its z inflated."""
    half = statistics.NormalDist().inv_cdf(0.975) * math.sqrt(inflation / (pairs - 3))
    centre = math.atanh(min(max(correlation, -1 + 1e-15), 1 - 1e-15))
    return math.tanh(centre - half), math.tanh(centre + half)


def _check(a: np.ndarray, b: np.ndarray, scores: np.ndarray) -> None:
    if a.ndim != 2 or a.shape != b.shape or scores.shape != a.shape[:1]:
        shapes = (a.shape, b.shape, scores.shape)
        wanted = "of shapes (n, d), (n, d) and (n,)"
        raise ValueError(complaint("sts", "vectors_a, vectors_b and scores", wanted, shapes, "Give one row a sentence"))
    if len(scores) < 4:
        raise ValueError(complaint("sts", "n", "at least 4 pairs", len(scores), "Give more pairs"))
    for name, values in (("vectors_a", a), ("vectors_b", b), ("scores", scores)):
        if not np.isfinite(values).all():
            broken = f"{int((~np.isfinite(values)).sum())} values that are not"
            raise ValueError(complaint("sts", name, "finite", broken, "Look for the step where training went wrong"))
    if np.ptp(scores) == 0:
        raise ValueError(complaint("sts", "scores", "different from one another", float(scores[0]), "Give all scores"))
