"""Setting examples aside to judge by."""

import numpy as np

from nearfar.data.source import Source
from nearfar.errors import complaint

__all__ = ["holdout"]


def holdout(source: Source, *, fraction: float = 0.2, seed: int = 0) -> tuple[Source, Source]:
    """Splits a source in two, each class by itself, by a seeded draw.

    Each class of at least two examples is in both parts; a single example stays in the first.

    Args:
        source: what to split; where it knows no labels, the draw is over all examples.
        fraction: the part of each class that is set aside, between 0 and 1.
        seed: another seed sets other examples aside.

    Returns:
        The larger part and the part set aside, each in the source's order.
    """
    if not 0 < fraction < 1:
        raise ValueError(complaint("holdout", "fraction", "between 0 and 1", fraction, "Try 0.2"))
    labels = np.zeros(len(source), dtype=np.int64) if source.labels is None else source.labels
    generator = np.random.default_rng(seed)
    aside = np.zeros(len(source), dtype=bool)
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        count = min(max(1, round(fraction * len(rows))), len(rows) - 1)
        aside[rows[:count]] = True
    return source.select(np.flatnonzero(~aside)), source.select(np.flatnonzero(aside))
