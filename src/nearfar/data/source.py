"""The contract of a source: examples by row, whatever they are kept in."""

import hashlib
import json
from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Shaped

__all__ = ["Source"]


class Source(ABC):
    """n raw examples with names and, where they are known, labels.

    A source is cheap to open and cheap to send to a worker process; `read` decodes one example and nothing else.

    Attributes:
        modality: what an example is: "image", "text", "image-text" or "series", later "audio" and "video".
        name: what the user called it, for people to read.
        ids: n names, unique in the source, the same on every machine: a path inside the container, or the row.
        labels: (n,) int64, -1 where unknown; None where the source knows no labels at all.
        class_names: the name of each label.
        skipped: file and reason of what was found and could not be used.
    """

    modality: ClassVar[str]
    name: str
    ids: tuple[str, ...]
    labels: np.ndarray | None
    class_names: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]

    @property
    @abstractmethod
    def hashes(self) -> Shaped[np.ndarray, "n"]:
        """(n,) S16: 16 bytes for each example, the same for the same content and for no other in practice."""

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the examples' `hashes`, the names of their classes, and their order, alike in any container."""
        whole = hashlib.sha256(self.hashes.tobytes())
        if self.labels is not None:
            names = (*self.class_names, "")  # of -1, unknown
            whole.update(json.dumps([names[label] for label in self.labels]).encode())
        return whole.hexdigest()

    def __len__(self) -> int:
        return len(self.ids)

    @abstractmethod
    def read(self, row: int) -> Any:
        """The raw example of a row."""

    @abstractmethod
    def select(self, rows: np.ndarray) -> "Source":
        """The source of some rows, in the order given."""

    def spread(self, count: int) -> "Source":
        """The source of some rows at even distances from first to last, or of all where there are no more."""
        return self.select(np.linspace(0, len(self) - 1, min(count, len(self))).astype(int))
