"""What cannot be read at random is unpacked once, into a temporary file that goes with whoever reads it.

So a compressed tar is not unpacked again for each picture, worker processes share one copy in the system's cache of
files, and no process holds a data set in its own memory.
"""

import bz2
import errno
import gzip
import lzma
import os
import shutil
import tempfile
import time
import weakref
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["Temporary", "beginning", "compression", "on_disk", "plain", "temporary", "written"]

_CHUNK = 16 << 20
_PREFIX = "nearfar-unpacked-"
_OLD = 3600.0  # seconds after which a file that nobody holds was left behind
_OPENERS: dict[bytes, Callable[..., "gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile"]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_DAMAGES = (gzip.BadGzipFile, EOFError, lzma.LZMAError, zlib.error, ValueError)


class Temporary:
    """A file that is removed when the process that wrote it lets go of this; copies in other processes only read it.

    Attributes:
        path: where it is.
    """

    def __init__(self, path: Path) -> None:
        """Takes the file over."""
        self.path = path
        weakref.finalize(self, _remove, path, _held(path), os.getpid())


_written: "weakref.WeakValueDictionary[object, Temporary]" = weakref.WeakValueDictionary()


def compression(path: Path) -> bytes | None:
    """The first bytes that mark a file as one compressed stream: gzip, bzip2 or xz; None for any other file."""
    with path.open("rb") as file:
        first = file.read(max(map(len, _OPENERS)))
    return next((magic for magic in _OPENERS if first.startswith(magic)), None)


def beginning(path: Path, count: int) -> bytes:
    """The first bytes of a file, or of what it holds compressed; none where that is damaged."""
    magic = compression(path)
    try:
        with (_OPENERS[magic] if magic else open)(path, "rb") as file:
            return file.read(count)
    except _DAMAGES:
        return b""
    except OSError as error:
        if error.errno is not None:  # bz2 has damage as an OSError too
            raise
        return b""


def plain(path: Path) -> Path | Temporary:
    """A file as it is; of a compressed one, what it holds, unpacked once for as long as somebody in a process reads it.

    Raises:
        OSError: it cannot be read, or there is not the room to unpack it.
        EOFError: it is cut off.
        lzma.LZMAError: it is damaged, as zlib.error says too.
    """
    magic = compression(path)
    if magic is None:
        return path

    def chunks() -> Iterator[bytes]:
        with _OPENERS[magic](path, "rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    return written(chunks, key=(path, "unpacked"))


def on_disk(file: Path | Temporary) -> Path:
    """Where a file is."""
    return file.path if isinstance(file, Temporary) else file


def written(chunks: Callable[[], Iterable[bytes]], *, key: tuple[Path, str]) -> Temporary:
    """A temporary file of the bytes given, written once in a process for as long as somebody reads it.

    Args:
        chunks: makes the bytes.
        key: the file that they come from, which may change, and what is taken from it.

    Raises:
        OSError: there is not the room.
    """
    status = key[0].stat()
    identity = (key[0].resolve(), key[1], status.st_size, status.st_mtime_ns)
    known = _written.get(identity)
    if known is None:
        known = _written[identity] = temporary(chunks())
    return known


def temporary(chunks: Iterable[bytes | memoryview]) -> Temporary:
    """A temporary file of the bytes given.

    Raises:
        OSError: there is not the room.
    """
    _sweep(Path(tempfile.gettempdir()))
    descriptor, path = tempfile.mkstemp(prefix=_PREFIX)
    file = Temporary(Path(path))
    with os.fdopen(descriptor, "wb") as out:
        unchecked = _CHUNK
        for chunk in chunks:
            unchecked += len(chunk)
            if unchecked >= _CHUNK:
                _check_room(file.path.parent)
                unchecked = 0
            out.write(chunk)
    return file


def _check_room(folder: Path) -> None:
    """Stops before the disk is full, whether the data is large or an archive was made to unpack without end."""
    usage = shutil.disk_usage(folder)
    if usage.free < min(1 << 30, usage.total // 20) + _CHUNK:
        raise OSError(errno.ENOSPC, f"no room to unpack it in {folder}")


def _held(path: Path) -> int:
    """An open descriptor whose lock says that somebody lives who reads the file."""
    descriptor = os.open(path, os.O_RDONLY)
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def _remove(path: Path, descriptor: int, process: int) -> None:
    if os.getpid() == process:  # a forked worker holds a copy, and lets go of it when it likes
        os.close(descriptor)
        path.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Removes what processes left that were killed: old files that nobody holds."""
    for path in folder.glob(f"{_PREFIX}*") if fcntl is not None else ():
        with suppress(OSError):  # it is somebody else's, or held
            if time.time() - path.stat().st_mtime > _OLD:
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
                finally:
                    os.close(descriptor)
