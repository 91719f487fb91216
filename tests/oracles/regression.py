"""The regression equations as slow loops, written from the papers."""

import numpy as np

__all__ = ["negative_cosine", "normalized_mse"]


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt(x @ x)


def negative_cosine(p: np.ndarray, z: np.ndarray) -> complex:
    """SimSiam, equation 1; the mean over rows."""
    return sum(-(unit(x) @ unit(y)) for x, y in zip(p, z, strict=True)) / len(p)


def normalized_mse(p: np.ndarray, z: np.ndarray) -> complex:
    """BYOL, equation 2; the mean over rows."""
    return sum(((unit(x) - unit(y)) ** 2).sum() for x, y in zip(p, z, strict=True)) / len(p)
