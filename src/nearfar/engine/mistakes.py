"""What the linear probe takes for what."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from nearfar.data.source import Source
from nearfar.probes import Score

__all__ = ["confusion", "guesses"]

MOST_CLASSES = 50
"""A table of more says nothing to people."""


def confusion(score: Score, train: Source, test: Source) -> dict[str, Any] | None:
    """How often each class is taken for each.

    Args:
        score: the linear probe's.
        train: what it was fitted on.
        test: what it was scored on.

    Returns:
        The names of the `classes`, and the `counts`: a row a true class, a column a predicted one. None where there are
        more than 50 classes.
    """
    classes = _classes(train)
    if len(classes) > MOST_CLASSES:
        return None
    predicted, _ = guesses(score, train, test)
    known = predicted >= 0
    assert test.labels is not None
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    places = np.searchsorted(classes, test.labels[known]), np.searchsorted(classes, predicted[known])
    np.add.at(counts, places, 1)
    return {"classes": [train.class_names[label] for label in classes], "counts": counts.tolist()}


def guesses(score: Score, train: Source, test: Source) -> tuple[Int[np.ndarray, "m"], Float[np.ndarray, "m"]]:
    """The likeliest class of each test picture, and the probability of its own.

    Args:
        score: the linear probe's.
        train: what it was fitted on.
        test: what it was scored on.

    Returns:
        The class as an index of the class names, -1 for a picture without a label, which the probe was not asked; and
        the probability of the true class, 0 there.
    """
    assert score.probabilities is not None
    assert test.labels is not None
    classes, known = _classes(train), np.flatnonzero(test.labels >= 0)
    predicted, certainty = np.full(len(test), -1), np.zeros(len(test))
    predicted[known] = classes[score.probabilities.argmax(axis=1)]
    own = np.searchsorted(classes, test.labels[known])
    certainty[known] = score.probabilities[np.arange(len(known)), own]
    return predicted, certainty


def _classes(train: Source) -> Int[np.ndarray, "classes"]:
    """The labels of the columns of the probabilities."""
    assert train.labels is not None
    return np.unique(train.labels[train.labels >= 0])
