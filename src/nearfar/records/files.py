"""Files that are whole or absent, and the version of their schema."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any

from nearfar.errors import RunError, complaint

__all__ = ["SCHEMA", "atomic_write", "read_json", "write_json"]

SCHEMA = 1
"""The version of every file in a run folder. A reader refuses a newer one."""


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that appears under its name whole or not at all, even if the machine stops meanwhile.

    Args:
        path: where the file shall be; a former file stays until the new one is safely on disk.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes one JSON object atomically, stamped with the schema's version.

    Args:
        path: the file.
        value: what JSON can hold; numbers are finite.
    """
    with atomic_write(path) as file:
        text = json.dumps({"schema": SCHEMA, **value}, indent=2, ensure_ascii=False, allow_nan=False)
        file.write(f"{text}\n".encode(errors="surrogatepass"))  # file names may hold bytes that are no text


def read_json(path: Path) -> dict[str, Any]:
    """Reads what `write_json` wrote.

    Raises:
        RunError: the file is missing, damaged, or from a newer nearfar.
    """
    try:
        value = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(_missing(path)) from None
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RunError(
            complaint("nearfar", str(path), "a readable JSON file", reason, "Restore it or train anew")
        ) from None
    if not isinstance(value, dict) or not isinstance(value.get("schema"), int):
        raise RunError(complaint("nearfar", str(path), "a file of a nearfar run", value, "Name a run's folder"))
    if value["schema"] > SCHEMA:
        raise RunError(
            complaint("nearfar", str(path), f"of schema {SCHEMA} or older", value["schema"], "Upgrade nearfar")
        )
    return value


def _missing(path: Path) -> str:
    """The sentence about a folder without the file, with the nearest folder that has it."""
    folder = path.parent
    others = [found.parent.name for found in folder.parent.glob(f"*/{path.name}")] if folder.parent.is_dir() else []
    close = [] if folder.exists() else get_close_matches(folder.name, others, n=1)
    next_step = f"Did you mean {str(folder.parent / close[0])!r}?" if close else "Name a run's folder"
    got = "no such file" if folder.is_dir() else "a file" if folder.exists() else "no such folder"
    return complaint("nearfar", path.name, f"in the folder {folder}", got, next_step)
