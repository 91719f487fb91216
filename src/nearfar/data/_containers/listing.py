"""Pictures that a table names by their paths: CSV and its kin, or a column of paths in parquet."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nearfar.data._containers.captions import CaptionReader, reordered
from nearfar.data._containers.columns import LABELS, PATHS, column, found, labels_of
from nearfar.data._containers.folder import FolderStore
from nearfar.data._containers.layout import in_words, split_name
from nearfar.data._containers.store import Container, names_a_picture
from nearfar.data._containers.temporary import on_disk, plain
from nearfar.data.reading import Reading
from nearfar.errors import DataError, complaint

__all__ = ["is_listing", "open_csv", "open_listing"]

_SEPARATORS = ",\t;|"


def is_listing(path: Path, reading: Reading) -> bool:
    """Whether a file is text whose first line names a column of paths, or a picture.

    Args:
        path: the file.
        reading: which may name the column.
    """
    try:
        rows = _rows(path, lines=1, errors="replace")
    except (ValueError, csv.Error):
        return False
    return bool(rows) and (_headless(rows[0]) or reading.image_column in rows[0] or found(rows[0], PATHS) is not None)


def open_csv(path: Path, *, reading: Reading, name: str, where: str) -> Container:
    """Lists the pictures of a table of text, separated by commas, tabs or semicolons, or of paths alone.

    Args:
        path: the table, with a line of column names; without one, its first column holds paths, its second labels.
        reading: its columns.
        name: what the user called it.
        where: who asks, for error sentences.

    Raises:
        DataError: it has no lines, lines of different lengths, or not the column that was asked for.
        csv.Error: it is no table.
    """
    try:
        head, *rows = _rows(path)
    except UnicodeDecodeError as error:
        raise DataError(complaint(where, "data", "text in UTF-8", name, "Save the table as UTF-8")) from error
    if _headless(head):
        head, rows = ["path", "label", *(str(place) for place in range(2, len(head)))][: len(head)], [head, *rows]
    for row in rows:
        if len(row) != len(head):
            next_step = "Quote values that hold a separator"
            raise DataError(complaint(where, "data", f"a table of {len(head)} values a line", row, next_step))
    columns = {name: [row[place].strip() for row in rows] for place, name in enumerate(head)}
    image = column(reading.image_column, head, PATHS, argument="image_column", where=where)
    if image is None:
        next_step = "Name the column of paths with image_column"
        raise DataError(complaint(where, "data", "a table with a column of paths", head, next_step))
    label = column(reading.label_column, head, LABELS, argument="label_column", where=where)
    if label is not None:
        columns[label] = ["" if value == "-1" else value for value in columns[label]]  # unknown, as in other tables
    labels, class_names = labels_of(columns, label)
    split = found(head, ("split",))
    splits = None if split is None else np.array([split_name(value) for value in columns[split]], dtype=np.str_)
    return open_listing(
        columns[image], labels=labels, class_names=class_names, splits=splits, root=path.parent, name=name
    )


def open_listing(
    values: Sequence[Any],
    *,
    labels: np.ndarray | None,
    class_names: tuple[str, ...],
    splits: np.ndarray | None,
    root: Path,
    name: str,
    captions: CaptionReader | None = None,
) -> Container:
    """Lists pictures by their paths, in the order of these.

    Args:
        values: paths, absolute or inside the folder.
        labels: row-aligned, -1 where unknown, or None.
        class_names: the name of each label.
        splits: row-aligned, or None.
        root: the folder of the table.
        name: what the user called it.
        captions: reads those of all paths.
    """
    paths, ids = _located([str(value or "") for value in values], root)
    rows: dict[str, int] = {}
    skipped = []
    for row, (path, named) in enumerate(zip(paths, ids, strict=True)):
        if named not in rows and path.is_file():
            rows[named] = row
        elif named not in rows:
            skipped.append((named, "is not there; paths count from the folder of the table"))
        elif labels is None or labels[row] == labels[rows[named]]:
            skipped.append((named, "is listed twice"))
        else:
            before, here = ((*class_names, "unknown")[label] for label in labels[[rows[named], row]])
            skipped.append((named, f"is listed twice: as {before!r}, which counts, and as {here!r}"))
    order = np.array([rows[named] for named in sorted(rows)], dtype=np.int64)
    return Container(
        name=name,
        store=FolderStore(root, [str(paths[row]) for row in order]),
        ids=tuple(ids[row] for row in order),
        labels=None if labels is None else labels[order],
        class_names=class_names,
        splits=None if splits is None else splits[order],
        skipped=tuple(skipped),
        captions=captions and reordered(captions, order),
    )


def _located(values: Sequence[str], root: Path) -> tuple[list[Path], list[str]]:
    """Where pictures are, and what they are called: their paths from the table, or from a folder around them all."""
    values = [value.replace("\\", "/") if "/" not in value else value for value in values]
    paths = [os.path.normpath(root.absolute() / value) for value in values]
    inside = all(Path(path).is_relative_to(root.absolute()) for path in paths)
    around = str(root.absolute()) if inside or not paths else os.path.commonpath([os.path.dirname(p) for p in paths])
    return [Path(path) for path in paths], [in_words(Path(os.path.relpath(path, around)).as_posix()) for path in paths]


def _rows(path: Path, *, lines: int | None = None, errors: str = "strict") -> list[list[str]]:
    """The rows of a table, without empty ones.

    Raises:
        UnicodeDecodeError: it is no UTF-8.
        csv.Error: it is no table.
    """
    unpacked = plain(path)  # which lasts for as long as it has a name
    with on_disk(unpacked).open(encoding="utf-8-sig", errors=errors, newline="") as file:
        beginning = file.readline(1 << 16)
        if "\0" in beginning:
            raise csv.Error("it is no text")
        separator = max(_SEPARATORS, key=beginning.count)
        file.seek(0)
        rows = []
        for row in csv.reader(file, delimiter=separator, strict=True, skipinitialspace=True):
            if any(value.strip() for value in row):
                rows.append(row)
            if lines is not None and len(rows) >= lines:
                break
    return rows


def _headless(row: Sequence[str]) -> bool:
    """Whether a first line is no line of names: it begins with the path of a picture."""
    return names_a_picture(row[0].strip())
