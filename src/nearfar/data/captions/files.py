"""Tables of paths and captions: one beside the pictures of a folder, or named for itself."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nearfar.data._containers.captions import column_reader
from nearfar.data._containers.columns import LABELS, PATHS, column, found
from nearfar.data._containers.folder import loose_pictures
from nearfar.data._containers.kinds import kind_of
from nearfar.data._containers.layout import names_a_split, shard_names, shard_splits, split_name
from nearfar.data._containers.listing import open_listing
from nearfar.data._containers.store import Container
from nearfar.data.reading import Reading
from nearfar.data.text.columns import text_labels
from nearfar.data.text.tables import read_table, table_kind
from nearfar.errors import DataError, complaint

__all__ = ["is_table", "open_paths", "tables_in"]

_STEMS = ("captions", "metadata")  # the latter is what Hugging Face's folders of pictures have
_TEXT = ("csv", "tsv", "jsonl")


def is_table(path: Path, reading: Reading) -> bool:
    """Whether a file is a table of text, by the end of its name or by what it holds.

    Args:
        path: the file.
        reading: which may name a column.
    """
    return path.is_file() and (table_kind(path) in _TEXT or kind_of(path, reading) == "csv")


def tables_in(folder: Path, where: str) -> list[Path]:
    """The tables of captions in a folder of pictures, or else in those of its splits; none where there are none.

    Args:
        folder: the folder.
        where: who asks, for error sentences.

    Raises:
        DataError: a folder has two of them.
    """
    inner = sorted(each for each in folder.iterdir() if each.is_dir() and names_a_split(each.name))
    tables = _here(folder, where) or [table for each in inner for table in _here(each, where)]
    return tables if tables and loose_pictures(folder) else []


def _here(folder: Path, where: str) -> list[Path]:
    """The table of captions that lies in a folder itself."""
    files = sorted(each for each in folder.iterdir() if each.is_file() and not each.name.startswith("."))
    for stem in _STEMS:
        named = [each for each in files if each.name.lower().partition(".")[0] == stem and table_kind(each)]
        if len(named) > 1:
            got = ", ".join(each.name for each in named)
            raise DataError(complaint(where, "data", "a folder with one file of captions", got, "Remove the others"))
        if named:
            return named
    return []


def open_paths(
    paths: Sequence[Path], *, folder: Path | None = None, reading: Reading, name: str, where: str
) -> Container:
    """Lists the pictures that tables name by their paths.

    Args:
        paths: tables with a column of paths, which count from the folder of each; the name or the folder of each may
            begin with its split.
        folder: the folder in which the tables were found; its other pictures are named as skipped.
        reading: the columns.
        name: what the user called them.
        where: who asks, for error sentences.

    Raises:
        DataError: a table has no column of paths, or is no table; the sentence names the line.
    """
    root = folder or Path(os.path.commonpath([path.parent.absolute() for path in paths]))
    tables = [_table(path, where) for path in paths]
    for path, table in zip(paths, tables, strict=True):
        if set(table) != set(tables[0]):
            got = f"{path.name} without {', '.join(sorted(set(table) ^ set(tables[0])))}"
            raise DataError(complaint(where, "data", "tables of the same columns", got, "Name one of them"))
    columns = {head: [value for table in tables for value in table[head]] for head in tables[0]}
    image = column(reading.image_column, columns, PATHS, argument="image_column", where=where)
    if image is None:
        next_step = "Name the column of paths with image_column"
        raise DataError(complaint(where, "data", "a table with a column of paths", list(columns), next_step))
    label = column(reading.label_column, columns, LABELS, argument="label_column", where=where)
    labels, class_names = text_labels(columns, label, where)
    folders = [path.parent.absolute() for path in paths]
    values = [
        str(value or "") if inside == root.absolute() else str(inside / str(value or ""))
        for inside, table in zip(folders, tables, strict=True)
        for value in table[image]
    ]
    container = open_listing(
        values,
        labels=labels,
        class_names=class_names,
        splits=_splits(columns, paths, [len(table[image]) for table in tables], values if folder else ()),
        root=root,
        name=name,
        captions=column_reader(columns, columns.__getitem__),
    )
    return container if folder is None else _beside(container, folder, values, paths)


def _table(path: Path, where: str) -> dict[str, list[Any]]:
    """The columns of a table; those of parquet may be lists."""
    kind = table_kind(path) or "csv"
    if kind == "parquet":
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        columns = {field: values.to_pylist() for field, values in zip(table.schema.names, table.columns, strict=True)}
    else:
        columns = read_table(path, kind=kind, where=where)
    if not any(columns.values()):
        raise DataError(complaint(where, "data", "a table with rows", f"{path.name}, which is empty", "Fill it"))
    return columns


def _splits(
    columns: Mapping[str, Sequence[Any]], paths: Sequence[Path], counts: Sequence[int], values: Sequence[str]
) -> np.ndarray | None:
    """The split of each row: by a column, by the files of several tables, or by the top folders of pictures."""
    named = found(columns, ("split",))
    if named is not None:
        return np.array([split_name(str(value)) for value in columns[named]], dtype=np.str_)
    if len(paths) > 1:
        splits = shard_splits(shard_names(paths))
        return None if splits is None else np.repeat(splits, counts)
    tops = [os.path.normpath(value).replace("\\", "/").split("/")[0] for value in values]
    return np.array([split_name(top) for top in tops]) if tops and all(map(names_a_split, tops)) else None


def _beside(container: Container, folder: Path, values: Sequence[str], paths: Sequence[Path]) -> Container:
    """The container, and the names of pictures of its folder that no table names."""
    listed = {os.path.normpath(folder.absolute() / value) for value in values}
    others = [each for each in loose_pictures(folder) if os.path.normpath(folder.absolute() / each) not in listed]
    why = f"is not named in {' or '.join(sorted({path.name for path in paths}))}"
    return replace(container, skipped=(*container.skipped, *((each, why) for each in others)))
