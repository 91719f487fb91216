"""What numpy keeps: an array with a row for each example, and what is known of the rows."""

import zipfile
from collections.abc import Mapping, Sequence
from io import BufferedIOBase
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from jaxtyping import Int

from nearfar.data._containers.layout import number, split_name
from nearfar.data._containers.temporary import Temporary, on_disk
from nearfar.errors import DataError, complaint

__all__ = ["ArrayFile", "Rows", "peek", "read_numpy"]

_VALUES = ("X", "x", "images", "image", "arr_0")
_LABELS = ("y", "labels", "label")
_PARTS = ("train", "val", "test")


class ArrayFile(NamedTuple):
    """An array that lies in a file as it is in memory.

    Attributes:
        file: where.
        kind: the type of its numbers.
        shape: its shape.
        offset: its first byte.
    """

    file: Path | Temporary
    kind: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int = 0

    def mapped(self) -> np.ndarray:
        """The array, of which only what is asked for is read."""
        return np.asarray(
            np.memmap(on_disk(self.file), dtype=self.kind, mode="r", offset=self.offset, shape=self.shape)
        )


class Rows(NamedTuple):
    """An array with a row for each example.

    Attributes:
        values: the examples.
        labels: numbers or strings, row-aligned; None where nobody said.
        class_names: the name of each label; the labels' own values where empty.
        splits: the split of each row; None where there are none.
        ids: one name a row; the row's number where empty.
        file: where the array lies, if it is mapped from a file.
    """

    values: np.ndarray
    labels: Any = None
    class_names: Sequence[Any] = ()
    splits: np.ndarray | None = None
    ids: tuple[str, ...] = ()
    file: ArrayFile | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """One name a row."""
        return self.ids or tuple(map(str, range(len(self.values))))

    def parted(self, counts: Mapping[str, int]) -> "Rows":
        """The same rows, of splits that follow one another.

        Args:
            counts: the number of rows of each split.
        """
        ids = tuple(f"{split}/{row}" for split, count in counts.items() for row in range(count))
        return self._replace(splits=np.repeat(list(counts), list(counts.values())), ids=ids)

    def numbered(self, *, one: str, where: str) -> tuple[Int[np.ndarray, "n"] | None, tuple[str, ...]]:
        """The labels as numbers from 0 on, and the names of their classes.

        Args:
            one: what an example is called, for error sentences.
            where: who asks, for error sentences.

        Raises:
            DataError: there are more or fewer labels than rows.
        """
        if self.labels is None:
            return None, ()
        count = len(self.values)
        if len(self.labels) != count:
            constraint = f"one for each of {count} {one}"
            raise DataError(complaint(where, "labels", constraint, len(self.labels), "Align them"))
        labels = np.asarray(self.labels) if hasattr(self.labels, "__array__") else self.labels
        numbers, names = number(list(labels))
        if self.class_names and all(name.isdigit() and int(name) < len(self.class_names) for name in names):
            return np.asarray(labels, dtype=np.int64), tuple(map(str, self.class_names))
        return numbers, names


def peek(path: Path) -> tuple[tuple[int, ...], np.dtype[Any]] | None:
    """The shape and the type of the examples in a file of numpy, by its header alone; None where it has none.

    Args:
        path: the file.
    """
    try:
        if not _is_archive(path):
            with path.open("rb") as file:
                return _header(file)
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            for key in (*_VALUES, *(f"x_{part}" for part in _PARTS)):
                if f"{key}.npy" in names:
                    with archive.open(f"{key}.npy") as inner:
                        return _header(inner)
    except Exception:  # damaged files raise anything; whoever reads the file says what is wrong
        return None
    return None


def _is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _header(file: IO[bytes] | BufferedIOBase) -> tuple[tuple[int, ...], np.dtype[Any]]:
    read = np.lib.format.read_array_header_1_0 if np.lib.format.read_magic(file) == (1, 0) else None
    shape, _, kind = (read or np.lib.format.read_array_header_2_0)(file)
    return shape, kind


def read_numpy(path: Path, *, where: str) -> Rows:
    """Reads .npy, or .npz with `X` or `images` and `y` or `labels`, or with `x_train`, `y_train`, `x_test`, `y_test`.

    In the former, `split` may name the split of each row, and `classes` the class of each label.

    Args:
        path: the file.
        where: who asks, for error sentences.

    Raises:
        DataError: no array of it holds examples.
        ValueError: it cannot be read, or not without running code.
    """
    if not _is_archive(path):
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        if isinstance(array, np.memmap) and array.flags.c_contiguous:
            return Rows(array, file=ArrayFile(path, array.dtype, array.shape, array.offset))
        return Rows(array)
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        found = {key: arrays[key] for key in arrays.files}
    parts = [part for part in _PARTS if f"x_{part}" in found]
    if parts:
        return _of_parts(found, parts)
    values = next((found[key] for key in _VALUES if key in found), None)
    if values is None:
        raise DataError(complaint(where, "data", "arrays of which one is called 'X'", sorted(found), "Rename one"))
    labels = next((found[key] for key in _LABELS if key in found), None)
    splits = np.array([split_name(str(each)) for each in found["split"]]) if "split" in found else None
    return Rows(values, labels, list(found.get("classes", ())), splits)


def _of_parts(found: dict[str, np.ndarray], parts: Sequence[str]) -> Rows:
    """Splits that follow one another."""
    values = {part: found[f"x_{part}"] for part in parts}
    labels = [found[f"y_{part}"].ravel() for part in parts if f"y_{part}" in found]
    rows = Rows(np.concatenate(list(values.values())), np.concatenate(labels) if len(labels) == len(parts) else None)
    return rows.parted({part: len(each) for part, each in values.items()})
