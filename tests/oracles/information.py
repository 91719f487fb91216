"""The mutual-information equations as slow loops, written from the papers."""

import numpy as np

__all__ = ["cpc", "deep_infomax_jsd", "deep_infomax_nce"]


def softplus(x: complex) -> complex:
    return np.log(1 + np.exp(x))


def deep_infomax_jsd(locations: np.ndarray, summary: np.ndarray) -> complex:
    """Deep InfoMax, equation 4, shifted by ln 2 on either side as the authors' code does."""
    n, p, _ = locations.shape
    scores = np.einsum("id,jqd->ijq", summary, locations)
    joint = mixed = 0.0
    for i in range(n):
        for j in range(n):
            for q in range(p):
                u = scores[i, j, q]
                if i == j:
                    joint += (np.log(2) - softplus(-u)) / (n * p)
                else:
                    mixed += (softplus(-u) + u - np.log(2)) / (n * (n - 1) * p)
    return mixed - joint


def deep_infomax_nce(locations: np.ndarray, summary: np.ndarray) -> complex:
    """Deep InfoMax, equation 5: the negatives of a summary are all locations of all other examples."""
    n, p, _ = locations.shape
    ratios = np.exp(np.einsum("id,jqd->ijq", summary, locations))
    loss = 0.0
    for i in range(n):
        others = sum(ratios[i, j, q] for j in range(n) if j != i for q in range(p))
        for q in range(p):
            own = ratios[i, i, q]
            loss -= np.log(own / (own + others)) / (n * p)
    return loss


def cpc(predictions: np.ndarray, futures: np.ndarray) -> complex:
    """CPC, equation 4, for each step: one context, all candidate futures."""
    n, k, _ = predictions.shape
    loss = 0.0
    for step in range(k):
        for i in range(n):
            ratios = [np.exp(futures[j, step] @ predictions[i, step]) for j in range(n)]
            loss -= np.log(ratios[i] / sum(ratios)) / (n * k)
    return loss
