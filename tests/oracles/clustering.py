"""The clustering equations as slow loops, written from the papers and their pseudocode."""

import numpy as np

__all__ = ["crossed", "dino", "sinkhorn", "swapped_prediction"]


def sinkhorn(scores: np.ndarray, epsilon: float, iterations: int) -> np.ndarray:
    """SwAV, appendix A: prototypes are rows, examples columns."""
    q = np.exp(scores.T / epsilon)
    k, n = q.shape
    q /= q.sum()
    for _ in range(iterations):
        for row in range(k):
            q[row] /= q[row].sum() * k
        for column in range(n):
            q[:, column] /= q[:, column].sum() * n
    return (q * n).T


def log_softmax(x: np.ndarray) -> np.ndarray:
    return x - np.log(sum(np.exp(value) for value in x))


def crossed(targets: np.ndarray, scores: np.ndarray, temperature: float) -> complex:
    """The cross entropy of each target with each other view: the loops of both papers' code."""
    total, pairs = 0.0, 0
    for g, target in enumerate(targets):
        for v, score in enumerate(scores):
            if v != g:
                rows = zip(target, score, strict=True)
                total += sum(-(t @ log_softmax(s / temperature)) for t, s in rows) / len(target)
                pairs += 1
    return total / pairs


def swapped_prediction(
    scores: np.ndarray, basis: np.ndarray, temperature: float, epsilon: float, iterations: int
) -> complex:
    """SwAV, equations 1 and 2, with the codes of some scores."""
    return crossed(np.stack([sinkhorn(view, epsilon, iterations) for view in basis]), scores, temperature)


def dino(
    scores: np.ndarray, target_scores: np.ndarray, center: np.ndarray, temperature: float, target_temperature: float
) -> complex:
    """DINO, algorithm 1."""
    targets = np.exp([[log_softmax((row - center) / target_temperature) for row in view] for view in target_scores])
    return crossed(targets, scores, temperature)
