"""Pictures in the data sets of Hugging Face's `datasets`, given as objects or by their names there."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nearfar.data._containers.captions import column_reader, reordered
from nearfar.data._containers.layout import split_name
from nearfar.data._containers.listing import open_listing
from nearfar.data._containers.store import Container, EncodedStore
from nearfar.data._containers.table import described, find_columns, flat, leaves
from nearfar.data._containers.unusable import PictureError
from nearfar.data.reading import Reading
from nearfar.errors import DataError, complaint

__all__ = ["HuggingFaceStore", "is_hugging_face", "load_hugging_face", "open_hugging_face"]

_AT_ONCE = 1000  # rows


class HuggingFaceStore(EncodedStore):
    """One column of data sets that read their files themselves; the files are mapped, not copied, by each process."""

    def __init__(self, parts: Sequence[Any], image: str, own: str | None, order: np.ndarray) -> None:
        """Keeps the data sets.

        Args:
            parts: the data sets.
            image: the dotted name of the column of bytes.
            own: of the paths that count where bytes are missing, or None.
            order: the row, counted through all data sets, of each position.
        """
        column = image.partition(".")[0]
        self.parts = tuple(part.select_columns([column]).with_format("arrow") for part in parts)
        self.image = image
        self.own = own
        self.order = order
        self.starts = np.cumsum([0, *(len(part) for part in parts)])

    def content(self, position: int) -> bytes:
        """The row's bytes, or those of the file that it names."""
        row = int(self.order[position])
        which = int(np.searchsorted(self.starts, row, side="right")) - 1
        table = self.parts[which][row - int(self.starts[which])]
        data = flat(table, self.image)[0].as_py()
        if data is None and self.own is not None:
            path = flat(table, self.own)[0].as_py()
            data = Path(path).read_bytes() if path else None
        if data is None:
            raise PictureError("holds no bytes")
        return bytes(data)


def is_hugging_face(data: Any) -> bool:
    """Whether an object is a `Dataset` of Hugging Face, by what it can do."""
    return all(hasattr(data, ability) for ability in ("features", "select_columns", "with_format"))


def open_hugging_face(parts: Mapping[str, Any], *, reading: Reading, name: str, where: str) -> Container:
    """Takes data sets of Hugging Face.

    Args:
        parts: a data set by its split; one without a split by the empty name.
        reading: its columns.
        name: what the user called them.
        where: who asks, for error sentences.

    Raises:
        DataError: no column holds pictures, or one that was asked for is not there, or rows can only be streamed.
    """
    for part in parts.values():
        if not hasattr(part, "__len__"):
            next_step = "Load it with streaming=False"
            raise DataError(complaint(where, "data", "a data set with a length", type(part).__name__, next_step))
    datasets = list(parts.values())
    schema = datasets[0].features.arrow_schema
    columns = find_columns(schema, reading, where)
    there = [column for column in columns.beside if column in leaves(schema)]

    def all_of(column: str) -> list[Any]:
        return [value for part in datasets for value in _values(part, column)]

    values = {column: all_of(column) for column in there}
    captions = column_reader(leaves(schema), all_of)
    counts = [len(part) for part in datasets]
    splits = np.repeat([split_name(split) for split in parts], counts) if len(parts) > 1 else None
    numbers = [f"{split}/{row}" if split else str(row) for split, part in parts.items() for row in range(len(part))]
    told = described(values, columns, numbers=numbers, splits=splits)
    if columns.is_path:
        return open_listing(values[columns.image], labels=told.labels, class_names=told.class_names,
                            splits=told.splits, root=Path.cwd(), name=name, captions=captions)  # fmt: skip
    store = HuggingFaceStore(datasets, columns.image, columns.own, told.order)
    return Container(name, store, told.ids, told.labels, told.class_names, told.splits,
                     captions=reordered(captions, told.order))  # fmt: skip


def load_hugging_face(name: str, where: str) -> Mapping[str, Any]:
    """The splits of a data set by its name on the Hugging Face Hub.

    Args:
        name: such as `ylecun/mnist`, or `NAME:CONFIGURATION` where a data set has several.
        where: who asks, for error sentences.

    Raises:
        DataError: `datasets` is not installed, or the data set cannot be had.
    """
    try:
        import datasets
    except ImportError as error:
        next_step = "Type pip install 'nearfar[hf]'"
        raise DataError(complaint(where, "data", "of a kind that is installed", f"hf:{name}", next_step)) from error
    path, _, configuration = name.partition(":")
    try:
        return datasets.load_dataset(path, configuration or None)
    except Exception as error:  # the library, the network and the data set itself raise anything
        words = " ".join(str(error).split()) or type(error).__name__
        next_step = "Check its name, and that the network or a copy in the library's cache is there"
        raise DataError(complaint(where, "data", "a data set of the Hugging Face Hub that can be loaded",
                                  f"hf:{name}: {words}", next_step)) from error  # fmt: skip


def _values(part: Any, column: str) -> Iterator[Any]:
    rows = part.select_columns([column.partition(".")[0]]).with_format("arrow")
    for start in range(0, len(part), _AT_ONCE):
        yield from flat(rows[start : start + _AT_ONCE], column).to_pylist()
