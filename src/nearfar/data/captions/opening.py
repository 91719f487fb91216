"""The one door for pictures with captions."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from nearfar.data._containers.careful import careful
from nearfar.data._containers.hugging_face import is_hugging_face
from nearfar.data._containers.splits import positions_of, split_names
from nearfar.data._containers.store import Container
from nearfar.data._examine import examined
from nearfar.data.captioned import Captioned
from nearfar.data.captions.files import is_table, open_paths, tables_in
from nearfar.data.captions.objects import open_arrays, open_rows
from nearfar.data.opening import container_of, expanded, has_rows
from nearfar.data.reading import Reading
from nearfar.data.sentences import Sentences
from nearfar.data.source import Source
from nearfar.data.text.columns import cleaned
from nearfar.errors import DataError, complaint

__all__ = ["captioned_splits", "has_captions", "open_captioned"]


def open_captioned(
    data: Any, *, split: str | None = None, reading: Reading | None = None, where: str = "nearfar"
) -> Captioned:
    """Opens pictures with captions, told apart by what they are and not by how they are called.

    Captions are cleaned as texts are: in Unicode's normal form C, without white space around them. A picture whose
    caption is missing, empty or of more than 100,000 characters is left out and named in `Source.skipped`, as is one
    that cannot be used itself. Where a picture has a list of captions, the first is taken.

    Args:
        data: parquet or Arrow files with encoded pictures, or their paths, and a column of captions; tar shards in the
            manner of webdataset, with captions in `KEY.txt` or in a field of `KEY.json`; a csv, tsv or jsonl file of
            paths and captions; a folder of pictures with such a file in it or in the folder of each split, called
            `captions` or `metadata`; a pair of an array (n, h, w) or (n, h, w, c) of uint8 and n texts; a `Dataset` of
            torch whose rows are a picture and a caption, or one of Hugging Face, or a mapping of splits to them;
            `hf:NAME`; several tables or tars: as a folder, a list, or a pattern such as `train-{000..002}.tar`; or
            pictures with captions that are open, which are returned as they are.
        split: the split to open, where the data has splits; None opens `train` if there is one, else all.
        reading: how to read it; `Reading.text_column` names the column of captions.
        where: who asks, for error sentences.

    Raises:
        DataError: the data is missing, empty, unreadable or of another kind, or has no captions or no such split.
    """
    if isinstance(data, Captioned):
        if split is not None:
            next_step = "Name it in open_captioned"
            raise DataError(complaint(where, "split", "None for data that is open", split, next_step))
        return data
    reading = reading or Reading()
    container = _container(data, reading, where)
    positions = positions_of(container.splits, split, count=len(container.ids), where=where)
    with careful(container.name, constraint="readable", where=where):
        told = _told(container, positions, reading, where)
    container = replace(container, captions=None, skipped=(*container.skipped, *told.skipped))
    pictures = examined(container, np.array(list(told.texts), dtype=np.int64), reading=reading, where=where)
    used = pictures._positions.tolist()
    captions = Sentences(
        {"text": [told.texts[position] for position in used]},
        name=pictures.name,
        ids=pictures.ids,
        labels=pictures.labels,
        class_names=pictures.class_names,
        composed=len(told.composed.intersection(used)),
    )
    return Captioned(pictures, captions)


def captioned_splits(data: Any, *, reading: Reading | None = None) -> tuple[str, ...]:
    """The names of the splits: train, val and test first, then any others; empty where there are none.

    Args:
        data: as `open_captioned` takes it.
        reading: how to read it.

    Raises:
        DataError: the data is missing, empty, unreadable or of another kind.
    """
    return () if isinstance(data, Captioned) else split_names(_container(data, reading or Reading(), "nearfar").splits)


def has_captions(data: Any, *, reading: Reading) -> bool:
    """Whether data that may be pictures alone has captions beside them.

    Args:
        data: as `open_captioned` takes it; it need not be there.
        reading: how to read it.
    """
    if isinstance(data, Source):
        return isinstance(data, Captioned)
    try:
        reader = _container(data, reading, "nearfar").captions
        return reader is not None and bool(reader(reading.text_column, "nearfar").values)
    except DataError:
        return False


def _container(data: Any, reading: Reading, where: str) -> Container:
    """What the data holds; the captions are not read yet."""
    paths = _paths(data)
    name = str(data) if isinstance(data, str | Path) else type(data).__name__ if not paths else f"{data[0]} and others"
    if isinstance(data, Mapping) or has_rows(data):
        parts = data if isinstance(data, Mapping) else {"": data}
        if parts and all(has_rows(part) and not is_hugging_face(part) for part in parts.values()):
            return open_rows(parts, reading=reading, name=name, where=where)
    elif isinstance(data, tuple) and len(data) == 2 and hasattr(data[0], "__array__"):
        return open_arrays(*data, reading=reading, where=where)
    with careful(name, constraint="readable", where=where):
        if len(paths) == 1 and paths[0].is_dir():
            if tables := tables_in(paths[0], where):
                return open_paths(tables, folder=paths[0], reading=reading, name=name, where=where)
        elif paths and all(is_table(path, reading) for path in paths):
            return open_paths(paths, reading=reading, name=name, where=where)
    container = container_of(data, reading, where)
    if container.captions is None:
        next_step = "Put a captions.csv with the columns file_name and caption into the folder of pictures"
        got = f"{container.name}, which has no captions"
        raise DataError(complaint(where, "data", "pictures with captions", got, next_step))
    return container


def _paths(data: Any) -> list[Path]:
    """The files that are meant; none where data is no path."""
    given = [data] if isinstance(data, str | Path) else data if isinstance(data, list | tuple) else ()
    if not all(isinstance(each, str | Path) for each in given):
        return []
    paths = [Path(each).expanduser() for each in given]
    return expanded(str(paths[0])) if len(paths) == 1 and not paths[0].exists() else paths


class _Told(NamedTuple):
    """The captions that can be used by position, which of them were brought to normal form, and what was left out."""

    texts: dict[int, str]
    composed: set[int]
    skipped: list[tuple[str, str]]


def _told(container: Container, positions: Int[np.ndarray, "n"], reading: Reading, where: str) -> _Told:
    assert container.captions is not None
    found = container.captions(reading.text_column, where)
    told = _Told({}, set(), list(found.skipped))
    for position in positions.tolist():
        value = _one(found.values[position])
        text, why = cleaned(value)
        if why:
            told.skipped.append((container.ids[position], _reason(value, why)))
        else:
            told.texts[position] = text
            told.composed.update([position] if text != value.strip() else ())
    if not told.texts and len(positions):
        got = f"{container.name}: {' '.join(told.skipped[-1])}"
        next_step = "Name the column of captions with text_column"
        raise DataError(complaint(where, "data", "pictures of which at least one has a caption", got, next_step))
    return told


def _one(value: Any) -> Any:
    """A caption, the first of a list, decoded if it can be."""
    value = next(iter(value), None) if isinstance(value, list | tuple) else value
    try:
        return value.decode("utf-8-sig") if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return value


def _reason(value: Any, why: str) -> str:
    if value is None:
        return "has no caption"
    return f"has a caption that {'is no text in UTF-8' if isinstance(value, bytes) else why}"
