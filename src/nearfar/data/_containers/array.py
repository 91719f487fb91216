"""Pictures in numpy arrays: given as such, or in .npy and .npz files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from nearfar.data._containers.layout import number, split_name
from nearfar.data._containers.store import Container, Header, Store
from nearfar.data._containers.temporary import Temporary, on_disk, temporary
from nearfar.errors import DataError, complaint

__all__ = ["ArrayFile", "ArrayStore", "open_array", "open_numpy_file", "pixel_content"]

_PICTURES = ("X", "x", "images", "image", "arr_0")
_LABELS = ("y", "labels", "label")


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


class ArrayStore(Store):
    """The rows of an array of decoded pictures.

    Processes that are sent one share a file: the array's own, or a temporary one that is written when it is first sent.
    """

    def __init__(self, array: np.ndarray, file: ArrayFile | None = None) -> None:
        """Keeps (n, h, w) or (n, h, w, c), c one of 1, 3 and 4, and the file that it lies in, if it does."""
        self._array: np.ndarray | None = array
        self._file = file

    def __getstate__(self) -> dict[str, Any]:
        if self._file is None:
            array = np.ascontiguousarray(self.array)
            self._file = ArrayFile(temporary([array.data.cast("B")]), array.dtype, array.shape)
        return {**self.__dict__, "_array": None}

    @property
    def array(self) -> np.ndarray:
        """(n, h, w) or (n, h, w, c), c one of 3 and 4."""
        if self._array is None:
            assert self._file is not None
            self._array = self._file.mapped()
        return self._array[..., 0] if self._array.ndim == 4 and self._array.shape[3] == 1 else self._array

    def open(self, position: int) -> Image.Image:
        """The row as a picture."""
        return Image.fromarray(np.ascontiguousarray(self.array[position]))

    def content(self, position: int) -> bytes:
        """The row's shape and pixels."""
        return pixel_content(self.array[position])

    def examine(self, position: int) -> Header:
        """The shape that all rows have."""
        return Header(self.array.shape[1], self.array.shape[2], self.array.ndim == 3)


def pixel_content(pixels: np.ndarray) -> bytes:
    """The bytes that stand for a picture which came without a file of its own: its shape and its pixels."""
    return repr(pixels.shape).encode() + pixels.tobytes()


def open_array(
    pictures: Any,
    labels: Any = None,
    *,
    parts: Mapping[str, int] | None = None,
    splits: np.ndarray | None = None,
    class_names: Sequence[Any] = (),
    file: ArrayFile | None = None,
    name: str,
    where: str,
) -> Container:
    """Takes an array of pictures.

    Args:
        pictures: (n, h, w) or (n, h, w, c) uint8.
        labels: n numbers or strings, or None.
        parts: the number of rows of each split, where the splits follow one another.
        splits: the split of each row, where they are mixed.
        class_names: the name of each label; the labels' own values where empty.
        file: where the array lies, if it is mapped from a file.
        name: what the user called it.
        where: who asks, for error sentences.

    Raises:
        DataError: the array is of another shape or type, or the labels are of another number.
    """
    array = np.asarray(pictures)
    next_step = _remedy(array)
    if next_step is not None:
        got = f"{array.dtype} of shape {array.shape}"
        raise DataError(complaint(where, "data", "uint8 pictures of shape (n, h, w) or (n, h, w, c)", got, next_step))
    if labels is not None and len(labels) != len(array):
        raise DataError(complaint(where, "labels", f"one for each of {len(array)} pictures", len(labels), "Align them"))
    if hasattr(labels, "__array__"):
        labels = np.asarray(labels)
    numbered, names = (None, ()) if labels is None else number(list(labels))
    if numbered is not None and class_names and all(name.isdigit() and int(name) < len(class_names) for name in names):
        numbered, names = np.asarray(labels, dtype=np.int64), tuple(str(each) for each in class_names)
    ids = [str(row) for row in range(len(array))]
    if parts is not None:
        splits = np.repeat(list(parts), list(parts.values()))
        ids = [f"{split}/{row}" for split, count in parts.items() for row in range(count)]
    return Container(name, ArrayStore(array, file), tuple(ids), numbered, names, splits)


def open_numpy_file(path: Path, *, name: str, where: str) -> Container:
    """Reads .npy, or .npz with `X` or `images` and `y` or `labels`, or with `x_train`, `y_train`, `x_test`, `y_test`.

    Args:
        path: the file.
        name: what the user called it.
        where: who asks, for error sentences.

    Raises:
        DataError: no array of it holds pictures.
        ValueError: it cannot be read, or not without running code.
    """
    loaded = np.load(path, mmap_mode="r", allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        file = None
        if isinstance(loaded, np.memmap) and loaded.flags.c_contiguous:
            file = ArrayFile(path, loaded.dtype, loaded.shape, loaded.offset)
        return open_array(loaded, file=file, name=name, where=where)
    with loaded as arrays:
        found = {key: arrays[key] for key in arrays.files}
    parts = [split for split in ("train", "val", "test") if f"x_{split}" in found]
    if parts:
        return _open_parts(found, parts, name=name, where=where)
    pictures = next((found[key] for key in _PICTURES if key in found), None)
    if pictures is None:
        raise DataError(complaint(where, "data", "arrays of which one is called 'X'", sorted(found), "Rename one"))
    labels = next((found[key] for key in _LABELS if key in found), None)
    splits = np.array([split_name(str(each)) for each in found["split"]]) if "split" in found else None
    return open_array(
        pictures, labels, splits=splits, class_names=list(found.get("classes", ())), name=name, where=where
    )


def _open_parts(found: dict[str, np.ndarray], parts: Sequence[str], *, name: str, where: str) -> Container:
    pictures = [found[f"x_{part}"] for part in parts]
    labels = [found[f"y_{part}"].ravel() for part in parts if f"y_{part}" in found]
    return open_array(
        np.concatenate(pictures),
        np.concatenate(labels) if len(labels) == len(parts) else None,
        parts={part: len(each) for part, each in zip(parts, pictures, strict=True)},
        name=name,
        where=where,
    )


def _remedy(array: np.ndarray) -> str | None:
    """What to type where an array does not hold pictures as it should."""
    if array.ndim == 4 and array.shape[1] in {1, 3} and array.shape[3] not in {1, 3, 4}:
        return "Put channels last: array.transpose(0, 2, 3, 1)"
    if array.ndim not in {3, 4} or (array.ndim == 4 and array.shape[3] not in {1, 3, 4}) or 0 in array.shape:
        return "Reshape it: array.reshape(n, h, w)"
    if array.dtype != np.uint8:
        return "Scale it to 0 ... 255: (255 * array).astype('uint8')"
    return None
