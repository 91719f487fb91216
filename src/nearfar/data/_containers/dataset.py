"""Pictures in objects with a length and rows, as torch's `Dataset` is: whatever gives a picture for a number."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from nearfar.data._containers.array import pixel_content
from nearfar.data._containers.columns import LABELS, PICTURES, column
from nearfar.data._containers.layout import number, split_name
from nearfar.data._containers.store import Container, Header, Store
from nearfar.data._containers.unusable import PictureError
from nearfar.data.decode import is_gray
from nearfar.data.reading import Reading
from nearfar.errors import DataError, complaint

__all__ = ["DatasetStore", "open_datasets"]


class DatasetStore(Store):
    """The rows of one or several data sets, asked for one at a time: few of them expect threads."""

    def __init__(self, datasets: Sequence[Any], image: str | None) -> None:
        """Keeps the data sets, and the key of pictures where rows are mappings."""
        self.datasets = tuple(datasets)
        self.image = image
        self.starts = np.cumsum([0, *(len(each) for each in datasets)])
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def row(self, position: int) -> Any:
        """What the data set gives."""
        which = int(np.searchsorted(self.starts, position, side="right")) - 1
        with self._lock:
            return self.datasets[which][position - int(self.starts[which])]

    def open(self, position: int) -> Image.Image:
        """The row's picture."""
        row = self.row(position)
        if isinstance(row, Mapping):
            row = row[self.image]
        return _picture(row[0] if isinstance(row, tuple | list) else row)

    def content(self, position: int) -> bytes:
        """The picture's shape and pixels."""
        return pixel_content(np.asarray(self.open(position)))

    def examine(self, position: int) -> Header:
        """Looks at the picture itself."""
        picture = self.open(position)
        return Header(picture.height, picture.width, is_gray(picture))


def open_datasets(parts: Mapping[str, Any], *, reading: Reading, name: str, where: str) -> Container:
    """Takes data sets whose rows are a picture, or a picture and a label, or a mapping with both.

    Args:
        parts: a data set by its split; one without a split by the empty name.
        reading: its columns are keys of mappings.
        name: what the user called them.
        where: who asks, for error sentences.

    Raises:
        DataError: a data set is empty or gives another picture each time, or has no key of the name asked for.
    """
    for part in parts.values():
        if not len(part):
            raise DataError(complaint(where, "data", "a data set with rows", "none", "Name another"))
    datasets = list(parts.values())
    first = datasets[0][0]
    keys = list(first) if isinstance(first, Mapping) else []
    image = column(reading.image_column, keys, PICTURES, argument="image_column", where=where)
    label = column(reading.label_column, keys, LABELS, argument="label_column", where=where)
    if keys and image is None:
        raise DataError(complaint(where, "data", "rows with a picture", keys, "Name its key with image_column"))
    store = DatasetStore(datasets, image)
    if not _is_steady(store):
        next_step = "Take its random transform out: nearfar makes the views"
        raise DataError(complaint(where, "data", "a data set that gives the same picture each time", name, next_step))
    labels, class_names = _labels(store, label)
    splits = np.repeat([split_name(split) for split in parts], np.diff(store.starts)) if len(parts) > 1 else None
    ids = [f"{split}/{row}" if split else str(row) for split, part in parts.items() for row in range(len(part))]
    return Container(name, store, tuple(ids), labels, class_names, splits)


def _is_steady(store: DatasetStore) -> bool:
    """Whether the first row stays what it is; one that is no picture is spoken of when all are looked at."""
    try:
        return store.content(0) == store.content(0)
    except Exception:  # a data set raises anything
        return True


def _picture(value: Any) -> Image.Image:
    """A picture as Pillow has it, from one of its own, a tensor (c, h, w) or (h, w), or an array (h, w) or (h, w, c).

    Raises:
        PictureError: it is none of these.
    """
    if isinstance(value, Image.Image):
        return value.copy()  # whoever opens it closes it
    array = np.asarray(value)
    if hasattr(value, "permute") and array.ndim == 3:
        array = array.transpose(1, 2, 0)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in {2, 3} or (array.ndim == 3 and array.shape[2] not in {3, 4}):
        raise PictureError(f"is no picture but {type(value).__name__} of shape {array.shape}")
    if array.dtype.kind == "f":
        if not (array.min() >= 0 and array.max() <= 1):
            raise PictureError("has values outside of 0 ... 1; take normalisation out of the data set")
        array = np.rint(255 * array).astype(np.uint8)
    if array.dtype != np.uint8:
        raise PictureError(f"has values of type {array.dtype}, not uint8 or floating point")
    return Image.fromarray(np.ascontiguousarray(array))


def _labels(store: DatasetStore, label: str | None) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Labels of all rows: those that the data sets list, where they agree with the rows, or else from each row."""
    if _label(store.row(0), label) is None:
        return None, ()
    values: list[Any] = []
    for dataset, start in zip(store.datasets, store.starts, strict=False):
        listed = np.asarray(getattr(dataset, "targets", getattr(dataset, "labels", ()))).tolist()
        if len(listed) == len(dataset) and listed[0] == _label(store.row(int(start)), label):
            values += listed
        else:
            values += [_label(store.row(int(start) + row), label) for row in range(len(dataset))]
    labels, names = number(values)
    classes = next((each for each in map(_classes, store.datasets) if each), ())
    if classes and all(isinstance(value, int) and value < len(classes) for value in values):
        return np.array(values, dtype=np.int64), classes
    return labels, names


def _label(row: Any, label: str | None) -> int | str | None:
    """A row's label, if it is a number or a word."""
    value: Any = row.get(label) if isinstance(row, Mapping) else None
    if isinstance(row, tuple | list) and len(row) > 1:
        value = row[1]
    if hasattr(value, "item") and np.ndim(value) == 0:  # numpy's and torch's single numbers
        value = value.item()
    return value if isinstance(value, int | str) else None


def _classes(dataset: Any) -> tuple[str, ...]:
    """The names of classes that a data set, or the one it is a part of, goes by."""
    known = getattr(dataset, "classes", None) or getattr(getattr(dataset, "dataset", None), "classes", None)
    return tuple(str(each) for each in known) if isinstance(known, Sequence) and not isinstance(known, str) else ()
