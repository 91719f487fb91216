"""The diagnostics as slow loops in float64, written from the papers."""

import math

import numpy as np

__all__ = ["alignment", "alpha_req", "cka", "effective_rank", "lidar", "participation_ratio", "uniformity"]


def unit(x: np.ndarray) -> np.ndarray:
    return np.array([row / math.sqrt(float(row @ row)) for row in x.astype(np.float64)])


def exp_entropy(values: np.ndarray) -> float:
    shares = [float(value) / float(values.sum()) for value in values]
    return math.exp(-sum(share * math.log(share) for share in shares if share > 1e-14))


def covariance(x: np.ndarray) -> np.ndarray:
    x = x.astype(np.float64)
    total = np.zeros((x.shape[1], x.shape[1]))
    for row in x - x.mean(axis=0):
        total += np.outer(row, row)
    return total / (len(x) - 1)


def effective_rank(x: np.ndarray) -> float:
    """RankMe, equation 1, without its 1e-7."""
    return exp_entropy(np.linalg.svd(x.astype(np.float64), compute_uv=False))


def participation_ratio(x: np.ndarray) -> float:
    values = np.linalg.eigvalsh(covariance(x))
    return float(values.sum()) ** 2 / float((values**2).sum())


def alpha_req(x: np.ndarray) -> float:
    """The least squares line through the logarithms, each point weighed by 1 / k."""
    values = sorted((value for value in np.linalg.eigvalsh(covariance(x)) if value > 0), reverse=True)
    values = [value for value in values if value > 2.0**-23 * values[0]]
    ranks = range(1, len(values) + 1)
    columns = np.array([[1.0, math.log(k)] for k in ranks])
    weights = np.array([1 / math.sqrt(k) for k in ranks])
    line = np.linalg.lstsq(columns * weights[:, None], np.log(values) * weights, rcond=None)[0]
    return -float(line[1])


def lidar(x: np.ndarray, delta: float = 1e-4) -> float:
    """LiDAR, equations 1 to 4; `x` holds n examples in v views."""
    n, v, d = x.shape
    means = [example.astype(np.float64).mean(axis=0) for example in x]
    within = np.zeros((d, d))
    for example, mean in zip(x, means, strict=True):
        for view in example:
            within += np.outer(view - mean, view - mean) / (n * (v - 1))
    values, vectors = np.linalg.eigh(within + delta * np.eye(d))
    whiten = vectors @ np.diag(values**-0.5) @ vectors.T
    return exp_entropy(np.linalg.eigvalsh(whiten @ covariance(np.stack(means)) @ whiten).clip(0))


def alignment(x_a: np.ndarray, x_b: np.ndarray) -> float:
    a, b = unit(x_a), unit(x_b)
    return sum(float((u - v) @ (u - v)) for u, v in zip(a, b, strict=True)) / len(a)


def uniformity(x: np.ndarray) -> float:
    rows = unit(x)
    pairs = [(i, j) for i in range(len(rows)) for j in range(len(rows)) if i != j]
    total = sum(math.exp(-2 * float((rows[i] - rows[j]) @ (rows[i] - rows[j]))) for i, j in pairs)
    return math.log(total / len(pairs))


def cka(x: np.ndarray, y: np.ndarray) -> float:
    """Through the Gram matrices of examples and the centring matrix: HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L))."""
    n = len(x)
    centre = np.eye(n) - np.ones((n, n)) / n

    def hsic(k: np.ndarray, other: np.ndarray) -> float:
        return float(np.trace(k @ centre @ other @ centre)) / (n - 1) ** 2

    k, other = (value.astype(np.float64) @ value.T.astype(np.float64) for value in (x, y))
    return hsic(k, other) / math.sqrt(hsic(k, k) * hsic(other, other))
