"""The one door for data: a path, a built-in name or an array becomes a source."""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from nearfar.data._containers.archive import open_zip
from nearfar.data._containers.array import open_array, open_numpy_file
from nearfar.data._containers.folder import open_folder
from nearfar.data._containers.layout import is_litter, split_name
from nearfar.data._containers.store import Container
from nearfar.data._containers.table import open_parquet
from nearfar.data._examine import examined
from nearfar.data.source import Source
from nearfar.errors import DataError, complaint, suggestion

__all__ = ["BUILT_IN", "open_source", "splits"]

BUILT_IN = {"fashion-mini": Path(__file__).parent / "assets/fashion-mini.parquet"}
"""The files of the data sets that come with nearfar."""


def open_source(data: Any, *, split: str | None = None, where: str = "nearfar") -> Source:
    """Opens pictures, told apart by what they are and not by how they are called.

    What cannot be used is left out and named in `Source.skipped`.

    Args:
        data: a folder of pictures, flat or with class sub-folders, perhaps below `train`, `val` and `test`; a zip of
            one; a parquet file with encoded bytes, or a folder of `train.parquet`, `test-00000-of-00002.parquet` and so
            on; an array (n, h, w) or (n, h, w, c) of uint8, or a pair of it and labels, or .npy or .npz with them; the
            name of a data set that comes with nearfar; or a source, which is returned as it is.
        split: the split to open, where the container has splits; None opens `train` if there is one, else all.
        where: who asks, for error sentences.

    Raises:
        DataError: the data is missing, empty, unreadable or of another kind, or has no such split.
    """
    if isinstance(data, Source):
        if split is not None:
            raise DataError(complaint(where, "split", "None for data that is open", split, "Name it in open_source"))
        return data
    container = _container(data, where)
    return examined(container, _positions(container, split, where), where=where)


def splits(data: Any) -> tuple[str, ...]:
    """The names of a container's splits: train, val and test first, then any others; empty where it has none.

    Args:
        data: as `open_source` takes it.

    Raises:
        DataError: the data is missing, empty, unreadable or of another kind.
    """
    return () if isinstance(data, Source) else _splits(_container(data, "nearfar"))


def _splits(container: Container) -> tuple[str, ...]:
    found = [] if container.splits is None else sorted({str(name) for name in container.splits})
    usual = [name for name in ("train", "val", "test") if name in found]
    return (*usual, *(name for name in found if name not in usual))


def _positions(container: Container, split: str | None, where: str) -> np.ndarray:
    names = _splits(container)
    chosen = ("train" if "train" in names else None) if split is None else split_name(split)
    if chosen is None:
        return np.arange(len(container.ids))
    if container.splits is None:
        raise DataError(complaint(where, "split", "left out for data without splits", split, "Leave it out"))
    if chosen not in names:
        raise DataError(complaint(where, "split", f"one of {', '.join(names)}", split, f"Try {names[0]!r}"))
    return np.flatnonzero(container.splits == chosen)


def _container(data: Any, where: str) -> Container:
    if isinstance(data, str | Path):
        return _container_at(data, where)
    if isinstance(data, tuple) and len(data) == 2:
        return open_array(*data, name="arrays", where=where)
    if hasattr(data, "__array__"):
        return open_array(data, name="array", where=where)
    next_step = "Name a folder, zip or parquet file of pictures"
    raise DataError(
        complaint(where, "data", "a path, the name of a data set or an array", type(data).__name__, next_step)
    )


def _container_at(data: str | Path, where: str) -> Container:
    name = str(data)
    path = Path(BUILT_IN.get(name, data)).expanduser()
    if not path.exists():
        known = f"an existing path or the name of a data set ({', '.join(BUILT_IN)})"
        raise DataError(complaint(where, "data", known, name, suggestion(name, BUILT_IN)))
    try:
        return _open_folder(path, name, where) if path.is_dir() else _open_file(path, name, where)
    except DataError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:  # pyarrow's errors are among them
        raise DataError(
            complaint(where, "data", "readable", f"{name}: {error}", "Restore it, or name other data")
        ) from error


def _open_folder(path: Path, name: str, where: str) -> Container:
    tables = _tables(path)
    return open_parquet(tables, name=name, where=where) if tables else open_folder(path, name=name)


def _tables(folder: Path) -> list[Path]:
    """The parquet files of a folder, or of its folder `data`, where repositories of data sets keep them."""
    candidates: Iterable[Path] = (*folder.glob("*.parquet"), *folder.glob("data/*.parquet"))
    return sorted(path for path in candidates if not is_litter(path.name))


def _open_file(path: Path, name: str, where: str) -> Container:
    with path.open("rb") as file:
        beginning = file.read(6)
    if beginning.startswith(b"PAR1"):
        return open_parquet([path], name=name, where=where)
    if beginning == b"\x93NUMPY":
        return open_numpy_file(path, name=name, where=where)
    if beginning.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
        is_numpy = bool(members) and all(member.endswith(".npy") for member in members)
        return open_numpy_file(path, name=name, where=where) if is_numpy else open_zip(path, name=name)
    kinds = "a folder, zip, parquet, npy or npz file of pictures"
    raise DataError(complaint(where, "data", kinds, name, "Name the folder that holds the pictures"))
