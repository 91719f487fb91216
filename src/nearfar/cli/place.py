"""Where a command writes its result."""

import inspect
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from nearfar.cli.derive import Flag
from nearfar.errors import complaint

__all__ = ["check_place", "out_flag"]


def check_place(where: str, out: Path, *, kind: str, is_older: Callable[[Path], bool], example: str) -> None:
    """Refuses a place for a result before anything is computed: it may replace an older one and nothing else.

    Args:
        where: the command.
        out: the file to write.
        kind: what the result is, in words.
        is_older: whether a file, or a folder, holds an older result.
        example: a name to try.

    Raises:
        ValueError: the place cannot be used.
    """
    if not os.path.isdir(out.parent) or (os.path.isdir(out) and not is_older(out)):
        next_step = f"Try --out {example}"
        raise ValueError(complaint(where, "out", "a file in an existing folder", str(out), next_step))
    if os.path.exists(out) and not is_older(out):
        got, next_step = f"{out}, which holds something else", "Choose another --out"
        raise ValueError(complaint(where, "out", f"a new file, or an older {kind}", got, next_step))
    try:
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        got, next_step = f"{out}: {error.strerror}", "Choose another --out"
        raise ValueError(complaint(where, "out", "in a folder you can write", got, next_step)) from None


def out_flag(said: str) -> Flag:
    """The flag --out of a command that writes one file.

    Args:
        said: what the file is.
    """
    return Flag(parameter=inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY), hint=Path, help=said)
