"""Setting examples aside to judge by."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int

from nearfar.data.source import Source
from nearfar.errors import DataError, complaint

__all__ = ["hold_out_classes", "holdout", "with_few_examples", "with_few_labels"]


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
    aside = np.zeros(len(source), dtype=bool)
    for rows in _shuffled_classes(source, np.random.default_rng(seed)):
        count = min(max(1, round(fraction * len(rows))), len(rows) - 1)
        aside[rows[:count]] = True
    return source.select(np.flatnonzero(~aside)), source.select(np.flatnonzero(aside))


def hold_out_classes(
    source: Source, *, fraction: float = 0.2, seed: int = 0, where: str = "hold_out_classes"
) -> tuple[Source, Source]:
    """Sets whole classes aside, by a seeded draw: people whom an encoder is to tell apart without having seen them.

    The draw is over the classes of two examples and more, because a lone one cannot be found again. Examples without a
    label are in neither part: nobody knows whose they are.

    Args:
        source: labelled examples of at least 3 classes.
        fraction: the part of the classes that is set aside, between 0 and 1; two classes at least.
        seed: another seed sets other classes aside.
        where: who asks, for the sentence of an error.

    Returns:
        The examples of the other classes and those of the classes set aside, each in the source's order.

    Raises:
        DataError: there are too few classes.
        ValueError: the fraction cannot be used.
    """
    if not 0 < fraction < 1:
        raise ValueError(complaint(where, "fraction", "between 0 and 1", fraction, "Try 0.2"))
    labels = np.full(len(source), -1) if source.labels is None else source.labels
    classes, counts = np.unique(labels[labels >= 0], return_counts=True)
    several = classes[counts > 1]
    if len(classes) < 3 or len(several) < 2:
        constraint = "of at least 3 classes, 2 of them with 2 examples or more"
        got = f"{len(classes)} classes in {source.name}, {len(several)} of them with 2 examples or more"
        next_step = "Name the column of labels, or put the pictures of each class into a folder of its own"
        raise DataError(complaint(where, "data", constraint, got, next_step))
    count = min(max(2, round(fraction * len(classes))), len(several), len(classes) - 1)
    aside = np.isin(labels, np.random.default_rng(seed).permutation(several)[:count])
    return source.select(np.flatnonzero(~aside & (labels >= 0))), source.select(np.flatnonzero(aside))


def with_few_examples(source: Source, *, count: int, seed: int = 0) -> Source:
    """A part of the examples, by a seeded draw.

    Where labels are known, each class has the share that it has in the whole; where they are not, the draw is over all.
    Of two counts by one seed, the larger draw has all of the smaller.

    Args:
        source: what to draw from; it needs no labels.
        count: how many examples stay, from 1 to all.
        seed: another seed keeps other examples.

    Returns:
        The part, in the source's order.

    Raises:
        ValueError: there are not so many.
    """
    if not 1 <= count <= len(source):
        constraint = f"from 1 to {len(source):,}, the number of examples in {source.name}"
        raise ValueError(complaint("pretrain", "examples", constraint, count, f"Try {len(source)}, or leave it out"))
    generator = np.random.default_rng(seed)
    turn = np.empty(len(source))
    for rows in _shuffled_classes(source, generator):
        # The k-th of a class's n comes between k/n and (k+1)/n of all, so that the first examples are of every class.
        turn[rows] = (np.arange(len(rows)) + generator.random(len(rows))) / len(rows)
    return source.select(np.sort(np.argsort(turn, kind="stable")[:count]))


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
        next_step = "Name the column of labels, or put the pictures of each class into a folder of its own"
        raise DataError(complaint("finetune", "data", "labelled", f"no label in {source.name}", next_step))
    labelled = source.select(np.flatnonzero(source.labels >= 0))
    classes = _shuffled_classes(labelled, np.random.default_rng(seed))
    kept = [rows[: max(1, round(fraction * len(rows)))] for rows in classes]
    return labelled.select(np.sort(np.concatenate(kept)))


def _shuffled_classes(source: Source, generator: np.random.Generator) -> Iterator[Int[np.ndarray, "_"]]:
    """The rows of each class, those without a label as one more, each class shuffled when its turn comes."""
    labels = np.zeros(len(source), dtype=np.int64) if source.labels is None else source.labels
    for label in np.unique(labels):
        yield generator.permutation(np.flatnonzero(labels == label))
