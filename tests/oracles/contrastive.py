"""The contrastive equations as slow loops in float64, written from the papers."""

import math

import numpy as np

__all__ = ["info_nce", "nt_xent"]


def cosine(x: np.ndarray, y: np.ndarray) -> float:
    return float(x @ y) / (math.sqrt(float(x @ x)) * math.sqrt(float(y @ y)))


def nt_xent(z_a: np.ndarray, z_b: np.ndarray, temperature: float) -> float:
    """SimCLR, equation 1 and algorithm 1: views 2k - 1 and 2k are a pair."""
    views = [view.astype(np.float64) for pair in zip(z_a, z_b, strict=True) for view in pair]

    def loss(i: int, j: int) -> float:
        others = sum(math.exp(cosine(views[i], views[k]) / temperature) for k in range(len(views)) if k != i)
        return -math.log(math.exp(cosine(views[i], views[j]) / temperature) / others)

    pairs = range(0, len(views), 2)
    return sum(loss(k, k + 1) + loss(k + 1, k) for k in pairs) / len(views)


def info_nce(query: np.ndarray, keys: np.ndarray, positive: list[int], temperature: float) -> float:
    """CPC, equation 4, with cosine similarity divided by a temperature."""
    total = 0.0
    for q, own in zip(query.astype(np.float64), positive, strict=True):
        terms = [math.exp(cosine(q, k.astype(np.float64)) / temperature) for k in keys]
        total -= math.log(terms[own] / sum(terms))
    return total / len(query)
