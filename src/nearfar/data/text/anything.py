"""The door for texts in any shape: files, lists in memory, and data sets of Hugging Face."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nearfar.data._containers.hugging_face import is_hugging_face, load_hugging_face
from nearfar.data._containers.layout import split_name
from nearfar.data.reading import Reading
from nearfar.data.sentences import Sentences
from nearfar.data.source import Source
from nearfar.data.text.columns import TextColumns
from nearfar.data.text.opening import Read, read_files, sentences_in, splits_in
from nearfar.errors import DataError, complaint

__all__ = ["open_texts", "text_splits"]

_HUB = "hf:"
_KINDS = "a file of texts, a list of texts, or a data set with a column of texts"


def open_texts(
    data: Any, *, split: str | None = None, reading: Reading | None = None, where: str = "nearfar"
) -> Sentences:
    """Opens texts, or pairs and triplets of texts, in any shape.

    Args:
        data: whatever `open_sentences` takes; a list of texts, or a pair of it and their labels; a mapping of columns
            to lists; a `Dataset` of Hugging Face, or a mapping of splits to them; `hf:NAME`; or a source of texts,
            which is returned as it is.
        split: the split to open, where there are splits; None opens `train` if there is one, else all.
        reading: which columns say what.
        where: who asks, for error sentences.

    Raises:
        DataError: the data is missing, empty, unreadable or of another kind, or has no such split or column.
    """
    if isinstance(data, Sentences):
        if split is not None:
            raise DataError(complaint(where, "split", "None for data that is open", split, "Name it when it is opened"))
        return data
    said = reading or Reading()
    asked = TextColumns(
        said.text_column, said.label_column, said.anchor_column, said.positive_column, said.negative_column,
        said.score_column,
    )  # fmt: skip
    return sentences_in(_read(data, where), asked, split=split, where=where)


def text_splits(data: Any) -> tuple[str, ...]:
    """The names of the splits of texts: train, val and test first, then any others; empty where there are none.

    Args:
        data: as `open_texts` takes it.

    Raises:
        DataError: the data is missing, empty, unreadable or of another kind.
    """
    return () if isinstance(data, Source) else splits_in(_read(data, "nearfar"))


def _read(data: Any, where: str) -> Read:
    if isinstance(data, str) and data.startswith(_HUB) and not Path(data).exists():
        return _data_sets(load_hugging_face(data.removeprefix(_HUB), where), data, where)
    if isinstance(data, str | Path) or _are_files(data):
        return read_files(data, where=where)
    if is_hugging_face(data):
        return _data_sets({"": data}, type(data).__name__, where)
    if isinstance(data, Mapping) and data and all(map(is_hugging_face, data.values())):
        return _data_sets(data, type(data).__name__, where)
    return _in_memory(data, where)


def _are_files(data: Any) -> bool:
    """Whether a list is of files and not of texts."""
    if not isinstance(data, list | tuple) or not data or not all(isinstance(each, str | Path) for each in data):
        return False
    return all(isinstance(each, Path) for each in data) or _is_there(str(data[0]))


def _is_there(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # of a text that is no path
        return False


def _in_memory(data: Any, where: str) -> Read:
    """Lists of texts, with labels or by column."""
    if isinstance(data, tuple) and len(data) == 2 and not isinstance(data[0], str):
        data = {"text": data[0], "label": data[1]}
    columns = data if isinstance(data, Mapping) else {"text": data}
    lists = {str(name): _listed(values) for name, values in columns.items()}
    kept = {name: values for name, values in lists.items() if values is not None}
    if not kept or len(kept) < len(lists):
        got = type(data).__name__ if not isinstance(data, Mapping) else f"columns {', '.join(map(str, columns))}"
        raise DataError(complaint(where, "data", _KINDS, got, "Name one"))
    counts = {name: len(values) for name, values in kept.items()}
    if len(set(counts.values())) > 1:
        raise DataError(complaint(where, "data", "columns of one length", counts, "Give each row all its values"))
    return Read("texts", kept, [str(row) for row in range(min(counts.values()))], None, None)


def _listed(values: Any) -> list[Any] | None:
    """A column as a list; None where it is none."""
    if isinstance(values, np.ndarray):
        return values.tolist()
    return list(values) if isinstance(values, Sequence) and not isinstance(values, str | bytes) else None


def _data_sets(parts: Mapping[str, Any], name: str, where: str) -> Read:
    if not all(hasattr(part, "__len__") for part in parts.values()):
        constraint, next_step = "a data set with a length", "Load it with streaming=False"
        raise DataError(complaint(where, "data", constraint, type(next(iter(parts.values()))).__name__, next_step))
    first = next(iter(parts.values()))
    names = list(first.features)
    columns = {column: [value for part in parts.values() for value in part[column]] for column in names}
    ids = [f"{split}/{row}" if split else str(row) for split, part in parts.items() for row in range(len(part))]
    counts = [len(part) for part in parts.values()]
    splits = np.repeat(np.array([split_name(split) for split in parts], np.str_), counts) if len(parts) > 1 else None
    return Read(name, columns, ids, splits, None)
