"""What data is examples of, and the door for each kind."""

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nearfar.data._containers.columns import PATHS, found
from nearfar.data._containers.hugging_face import is_hugging_face
from nearfar.data._containers.layout import is_litter
from nearfar.data._containers.listing import is_listing
from nearfar.data._containers.store import names_a_picture
from nearfar.data.captions.opening import captioned_splits, has_captions, open_captioned
from nearfar.data.opening import open_source, splits
from nearfar.data.reading import TEXT_COLUMNS, Reading
from nearfar.data.series_opening import are_series, open_series, series_splits
from nearfar.data.source import Source
from nearfar.data.text.anything import open_texts, text_splits
from nearfar.data.text.tables import table_kind
from nearfar.errors import DataError, complaint

__all__ = ["KINDS", "Kind", "modality_of", "open_data", "splits_of"]


class Kind(NamedTuple):
    """What the examples of a modality are called, and how they are opened.

    Attributes:
        one: what one example is called.
        many: what several are called.
        opened: opens data of this kind.
        splits: the names of the data's splits.
        columns: which arguments that name columns mean something for it.
    """

    one: str
    many: str
    opened: Callable[..., Source]
    splits: Callable[..., tuple[str, ...]]
    columns: Sequence[str]


def _however_read(splits: Callable[[Any], tuple[str, ...]]) -> Callable[..., tuple[str, ...]]:
    """What gives the splits of data that has the same, however it is read."""
    return lambda data, *, reading: splits(data)


KINDS: Mapping[str, Kind] = {
    "image": Kind("picture", "pictures", open_source, splits, ("image_column", "label_column")),
    "text": Kind("text", "texts", open_texts, _however_read(text_splits), (*TEXT_COLUMNS, "label_column")),
    "image-text": Kind(
        "captioned picture",
        "captioned pictures",
        open_captioned,
        captioned_splits,
        ("image_column", "text_column", "label_column"),
    ),
    "series": Kind("series", "series", open_series, _however_read(series_splits), ()),
}
"""The modalities that data can be of."""

_TEXT_ENDS = (".txt", ".text")


def open_data(
    data: Any, *, modality: str, split: str | None = None, reading: Reading | None = None, where: str = "nearfar"
) -> Source:
    """Opens data of a modality.

    Args:
        data: a path, a name or an object.
        modality: what its examples are: a key of `KINDS`.
        split: the split to open; `train` where there is one, else all, when it is None.
        reading: how to read it.
        where: who asks, for error sentences.

    Raises:
        DataError: the data cannot be used, or is of another modality, or is asked for a column that means nothing.
    """
    kind, reading = KINDS[modality], reading or Reading()
    if isinstance(data, str | Path) and (not str(data).strip() or _is_too_long(data)):
        raise DataError(complaint(where, "data", "a path or a name", str(data), f"Name the data of {kind.many}"))
    if isinstance(data, Source) and data.modality != modality:
        got = KINDS[data.modality].many if data.modality in KINDS else data.modality
        raise DataError(complaint(where, "data", kind.many, got, f"Name data of {kind.many}"))
    for argument in (*TEXT_COLUMNS, "image_column"):
        wanted = getattr(reading, argument)
        if wanted is not None and argument not in kind.columns:
            raise DataError(complaint(where, argument, f"left out for {kind.many}", wanted, "Leave it out"))
    return kind.opened(data, split=split, reading=reading, where=where)


def splits_of(data: Any, *, modality: str, reading: Reading) -> tuple[str, ...]:
    """The names of the splits of data: train, val and test first, then any others; empty where there are none.

    Args:
        data: as `open_data` takes it.
        modality: what its examples are.
        reading: how to read it.

    Raises:
        DataError: the data cannot be used.
    """
    return KINDS[modality].splits(data, reading=reading)


def modality_of(data: Any, *, among: Sequence[str], reading: Reading) -> str:
    """Which of some modalities data is of, by columns that are named and by what files are called and hold.

    Args:
        data: as `open_data` takes it; it need not be there.
        among: the modalities in question; where nothing speaks for another, the first. Numbers that are no pictures
            are series, whether these are in question or not.
        reading: which columns the user named.
    """
    if isinstance(data, Source):
        return data.modality
    if "image" in among and are_series(data):
        return "series"
    if len(among) == 1:
        return among[0]
    named = reading.image_column is None and any(getattr(reading, name) is not None for name in TEXT_COLUMNS)
    if "image-text" in among and has_captions(data, reading=reading):
        return "image-text"
    return "text" if "text" in among and (named or _is_text(data)) else among[0]


def _is_text(data: Any) -> bool:
    if is_hugging_face(data):
        kinds = [type(feature).__name__ for feature in data.features.values()]
        return "Image" not in kinds and any(getattr(each, "dtype", "") == "string" for each in data.features.values())
    if isinstance(data, Mapping) and data:
        first = next(iter(data.values()))
        return _is_text(first) if is_hugging_face(first) else _are_words(first)
    if isinstance(data, str | Path):
        return bool(str(data).strip()) and _holds_text(Path(data).expanduser())
    first = data[0] if isinstance(data, list | tuple) and data else data
    is_file = isinstance(first, str | Path) and os.path.lexists(first) if _fits_a_path(first) else False
    return _holds_text(Path(first)) if is_file else _are_words(first if isinstance(data, tuple) else data)


def _are_words(values: Any) -> bool:
    return isinstance(values, list | tuple) and bool(values) and all(isinstance(each, str) for each in values)


def _fits_a_path(value: Any) -> bool:
    return isinstance(value, Path) or (isinstance(value, str) and "\0" not in value and not _is_too_long(value))


def _holds_text(path: Path) -> bool:
    """Whether a file or a folder is of texts rather than of pictures."""
    try:
        if not path.is_dir():
            return path.is_file() and _is_text_file(path)
        files = [each for each in sorted(path.iterdir()) if each.is_file() and not is_litter(each.name)]
        return any(map(_is_text_file, files)) and not any(names_a_picture(each.name) for each in files)
    except (OSError, DataError, ValueError):
        return False


def _is_text_file(path: Path) -> bool:
    kind = table_kind(path)
    if kind == "parquet":
        return _has_words(path)
    is_named = kind is not None or any(suffix.lower() in _TEXT_ENDS for suffix in path.suffixes[-2:])
    return is_named and (kind == "jsonl" or not is_listing(path, Reading()))


def _has_words(path: Path) -> bool:
    """Whether a table has a column of strings, and none of bytes or of paths."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    of_bytes = (pa.types.is_struct, pa.types.is_binary, pa.types.is_large_binary)
    has_bytes = any(test(field.type) for field in schema for test in of_bytes)
    has_words = any(pa.types.is_string(field.type) or pa.types.is_large_string(field.type) for field in schema)
    return has_words and not has_bytes and found(schema.names, PATHS) is None


def _is_too_long(path: str | Path) -> bool:
    try:
        os.lstat(path)
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG
    return False
