"""Some pictures that a run has not learned from, without a look at the others."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from nearfar.data._examine import examined
from nearfar.data.opening import container_of, positions_of, split_names
from nearfar.data.pictures import Pictures
from nearfar.data.reading import Reading
from nearfar.data.source import Source

__all__ = ["HeldOut", "held_out_pictures"]


class HeldOut(NamedTuple):
    """Pictures of a split that a run has not learned from.

    Attributes:
        pictures: some of them, in a random order.
        split: its name.
    """

    pictures: Pictures
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
    names = split_names(container)
    learned = positions_of(container, split, "nearfar")
    for name in ("test", "val"):
        positions = positions_of(container, name, "nearfar") if name in names else learned
        if not np.isin(positions, learned).any():
            generator = np.random.default_rng(seed)
            chosen = np.sort(generator.permutation(positions)[:count])
            found = examined(container, chosen, reading=reading, where="nearfar")
            return HeldOut(found.select(generator.permutation(len(found))), name)
    return None
