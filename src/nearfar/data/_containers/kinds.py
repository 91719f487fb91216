"""What kind of container a file or a folder is, told by what it holds."""

import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from nearfar.data._containers.idx import dimensions
from nearfar.data._containers.layout import is_litter, names_a_split
from nearfar.data._containers.listing import is_listing
from nearfar.data._containers.store import names_a_picture
from nearfar.data._containers.temporary import beginning, compression
from nearfar.data.reading import Reading

__all__ = ["TABLES", "kind_of", "kinds_in"]

TABLES = ("parquet", "arrow")
_SHARED = (*TABLES, "tar", "idx", "labels")  # kinds of files of which several make one data set
_SCHEMAS = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow", b"\x93NUMPY": "npy", b"PK": "zip"}


def kind_of(path: Path, reading: Reading) -> str | None:
    """What a file is; tars, idx files and tables of text may be compressed.

    Args:
        path: the file.
        reading: which may name a column of a table of text.

    Returns:
        "zip", "npz", "npy", "parquet", "arrow", "idx", "labels" (of idx), "tar", "csv", or None for any other.

    Raises:
        OSError: it cannot be read.
        zipfile.BadZipFile: it is a damaged zip.
    """
    kind = _glanced(path)
    if compression(path) is not None and kind not in {"tar", "idx", "labels", None}:
        return None
    if kind == "zip":
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
        return "npz" if members and all(member.endswith(".npy") for member in members) else "zip"
    return "csv" if kind is None and is_listing(path, reading) else kind


def kinds_in(folder: Path) -> dict[str, list[Path]]:
    """The tables, tars and idx files of a folder by their kind, where data sets keep them.

    That is in the folder itself, in its folder `data`, in those of splits, and in those that the `datasets` library
    saved.

    Args:
        folder: the folder.
    """
    found: dict[str, list[Path]] = {}
    inner = (each for each in folder.iterdir() if each.is_dir() and not is_litter(each.name))
    kept = (each for each in inner if each.name == "data" or names_a_split(each.name) or (each / "state.json").exists())
    for place in (folder, *kept):
        for path in _candidates(place):
            kind = _glanced(path)
            if kind in _SHARED:
                found.setdefault(kind, []).append(path)
    return {kind: sorted(paths) for kind, paths in found.items()}


def _candidates(folder: Path) -> Iterator[Path]:
    """Files that do not promise to be pictures; of a saved data set, those that its state names."""
    try:
        state = json.loads((folder / "state.json").read_bytes())
        named = {each["filename"] for each in state["_data_files"]}
    except (OSError, ValueError, KeyError, TypeError):
        named = None
    for path in folder.iterdir():
        passed = is_litter(path.name) or names_a_picture(path.name) or (named is not None and path.name not in named)
        if not passed and path.is_file():
            yield path


def _glanced(path: Path) -> str | None:
    """The kind that the first bytes speak of."""
    first = beginning(path, tarfile.BLOCKSIZE)
    for magic, kind in _SCHEMAS.items():
        if first.startswith(magic):
            return kind
    if count := dimensions(first):
        return "idx" if count > 2 else "labels"
    try:
        tarfile.TarInfo.frombuf(first, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError, OverflowError):
        return None
    return "tar"
