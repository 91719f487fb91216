"""Pictures in numpy arrays: given as such, or in .npy and .npz files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nearfar.data._containers.layout import number, split_name
from nearfar.data._containers.store import Container, Header, Store
from nearfar.errors import DataError, complaint

__all__ = ["ArrayStore", "open_array", "open_numpy_file"]

_PICTURES = ("X", "x", "images", "image", "arr_0")
_LABELS = ("y", "labels", "label")


class ArrayStore(Store):
    """The rows of an array of decoded pictures."""

    def __init__(self, array: np.ndarray) -> None:
        """Keeps (n, h, w) or (n, h, w, c), c one of 1, 3 and 4."""
        self.array = array[..., 0] if array.ndim == 4 and array.shape[3] == 1 else array

    def open(self, position: int) -> Image.Image:
        """The row as a picture."""
        return Image.fromarray(np.ascontiguousarray(self.array[position]))

    def content(self, position: int) -> bytes:
        """The row's pixels."""
        return self.array[position].tobytes()

    def examine(self, position: int) -> Header:
        """The shape that all rows have."""
        return Header(self.array.shape[1], self.array.shape[2], self.array.ndim == 3)


def open_array(
    pictures: Any,
    labels: Any = None,
    *,
    splits: np.ndarray | None = None,
    class_names: Sequence[Any] = (),
    name: str,
    where: str,
) -> Container:
    """Takes an array of pictures.

    Args:
        pictures: (n, h, w) or (n, h, w, c) uint8.
        labels: n numbers or strings, or None.
        splits: the split of each row, or None.
        class_names: the name of each label; the labels' own values where empty.
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
    numbered, names = (None, ()) if labels is None else number(list(labels))
    if numbered is not None and class_names and all(name.isdigit() and int(name) < len(class_names) for name in names):
        numbered, names = np.asarray(labels, dtype=np.int64), tuple(str(each) for each in class_names)
    return Container(name, ArrayStore(array), tuple(str(row) for row in range(len(array))), numbered, names, splits)


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
    loaded = np.load(path, mmap_mode=None, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return open_array(loaded, name=name, where=where)
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
        splits=np.repeat(parts, [len(each) for each in pictures]),
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
