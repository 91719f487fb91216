"""Pictures with captions in memory: arrays with a list of texts, and data sets that give both."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nearfar.data._containers.array import open_array
from nearfar.data._containers.captions import Captions, caption_column
from nearfar.data._containers.dataset import open_datasets
from nearfar.data._containers.numpy_file import Rows
from nearfar.data._containers.store import Container
from nearfar.data.reading import Reading
from nearfar.errors import DataError, complaint

__all__ = ["open_arrays", "open_rows"]


def open_arrays(pictures: Any, captions: Any, *, reading: Reading, where: str) -> Container:
    """Takes an array of pictures and their captions.

    Args:
        pictures: (n, h, w) or (n, h, w, c) uint8.
        captions: n texts.
        reading: which may name no columns.
        where: who asks, for error sentences.

    Raises:
        DataError: the array is of another shape or type, the captions are of another number, or a column is named.
    """
    for argument in ("image_column", "text_column", "label_column"):
        wanted = getattr(reading, argument)
        if wanted is not None:
            raise DataError(complaint(where, argument, "left out for data without columns", wanted, "Leave it out"))
    container = open_array(Rows(pictures), name="arrays", where=where)
    if len(captions) != len(container.ids):
        constraint = f"one for each of {len(container.ids)} pictures"
        raise DataError(complaint(where, "captions", constraint, len(captions), "Align them"))
    values = [str(value) if isinstance(value, str) else value for value in captions]  # of numpy's strings too
    return replace(container, captions=lambda wanted, where: Captions(values))


class _Firsts:
    """The first of what each row of a data set gives."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> Any:
        return self.rows[row][0]


def open_rows(parts: Mapping[str, Any], *, reading: Reading, name: str, where: str) -> Container:
    """Takes data sets whose rows are a picture and a caption, or a mapping with both.

    Args:
        parts: a data set by its split; one without a split by the empty name.
        reading: its columns are keys of mappings.
        name: what the user called them.
        where: who asks, for error sentences.

    Raises:
        DataError: a data set is empty or gives no captions, or has no key of the name asked for.
    """
    first = next((part[0] for part in parts.values() if len(part)), None)
    keyed = isinstance(first, Mapping)
    if first is not None and not keyed and not (isinstance(first, tuple | list) and len(first) > 1):
        got = f"{name} of {type(first).__name__}"
        raise DataError(complaint(where, "data", "rows of a picture and a caption", got, "Give both in each row"))
    shown = dict(parts) if keyed else {split: _Firsts(part) for split, part in parts.items()}
    container = open_datasets(shown, reading=reading, name=name, where=where)

    def read(wanted: str | None, where: str) -> Captions:
        key: Any = caption_column(wanted, list(first), where) if isinstance(first, Mapping) else 1
        return Captions([part[row][key] for part in parts.values() for row in range(len(part))])

    return replace(container, captions=read)
