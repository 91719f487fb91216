"""The redundancy equations as slow loops, written from the papers and their pseudocode."""

import numpy as np

__all__ = ["barlow_twins", "vicreg"]


def covariance(x: np.ndarray, y: np.ndarray, divisor: int) -> complex:
    return (x - x.sum() / len(x)) @ (y - y.sum() / len(y)) / divisor


def vicreg(z_a: np.ndarray, z_b: np.ndarray, weights: tuple[float, float, float]) -> complex:
    """VICReg, equations 1 to 6 with the means of algorithm 1."""
    n, d = z_a.shape
    invariance = sum(((a - b) ** 2).sum() for a, b in zip(z_a, z_b, strict=True)) / (n * d)
    variance = spread = 0.0
    for z in (z_a, z_b):
        for i in range(d):
            short = 1 - np.sqrt(covariance(z[:, i], z[:, i], n - 1) + 1e-4)
            variance += (short if np.real(short) > 0 else 0) / (2 * d)
            spread += sum(covariance(z[:, i], z[:, j], n - 1) ** 2 for j in range(d) if j != i) / d
    return weights[0] * invariance + weights[1] * variance + weights[2] * spread


def barlow_twins(z_a: np.ndarray, z_b: np.ndarray, weight: float) -> complex:
    """Barlow Twins, equations 1 and 2, with the eps of the batch norm that standardises."""
    n, d = z_a.shape
    loss = 0.0
    for i in range(d):
        for j in range(d):
            x, y = z_a[:, i], z_b[:, j]
            scale = np.sqrt(covariance(x, x, n) + 1e-5) * np.sqrt(covariance(y, y, n) + 1e-5)
            correlation = covariance(x, y, n) / scale
            loss += (1 - correlation) ** 2 if i == j else weight * correlation**2
    return loss
