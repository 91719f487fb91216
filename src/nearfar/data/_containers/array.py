"""Pictures in numpy arrays: given as such, or in .npy and .npz files."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nearfar.data._containers.numpy_file import ArrayFile, Rows, read_numpy
from nearfar.data._containers.store import Container, Header, Store
from nearfar.data._containers.temporary import temporary
from nearfar.errors import DataError, complaint

__all__ = ["ArrayStore", "open_array", "open_numpy_file", "pixel_content"]


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


def open_array(rows: Rows, *, name: str, where: str) -> Container:
    """Takes an array of pictures.

    Args:
        rows: (n, h, w) or (n, h, w, c) uint8, and what is known of each.
        name: what the user called it.
        where: who asks, for error sentences.

    Raises:
        DataError: the array is of another shape or type, or the labels are of another number.
    """
    array = np.asarray(rows.values)
    next_step = _remedy(array)
    if next_step is not None:
        got = f"{array.dtype} of shape {array.shape}"
        raise DataError(complaint(where, "data", "uint8 pictures of shape (n, h, w) or (n, h, w, c)", got, next_step))
    labels, class_names = rows.numbered(one="pictures", where=where)
    return Container(name, ArrayStore(array, rows.file), rows.names, labels, class_names, rows.splits)


def open_numpy_file(path: Path, *, name: str, where: str) -> Container:
    """Reads .npy or .npz as `read_numpy` does.

    Args:
        path: the file.
        name: what the user called it.
        where: who asks, for error sentences.

    Raises:
        DataError: no array of it holds pictures.
        ValueError: it cannot be read, or not without running code.
    """
    return open_array(read_numpy(path, where=where), name=name, where=where)


def _remedy(array: np.ndarray) -> str | None:
    """What to type where an array does not hold pictures as it should."""
    if array.ndim == 4 and array.shape[1] in {1, 3} and array.shape[3] not in {1, 3, 4}:
        return "Put channels last: array.transpose(0, 2, 3, 1)"
    if array.ndim not in {3, 4} or (array.ndim == 4 and array.shape[3] not in {1, 3, 4}) or 0 in array.shape:
        return "Reshape it: array.reshape(n, h, w)"
    if array.dtype != np.uint8:
        return "Scale it to 0 ... 255: (255 * array).astype('uint8')"
    return None
