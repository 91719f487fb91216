"""Setting examples aside to judge by."""

import numpy as np

from nearfar.data.source import Source
from nearfar.errors import DataError, complaint

__all__ = ["holdout", "with_few_labels"]


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


def with_few_labels(source: Source, *, fraction: float, seed: int = 0) -> Source:
    """A part of the labelled examples, of each class by itself, by a seeded draw: what few labels leave to learn from.

    Each class keeps at least one example; of two fractions by one seed, the larger has all of the smaller.

    Args:
        source: labelled examples; those without a label are left out.
        fraction: the part of each class that stays, above 0 and at most 1.
        seed: another seed keeps other examples.

    Returns:
        The part, in the source's order.

    Raises:
        DataError: no example has a label.
        ValueError: the fraction cannot be used.
    """
    if not 0 < fraction <= 1:
        raise ValueError(complaint("finetune", "labels", "a fraction above 0 and at most 1", fraction, "Try 0.1"))
    if source.labels is None or not (source.labels >= 0).any():
        next_step = "Put the pictures of each class into a folder of its own"
        raise DataError(complaint("finetune", "data", "labelled", f"no label in {source.name}", next_step))
    generator = np.random.default_rng(seed)
    kept = [
        rows[: max(1, round(fraction * len(rows)))]
        for label in np.unique(source.labels[source.labels >= 0])
        for rows in [generator.permutation(np.flatnonzero(source.labels == label))]
    ]
    return source.select(np.sort(np.concatenate(kept)))
