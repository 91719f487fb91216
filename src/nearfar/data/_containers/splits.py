"""The splits of data, by the name that each example has of its own."""

import numpy as np
from jaxtyping import Int

from nearfar.data._containers.layout import split_name
from nearfar.errors import DataError, complaint

__all__ = ["positions_of", "split_names"]


def split_names(splits: np.ndarray | None) -> tuple[str, ...]:
    """The names of splits: train, val and test first.

    Args:
        splits: that of each example; None where there are none.
    """
    found = [] if splits is None else sorted({str(name) for name in splits})
    usual = [name for name in ("train", "val", "test") if name in found]
    return (*usual, *(name for name in found if name not in usual))


def positions_of(splits: np.ndarray | None, split: str | None, *, count: int, where: str) -> Int[np.ndarray, "m"]:
    """The positions of the examples of a split.

    Args:
        splits: that of each example; None where there are none.
        split: the split; None takes `train` if there is one, else all.
        count: how many examples there are in all.
        where: who asks, for error sentences.

    Raises:
        DataError: there is no such split.
    """
    names = split_names(splits)
    chosen = ("train" if "train" in names else None) if split is None else split_name(split)
    if chosen is None:
        return np.arange(count)
    if splits is None:
        raise DataError(complaint(where, "split", "left out for data without splits", split, "Leave it out"))
    if chosen not in names:
        raise DataError(complaint(where, "split", f"one of {', '.join(names)}", split, f"Try {names[0]!r}"))
    return np.flatnonzero(splits == chosen)
