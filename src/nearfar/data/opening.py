"""The one door for data: a path, a name, an array or an object becomes a source."""

import glob
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nearfar.data._containers.archive import open_zip
from nearfar.data._containers.array import open_array, open_numpy_file
from nearfar.data._containers.careful import careful, check_there
from nearfar.data._containers.dataset import open_datasets
from nearfar.data._containers.folder import loose_pictures, open_folder
from nearfar.data._containers.from_torchvision import load_torchvision
from nearfar.data._containers.hugging_face import is_hugging_face, load_hugging_face, open_hugging_face
from nearfar.data._containers.idx import open_idx
from nearfar.data._containers.kinds import TABLES, kind_of, kinds_in
from nearfar.data._containers.listing import open_csv
from nearfar.data._containers.numpy_file import Rows
from nearfar.data._containers.shards import open_tars
from nearfar.data._containers.splits import positions_of, split_names
from nearfar.data._containers.store import Container
from nearfar.data._containers.table import open_tables
from nearfar.data._examine import examined
from nearfar.data.reading import Reading
from nearfar.data.source import Source
from nearfar.errors import DataError, complaint, suggestion

__all__ = ["BUILT_IN", "container_of", "expanded", "has_rows", "open_source", "splits"]

BUILT_IN = {"fashion-mini": Path(__file__).parent / "assets/fashion-mini.parquet"}
"""The files of the data sets that come with nearfar."""

_ELSEWHERE = {"torchvision": load_torchvision, "hf": load_hugging_face}
_WITH_COLUMNS = (*TABLES, "tar", "csv")
_KINDS = "a folder, zip, tar, parquet, Arrow, npy, npz or idx file of pictures, or a CSV of their paths"


def open_source(
    data: Any, *, split: str | None = None, reading: Reading | None = None, where: str = "nearfar"
) -> Source:
    """Opens pictures, told apart by what they are and not by how they are called.

    Pictures come in the order of their ids, so that the same files are the same source through any container. What
    cannot be used is left out and named in `Source.skipped`.

    Args:
        data: a folder of pictures, flat or with class sub-folders, perhaps below `train`, `val` and `test`; a zip or
            tar of one; tar shards in the manner of webdataset; parquet or Arrow files with encoded bytes; idx files;
            a CSV of paths and labels; .npy or .npz; an array (n, h, w) or (n, h, w, c) of uint8, or a pair of it and
            labels; a `Dataset` of torch or Hugging Face, or a mapping of splits to them; several tables or tars: as a
            folder, a list, or a pattern such as `train-{000..002}.tar` or `data/*.parquet`; the name of a data set that
            comes with nearfar, `torchvision:NAME` or `hf:NAME`; or a source, which is returned as it is.
        split: the split to open, where the container has splits; None opens `train` if there is one, else all.
        reading: how to read it; as `Reading()` says where None.
        where: who asks, for error sentences.

    Raises:
        DataError: the data is missing, empty, unreadable or of another kind, or has no such split.
    """
    if isinstance(data, Source):
        if split is not None:
            raise DataError(complaint(where, "split", "None for data that is open", split, "Name it in open_source"))
        return data
    reading = reading or Reading()
    container = replace(container_of(data, reading, where), captions=None)
    positions = positions_of(container.splits, split, count=len(container.ids), where=where)
    return examined(container, positions, reading=reading, where=where)


def splits(data: Any, *, reading: Reading | None = None) -> tuple[str, ...]:
    """The names of a container's splits: train, val and test first, then any others; empty where it has none.

    Args:
        data: as `open_source` takes it.
        reading: how to read it.

    Raises:
        DataError: the data is missing, empty, unreadable or of another kind.
    """
    return () if isinstance(data, Source) else split_names(container_of(data, reading or Reading(), "nearfar").splits)


def container_of(data: Any, reading: Reading, where: str) -> Container:
    """What data holds, before any picture of it is looked at.

    Args:
        data: as `open_source` takes it, but no source.
        reading: how to read it.
        where: who asks, for error sentences.

    Raises:
        DataError: the data is missing, unreadable or of another kind.
    """
    if isinstance(data, str | Path):
        return _container_at(data, reading, where)
    if isinstance(data, list | tuple) and data and all(isinstance(each, str | Path) for each in data):
        paths = [Path(each).expanduser() for each in data]
        return _careful(paths, f"{data[0]} and {len(data) - 1} more" if data[1:] else str(data[0]), reading, where)
    if isinstance(data, Mapping) or is_hugging_face(data) or has_rows(data):
        return _of_objects(data if isinstance(data, Mapping) else {"": data}, reading, type(data).__name__, where)
    _refuse_columns(reading, where)
    if isinstance(data, tuple) and len(data) == 2:
        return open_array(Rows(*data), name="arrays", where=where)
    if hasattr(data, "__array__"):
        return open_array(Rows(data), name="array", where=where)
    raise DataError(
        complaint(where, "data", "a path, the name of a data set or an array", type(data).__name__, f"Name {_KINDS}")
    )


def has_rows(data: Any) -> bool:
    """Whether an object gives rows by number, as a `Dataset` of torch does, and is nothing of Python's or numpy's."""
    is_plain = isinstance(data, str | bytes | list | tuple) or hasattr(data, "__array__")
    return not is_plain and hasattr(data, "__getitem__") and hasattr(data, "__len__")


def _of_objects(parts: Mapping[str, Any], reading: Reading, name: str, where: str) -> Container:
    if parts and all(is_hugging_face(part) for part in parts.values()):
        return open_hugging_face(parts, reading=reading, name=name, where=where)
    if parts and all(has_rows(part) for part in parts.values()):
        return open_datasets(parts, reading=reading, name=name, where=where)
    got = {split: type(part).__name__ for split, part in parts.items()}
    next_step = "Give data sets of one kind, each with a length"
    raise DataError(complaint(where, "data", "a mapping of splits to data sets", got, next_step))


def _container_at(data: str | Path, reading: Reading, where: str) -> Container:
    name = str(data)
    library, _, inner = name.partition(":")
    path = Path(BUILT_IN.get(name, data)).expanduser()
    if library in _ELSEWHERE and inner and not path.exists():
        return _of_objects(_ELSEWHERE[library](inner, where), reading, name, where)
    paths = [path] if path.exists() else expanded(str(path))
    if paths in ([], [path]) and not path.exists():
        known = f"an existing path or the name of a data set ({', '.join(BUILT_IN)})"
        raise DataError(complaint(where, "data", known, name, suggestion(name, BUILT_IN)))
    return _careful(paths, name, reading, where)


def expanded(pattern: str) -> list[Path]:
    """The files that a pattern names, there or not: `{000..002}`, `{a,b}`, `*` and `?` as in a shell."""
    group = re.search(r"\{(?:(\d+)\.\.(\d+)|([^{}]*,[^{}]*))\}", pattern)
    if group is None:
        matches = glob.glob(pattern, recursive=True) if glob.has_magic(pattern) else [pattern]
        return sorted(map(Path, matches))
    first, last, listed = group.groups()
    width = max(len(first), len(last)) if first and (first.startswith("0") or last.startswith("0")) else 0
    middles = listed.split(",") if listed else [f"{number:0{width}d}" for number in range(int(first), int(last) + 1)]
    return [path for middle in middles for path in expanded(pattern[: group.start()] + middle + pattern[group.end() :])]


def _careful(paths: Sequence[Path], name: str, reading: Reading, where: str) -> Container:
    check_there(paths, where)
    with careful(name, constraint="readable", where=where):
        return _at(paths, name, reading, where)


def _at(paths: Sequence[Path], name: str, reading: Reading, where: str) -> Container:
    if len(paths) == 1 and paths[0].is_dir():
        return _open_folder(paths[0], name, reading, where)
    kinds = [kind_of(path, reading) for path in paths]
    kind = "table" if set(kinds) <= set(TABLES) else kinds[0]
    if len(set(kinds)) > 1 and kind != "table":
        raise DataError(complaint(where, "data", "files of one kind", kinds, "Name those of one kind"))
    if kind not in ("table", *_WITH_COLUMNS):
        _refuse_columns(reading, where)
    if kind == "table":
        return open_tables(paths, reading=reading, name=name, where=where)
    if kind == "tar":
        return open_tars(paths, reading=reading, name=name, where=where)
    if kind == "idx":
        return open_idx(paths, kinds_in(paths[0].parent).get("labels", []), name=name, where=where)
    if len(paths) > 1:
        next_step = "Put them into one folder"
        raise DataError(complaint(where, "data", "one file, or several tables or tars", f"{len(paths)}", next_step))
    return _open_file(paths[0], kind, name, reading, where)


def _open_file(path: Path, kind: str | None, name: str, reading: Reading, where: str) -> Container:
    if kind == "csv":
        return open_csv(path, reading=reading, name=name, where=where)
    if kind in {"npy", "npz"}:
        return open_numpy_file(path, name=name, where=where)
    if kind == "zip":
        return open_zip(path, name=name)
    if kind == "labels":
        raise DataError(
            complaint(where, "data", "pictures", f"{name}, which holds labels", "Name the file of pictures")
        )
    got = name if path.stat().st_size else f"{name}, which is empty"
    raise DataError(complaint(where, "data", _KINDS, got, "Name the folder that holds the pictures"))


def _open_folder(path: Path, name: str, reading: Reading, where: str) -> Container:
    found = kinds_in(path)
    tables = sorted(each for kind in TABLES for each in found.get(kind, []))
    if tables:
        container = open_tables(tables, reading=reading, name=name, where=where)
        return _beside(container, loose_pictures(path), "lies beside tables, which hold the pictures")
    if "tar" in found and not loose_pictures(path):
        return open_tars(found["tar"], reading=reading, name=name, where=where)
    _refuse_columns(reading, where)
    if "idx" in found:
        container = open_idx(found["idx"], found.get("labels", []), name=name, where=where)
        return _beside(container, loose_pictures(path), "lies beside idx files, which hold the pictures")
    return open_folder(path, name=name, beside=tuple(found.get("tar", ())))


def _beside(container: Container, paths: Sequence[str], why: str) -> Container:
    return replace(container, skipped=(*container.skipped, *((path, why) for path in paths)))


def _refuse_columns(reading: Reading, where: str) -> None:
    for argument in ("image_column", "label_column"):
        wanted = getattr(reading, argument)
        if wanted is not None:
            raise DataError(complaint(where, argument, "left out for data without columns", wanted, "Leave it out"))
