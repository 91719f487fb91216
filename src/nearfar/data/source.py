"""The contract of a source: examples by row, whatever they are kept in."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

__all__ = ["Source"]


class Source(ABC):
    """n raw examples with names and, where they are known, labels.

    A source is cheap to open and cheap to send to a worker process; `read` decodes one example and nothing else.

    Attributes:
        modality: what an example is: "image", later "text", "series", "audio", "video", "image-text".
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
    def fingerprint(self) -> str:
        """A hash of the examples' content, labels and order, the same through any container."""

    def __len__(self) -> int:
        return len(self.ids)

    @abstractmethod
    def read(self, row: int) -> Any:
        """The raw example of a row."""

    @abstractmethod
    def select(self, rows: np.ndarray) -> "Source":
        """The source of some rows, in the order given."""
