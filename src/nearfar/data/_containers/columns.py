"""What the columns of a table are called, and what they say of pictures."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nearfar.data._containers.layout import number
from nearfar.errors import DataError, complaint, suggestion

__all__ = ["LABELS", "PATHS", "PICTURES", "beside_labels", "column", "found", "labels_of", "unique"]

PICTURES = ("image", "img", "picture", "photo")
PATHS = (*PICTURES, "path", "image_path", "file", "filename", "file_name", "filepath", "file_path")
LABELS = ("label", "labels", "label_name", "class", "class_name", "cls", "category", "target")
_NAMES = {"label": "label_name", "class": "class_name"}


def found(names: Iterable[str], usual: Sequence[str]) -> str | None:
    """The column whose name comes first among the usual ones, in small letters or large; None where there is none."""
    known = {name.strip().lower(): name for name in reversed(list(names))}
    return next((known[name] for name in usual if name in known), None)


def column(
    wanted: str | None, names: Collection[str], usual: Sequence[str], *, argument: str, where: str
) -> str | None:
    """The column that the user asked for, or the one that is found; None where there is none.

    Args:
        wanted: what was asked for; None finds one.
        names: what there is.
        usual: the names to find one by.
        argument: how the user asks.
        where: who asks, for error sentences.

    Raises:
        DataError: there is no such column.
    """
    if wanted is None:
        return found(names, usual)
    if wanted not in names:
        next_step = suggestion(wanted, names) if names else "Leave it out"
        raise DataError(complaint(where, argument, "a column of the data", wanted, next_step))
    return wanted


def beside_labels(label: str | None) -> str | None:
    """What the column would be called that names the classes which another numbers: `label_name` beside `label`."""
    return _NAMES.get(label or "")


def labels_of(columns: Mapping[str, Sequence[Any]], label: str | None) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Labels from 0 and the names of classes.

    Args:
        columns: row-aligned values by the name of their column.
        label: the column of labels; None where there is none.
    """
    if label is None:
        return None, ()
    return number(columns[label], columns.get(beside_labels(label) or ""))


def unique(ids: Sequence[str | None]) -> bool:
    """Whether names are there and tell all rows apart."""
    return bool(ids) and all(ids) and len(set(ids)) == len(ids)
