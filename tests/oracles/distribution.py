"""LeJEPA's equations as slow loops, written from the paper and the range of its authors' code."""

from itertools import pairwise

import numpy as np

__all__ = ["sigreg", "view_prediction"]


def sigreg(z: np.ndarray, directions: np.ndarray) -> complex:
    """Algorithm 1 on each view: the trapezoidal rule over all of [-3, 3], half of whose points are below 0."""
    points = np.linspace(-3, 3, 33)
    total = 0.0
    for view in z:
        for direction in directions.T / np.linalg.norm(directions, axis=0)[:, None]:
            x = [row @ direction for row in view]
            values = []
            for t in points:
                normal = np.exp(-(t**2) / 2)
                real, imaginary = (sum(part(t * value) for value in x) / len(x) for part in (np.cos, np.sin))
                values.append(((real - normal) ** 2 + imaginary**2) * normal)
            area = sum((a + b) / 2 * (points[1] - points[0]) for a, b in pairwise(values))
            total += len(x) * area
    return total / (len(z) * directions.shape[1])


def view_prediction(z: np.ndarray, num_global: int) -> complex:
    """Section 5.1: each view of an example against the mean of its global views."""
    v, n, d = z.shape
    total = 0.0
    for i in range(n):
        for j in range(d):
            mean = sum(z[:num_global, i, j]) / num_global
            total += sum((z[view, i, j] - mean) ** 2 for view in range(v))
    return total / (v * n * d)
