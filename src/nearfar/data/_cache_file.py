"""Byte strings by number in one file, which any number of processes read and fill at once."""

import mmap
import os
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8

from nearfar.records import atomic_write

__all__ = ["CacheFile"]

_HEADER = 128
_CHECKSUM = 8
_MISSING = bytes(_CHECKSUM)


class CacheFile:
    """n byte strings of known lengths, of which some are there.

    The file is 128 bytes of format and key, one checksum of 64 bits a byte string (0: not yet there), and the byte
    strings back to back, each from a multiple of 8 on. It has its full length from the start, but takes disk only for
    what is there. A byte string is written before its checksum and taken only if the two agree. So whoever stops at
    whatever moment, and whoever else writes the same at the same time, leaves something that is right or counts as
    missing; nobody waits for a lock.

    Each reading maps its own part of the file: processes share the pages, and none is resident for longer than needed.

    Attributes:
        path: the file.
        bytes: its length.
    """

    def __init__(self, path: Path, *, key: str, lengths: Int[np.ndarray, "n"]) -> None:
        """Names a file, which `prepare` makes; cheap to send to another process.

        Args:
            path: the file.
            key: what a file must hold to be taken for this one; at most 100 ASCII characters.
            lengths: of the byte strings.
        """
        self._opened: tuple[int, FileIO] | None = None  # by which process
        self.path = path
        self._header = f"nearfar decoded pictures {key}\n".encode().ljust(_HEADER, b"\0")
        places = -(-lengths // 8) * 8
        ends = np.cumsum(places) + _HEADER + _CHECKSUM * len(lengths)
        self._starts, self._lengths = ends - places, lengths
        self.bytes = int(ends[-1])

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def __del__(self) -> None:
        self._close()

    def prepare(self) -> None:
        """Makes the file, unless it is there; one of another length or key is replaced.

        Raises:
            OSError: the folder cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self._file() is not None:
            os.utime(self.path)  # it counts as used
            return
        with atomic_write(self.path) as file:
            file.write(self._header)
            file.truncate(self.bytes)

    def get(self, number: int) -> UInt8[np.ndarray, "_"] | None:
        """A byte string, or None where it is missing or damaged; who writes into it changes nothing but that."""
        file = self._file()
        if file is None:
            return None
        start, length = int(self._starts[number]), int(self._lengths[number])
        before = start % mmap.ALLOCATIONGRANULARITY
        try:
            file.seek(_HEADER + _CHECKSUM * number)
            checksum = file.read(_CHECKSUM)
            if checksum == _MISSING:
                return None
            whole = mmap.mmap(file.fileno(), before + length, access=mmap.ACCESS_COPY, offset=start - before)
            data = np.frombuffer(whole, dtype=np.uint8, count=length, offset=before)
        except (OSError, ValueError):  # cut short by somebody
            return None
        return data if checksum == _checksum(data) else None

    def put(self, number: int, data: UInt8[np.ndarray, "_"]) -> None:
        """Writes a byte string; where the disk is full it stays missing, which costs time and nothing else."""
        file = self._file()
        if file is None:
            return
        try:
            file.seek(int(self._starts[number]))
            if file.write(data.data) == len(data):
                file.seek(_HEADER + _CHECKSUM * number)
                file.write(_checksum(data))
        except OSError:
            return

    def _file(self) -> FileIO | None:
        """The opened file of this process; None where there is none of the right length and key."""
        if self._opened is None or self._opened[0] != os.getpid():  # a forked process would share the place in the file
            self._close()
            try:
                file = FileIO(self.path, "r+")
            except OSError:
                return None
            if file.read(_HEADER) != self._header or os.fstat(file.fileno()).st_size != self.bytes:
                file.close()
                return None
            self._opened = (os.getpid(), file)
        return self._opened[1]

    def _close(self) -> None:
        if self._opened is not None:
            self._opened[1].close()
            self._opened = None


def _checksum(data: UInt8[np.ndarray, "_"]) -> bytes:
    """The sum of all words: damage escapes it no easier than a CRC, at a tenth of the time. Never `_MISSING`."""
    words = data[: len(data) // 8 * 8].view(np.uint64)
    total = int(words.sum()) + int(data[8 * len(words) :].sum())
    return (total % (2**64 - 1) + 1).to_bytes(_CHECKSUM, "little")
