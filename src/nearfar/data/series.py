"""Series as a source, from whatever they are kept in."""

import hashlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from nearfar.data.source import Source

__all__ = ["Series"]


class Series(Source):
    """n series of one length, all of the same channels.

    Attributes:
        channels: how many numbers each step has.
        length: how many steps each series has.
    """

    modality = "series"

    def __init__(
        self,
        values: Shaped[np.ndarray, "all c t"],
        rows: Int[np.ndarray, "n"],
        *,
        name: str,
        ids: Sequence[str],
        labels: Int[np.ndarray, "n"] | None = None,
        class_names: Sequence[str] = (),
        skipped: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Is called by `open_series`, which looks whether they can be used.

        Args:
            values: those of the whole opening, whole or mapped from a file; numbers of any real kind.
            rows: which of them these are.
            name: what the user called the data.
            ids: of each series.
            labels: of each series, -1 where unknown.
            class_names: the name of each label.
            skipped: row and reason of what cannot be used.
        """
        self.name, self.ids = name, tuple(ids)
        self.labels, self.class_names, self.skipped = labels, tuple(class_names), tuple(skipped)
        self.channels, self.length = values.shape[1:]
        self._values, self._rows = values, rows

    @cached_property
    def hashes(self) -> Shaped[np.ndarray, "n"]:
        """(n,) S16: the first 16 bytes of the SHA-256 of each series' shape and of its numbers as float32."""
        shape = repr((self.channels, self.length)).encode()
        contents = (shape + self.read(row).tobytes() for row in range(len(self)))
        hashes = np.array([hashlib.sha256(content).digest()[:16] for content in contents], dtype="S16")
        hashes.flags.writeable = False
        return hashes

    def values(self, rows: Int[np.ndarray, "m"]) -> Float[Tensor, "m c t"]:
        """Some of the series, in the order given, as float32.

        Args:
            rows: which.
        """
        return torch.from_numpy(self._values[self._rows[rows]].astype(np.float32))

    def read(self, row: int) -> Float[np.ndarray, "c t"]:
        """The series of a row, as float32."""
        return np.ascontiguousarray(self._values[self._rows[row]], dtype=np.float32)

    def select(self, rows: np.ndarray) -> "Series":
        """The source of some rows, in the order given; their numbers are shared, not copied."""
        wanted = np.arange(len(self))[rows]
        selected = Series(
            self._values,
            self._rows[wanted],
            name=self.name,
            ids=[self.ids[row] for row in wanted.tolist()],
            labels=None if self.labels is None else self.labels[wanted],
            class_names=self.class_names,
            skipped=self.skipped,
        )
        if "hashes" in self.__dict__:
            selected.__dict__["hashes"] = self.hashes[wanted]
        return selected
