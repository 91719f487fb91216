"""What is said of files that are not there, or cannot be read."""

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nearfar.errors import DataError, NearfarError, complaint

__all__ = ["careful", "check_there"]


def check_there(paths: Sequence[Path], where: str) -> None:
    """Refuses files that are missing.

    Args:
        paths: the files.
        where: who asks, for error sentences.

    Raises:
        DataError: some are not there, or there is none.
    """
    missing = [str(path) for path in paths if not path.exists()]
    if missing or not paths:
        next_step = "Restore what is missing, or name what is there"
        raise DataError(complaint(where, "data", "files that exist", ", ".join(missing), next_step))


@contextmanager
def careful(name: str, *, constraint: str, where: str) -> Iterator[None]:
    """Turns whatever a reader raises of damaged files into one sentence.

    Args:
        name: what the user called the data.
        constraint: what it must be.
        where: who asks, for error sentences.

    Raises:
        DataError: something was raised that is no sentence of ours.
    """
    try:
        yield
    except NearfarError:
        raise
    except Exception as error:  # the readers of damaged files raise anything
        words = f"{Path(name).name}: {' '.join(str(error).split()) or type(error).__name__}"
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            next_step = "Make room, or set TMPDIR to a folder with more of it"
            raise DataError(complaint(where, "data", "small enough to unpack", words, next_step)) from error
        raise DataError(complaint(where, "data", constraint, words, "Restore it, or name other data")) from error
