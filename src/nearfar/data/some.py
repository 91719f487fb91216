"""Some examples that a run has not learned from, of pictures without a look at the others."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from nearfar.data._containers.splits import positions_of, split_names
from nearfar.data._examine import examined
from nearfar.data.opening import container_of
from nearfar.data.reading import Reading
from nearfar.data.series_opening import open_series, series_splits
from nearfar.data.source import Source

__all__ = ["HeldOut", "held_out_pictures", "held_out_series"]


class HeldOut(NamedTuple):
    """Examples of a split that a run has not learned from.

    Attributes:
        examples: some of them, in a random order.
        split: its name.
    """

    examples: Source
    split: str


def held_out_pictures(
    data: Any, *, split: str | None, count: int, seed: int = 0, reading: Reading | None = None
) -> HeldOut | None:
    """Some pictures of the test split, or else of the validation split.

    Args:
        data: as `open_source` takes it; a source that is open has no other split.
        split: what the run learns from; None is `train` where there is one, else all.
        count: how many are taken, or all where there are fewer; what cannot be used is left out.
        seed: of the choice.
        reading: how to read them.

    Returns:
        The pictures; None where there is no such split, or the run learns from it.

    Raises:
        DataError: the data is missing or unreadable, or none of the pictures can be used.
    """
    if isinstance(data, Source):
        return None
    reading = replace(reading or Reading(), strict=False)
    container = replace(container_of(data, reading, "nearfar"), captions=None)

    def positions(split: str | None) -> Int[np.ndarray, "m"]:
        return positions_of(container.splits, split, count=len(container.ids), where="nearfar")

    learned, names = positions(split), split_names(container.splits)
    for name in ("test", "val"):
        if name in names and not np.isin(there := positions(name), learned).any():
            generator = np.random.default_rng(seed)
            chosen = np.sort(generator.permutation(there)[:count])
            found = examined(container, chosen, reading=reading, where="nearfar")
            return HeldOut(found.select(generator.permutation(len(found))), name)
    return None


def held_out_series(data: Any, *, split: str | None, count: int, seed: int = 0) -> HeldOut | None:
    """Some series of the test split, or else of the validation split.

    Args:
        data: as `open_series` takes it; a source that is open has no other split.
        split: what the run learns from; None is `train` where there is one, else all.
        count: how many are taken, or all where there are fewer.
        seed: of the choice.

    Returns:
        The series; None where there is no such split, or the run learns from it.

    Raises:
        DataError: the data is missing or unreadable, or none of the series can be used.
    """
    names, learned = series_splits(data), split or "train"
    for name in ("test", "val") if learned in names else ():
        if name in names and name != learned:
            found = open_series(data, split=name)
            return HeldOut(found.select(np.random.default_rng(seed).permutation(len(found))[:count]), name)
    return None
