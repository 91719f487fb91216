"""Pictures that are ranges of bytes in a few large files: archives, shards and tables, read at random."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int

from nearfar.data._containers.store import EncodedStore
from nearfar.data._containers.temporary import Temporary, on_disk
from nearfar.data._containers.unusable import PictureError

__all__ = ["RangeStore", "read_range"]


class RangeStore(EncodedStore):
    """Pictures by file, first byte and length.

    It keeps three numbers a picture and nothing open, so that copies in worker processes cost next to nothing.
    """

    def __init__(
        self,
        files: Sequence[Path | Temporary],
        *,
        which: Int[np.ndarray, "n"],
        start: Int[np.ndarray, "n"],
        size: Int[np.ndarray, "n"],
    ) -> None:
        """Remembers where pictures are.

        Args:
            files: the files.
            which: which of them each picture is in.
            start: the first byte of each.
            size: the number of bytes of each, -1 where there is no picture.
        """
        self.files = tuple(files)
        self.which = np.asarray(which, dtype=np.int32)
        self.start = np.asarray(start, dtype=np.int64)
        self.size = np.asarray(size, dtype=np.int64)

    def content(self, position: int) -> bytes:
        """The picture's bytes."""
        if self.size[position] < 0:
            raise PictureError("holds no bytes")
        path = on_disk(self.files[self.which[position]])
        return read_range(path, int(self.start[position]), int(self.size[position]))


def read_range(path: Path, start: int, size: int) -> bytes:
    """Some bytes of a file.

    Raises:
        PictureError: the file ends before they do.
    """
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        data = file.read(size)
    if len(data) != size:
        raise PictureError(f"is cut off after {len(data)} of {size} bytes")
    return data
