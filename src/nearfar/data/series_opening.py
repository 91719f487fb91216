"""The door for series: arrays of numbers, in memory and in files of numpy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, Shaped

from nearfar.data._containers.careful import careful, check_there
from nearfar.data._containers.numpy_file import Rows, peek, read_numpy
from nearfar.data._containers.splits import positions_of, split_names
from nearfar.data.reading import Reading
from nearfar.data.series import Series
from nearfar.data.source import Source
from nearfar.errors import DataError, complaint

__all__ = ["are_series", "open_series", "series_splits"]

LEAST = 8
"""Steps: what is shorter is no series to learn from."""
_AT_ONCE = 1 << 24  # numbers
_SUFFIXES = (".npy", ".npz")
_SHAPE = "real numbers of shape (n, steps) or (n, channels, steps)"


def open_series(
    data: Any, *, split: str | None = None, reading: Reading | None = None, where: str = "nearfar"
) -> Series:
    """Opens series of one length.

    Args:
        data: an array (n, t), or (n, c, t) of c channels, or a pair of it and labels; a .npy file of one; a .npz file
            with `X`, and perhaps `y`, `split` and `classes`, or with `x_train`, `y_train`, `x_test`, `y_test`; or a
            source of series, which is returned as it is.
        split: the split to open, where there are splits; None opens `train` if there is one, else all.
        reading: how to read it, without columns.
        where: who asks, for error sentences.

    Raises:
        DataError: the data is missing, empty, unreadable or of another kind, or has no such split.
    """
    if isinstance(data, Series):
        if split is not None:
            raise DataError(complaint(where, "split", "None for data that is open", split, "Name it when it is opened"))
        return data
    if reading is not None and reading.label_column is not None:
        constraint = "left out for data without columns"
        raise DataError(complaint(where, "label_column", constraint, reading.label_column, "Leave it out"))
    rows, name = _read(data, where), str(data) if isinstance(data, str | Path) else "array"
    values = _checked(rows.values, where)
    labels, class_names = rows.numbered(one="series", where=where)
    wanted, faults = positions_of(rows.splits, split, count=len(values), where=where), _faults(values)
    used = np.array([row for row in wanted.tolist() if row not in faults], dtype=np.int64)
    skipped = [(rows.names[row], faults[row]) for row in wanted.tolist() if row in faults]
    _check_usable(used, skipped, name=name, strict=reading is not None and reading.strict, where=where)
    return Series(
        values, used, name=name, ids=[rows.names[row] for row in used.tolist()],
        labels=None if labels is None else labels[used], class_names=class_names, skipped=skipped,
    )  # fmt: skip


def _check_usable(
    used: Int[np.ndarray, "n"], skipped: Sequence[tuple[str, str]], *, name: str, strict: bool, where: str
) -> None:
    """Refuses data of which nothing can be used or, where that is asked for, not all."""
    if skipped and (strict or not len(used)):
        constraint = "of series without gaps, all of one length"
        got = f"{len(skipped)} that cannot be used, first {skipped[0][0]}: {skipped[0][1]}"
        raise DataError(complaint(where, "data", constraint, got, "Fill the gaps, and cut or resample to one length"))
    if not len(used):
        raise DataError(complaint(where, "data", "at least one series", f"none in {name}", "Add series"))


def series_splits(data: Any) -> tuple[str, ...]:
    """The names of the splits of series: train, val and test first, then any others; empty where there are none.

    Args:
        data: as `open_series` takes it.

    Raises:
        DataError: the data is missing, unreadable or of another kind.
    """
    return () if isinstance(data, Source) else split_names(_read(data, "nearfar").splits)


def are_series(data: Any) -> bool:
    """Whether data is numbers that can be series and cannot be pictures, by the header of a file alone.

    Args:
        data: anything.
    """
    if isinstance(data, str | Path):
        path = Path(data).expanduser()
        found = peek(path) if path.suffix.lower() in _SUFFIXES and path.is_file() else None
    else:
        first = data[0] if isinstance(data, tuple) and len(data) == 2 else data
        array = np.asarray(first) if hasattr(first, "__array__") else None
        found = None if array is None else (array.shape, array.dtype)
    return found is not None and _fits(*found) and not _may_be_pictures(*found)


def _fits(shape: tuple[int, ...], kind: np.dtype[Any]) -> bool:
    return kind.kind in "fiu" and len(shape) in (2, 3)


def _may_be_pictures(shape: tuple[int, ...], kind: np.dtype[Any]) -> bool:
    """Whether an array is one that the door for pictures takes, or says how to make it one."""
    return kind == np.uint8 or (len(shape) == 3 and shape[1] == shape[2])


def _read(data: Any, where: str) -> Rows:
    if isinstance(data, str | Path):
        path = Path(data).expanduser()
        check_there([path], where)
        if path.suffix.lower() not in _SUFFIXES or not path.is_file():
            constraint = "a .npy or .npz file, or an array"
            raise DataError(complaint(where, "data", constraint, str(data), "Save the series by numpy.savez"))
        with careful(str(data), constraint="readable", where=where):
            return read_numpy(path, where=where)
    values, labels = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
    if not hasattr(values, "__array__"):
        raise DataError(complaint(where, "data", _SHAPE, type(data).__name__, "Give an array of numpy"))
    return Rows(np.asarray(values), labels)


def _checked(values: np.ndarray, where: str) -> Shaped[np.ndarray, "n c t"]:
    """The numbers, with an axis for channels."""
    if not _fits(values.shape, values.dtype):
        got = f"{values.dtype} of shape {values.shape}"
        raise DataError(complaint(where, "data", _SHAPE, got, "Put examples first and steps last"))
    if values.shape[-1] < LEAST:
        got = f"{values.shape[-1]} of shape {values.shape}"
        raise DataError(complaint(where, "steps", f"at least {LEAST}, along the last axis", got, "Put steps last"))
    return values[:, None] if values.ndim == 2 else values


def _faults(values: Shaped[np.ndarray, "n c t"]) -> dict[int, str]:
    """Why some rows cannot be used."""
    faults: dict[int, str] = {}
    step = max(1, _AT_ONCE // max(1, values[0].size if len(values) else 1))
    for start in range(0, len(values) if values.dtype.kind == "f" else 0, step):
        finite = np.isfinite(values[start : start + step])
        for row in np.flatnonzero(~finite.all(axis=(1, 2))).tolist():
            is_short = not finite[row, :, -1].any() and (finite[row].all(axis=0) == finite[row].any(axis=0)).all()
            faults[start + row] = "shorter than others" if is_short else "numbers are missing or infinite"
    return faults
