"""Which classes the linear probe takes for one another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Confusion", "Pair", "confusion"]

MOST_CLASSES = 20
"""A table of more classes cannot be read; of more, those of the most mistakes are shown."""


class Pair(NamedTuple):
    """A mistake that is made often.

    Attributes:
        own: the class that the examples have.
        read: the class that they are given.
        times: how many of them.
        total: how many examples the class has.
    """

    own: str
    read: str
    times: int
    total: int


@dataclass(frozen=True)
class Confusion:
    """What is taken for what.

    Attributes:
        classes: those that are shown.
        total: how many classes there are.
        rows: for each shown class, how many of its examples are given each shown class, and their share of the class.
        pairs: the most frequent mistakes among all classes, the most frequent first.
        mistakes: how many examples are given another class than their own.
        examples: how many there are.
    """

    classes: tuple[str, ...]
    total: int
    rows: tuple[tuple[tuple[int, float], ...], ...]
    pairs: tuple[Pair, ...]
    mistakes: int
    examples: int


def confusion(found: Mapping[str, Any] | None, *, most_pairs: int = 5) -> Confusion | None:
    """The table that `scores.json` holds, ready to be shown; None where it holds none.

    Args:
        found: `classes`, their names, and `counts`: a row for each own class, a column for each given one.
        most_pairs: how many mistakes are named.
    """
    if not found or not found.get("counts"):
        return None
    names, counts = [str(name) for name in found["classes"]], np.asarray(found["counts"], dtype=int)
    wrong = counts * ~np.eye(len(counts), dtype=bool)
    totals = counts.sum(axis=1)
    kept = _shown(wrong)
    share = counts / np.maximum(totals, 1)[:, None]
    return Confusion(
        tuple(names[label] for label in kept),
        len(names),
        tuple(tuple((int(counts[own, read]), float(share[own, read])) for read in kept) for own in kept),
        tuple(_pairs(names, wrong, totals, most_pairs)),
        int(wrong.sum()),
        int(counts.sum()),
    )


def _shown(wrong: np.ndarray) -> list[int]:
    """All classes, or those that take part in the most mistakes, in their order."""
    involved = wrong.sum(axis=0) + wrong.sum(axis=1)
    return sorted(np.argsort(-involved, kind="stable")[:MOST_CLASSES].tolist())


def _pairs(names: Sequence[str], wrong: np.ndarray, totals: np.ndarray, most: int) -> list[Pair]:
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    places = [divmod(int(place), wrong.shape[1]) for place in order]
    return [Pair(names[a], names[b], int(wrong[a, b]), int(totals[a])) for a, b in places if wrong[a, b]]
