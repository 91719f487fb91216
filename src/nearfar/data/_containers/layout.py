"""What the paths of files say: which are litter, which folders are splits, which are classes."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "Layout",
    "arrange",
    "in_words",
    "is_litter",
    "names_a_split",
    "number",
    "shard_names",
    "shard_splits",
    "split_name",
]

_LITTER = frozenset(
    {
        *("__macosx", "icon\r", "thumbs.db", "ehthumbs.db", "desktop.ini"),
        *("$recycle.bin", "system volume information", "@eadir", "#recycle", "lost+found"),
    }
)
_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_WHOLE = re.compile("0|[1-9][0-9]{0,17}")


class Layout(NamedTuple):
    """Pictures in order, with what their paths tell.

    Attributes:
        order: the places of the pictures in the paths given, sorted by id.
        ids: the paths inside the enclosing folder.
        labels: (n,) int64, -1 for a picture beside the class folders; None where there are no class folders.
        class_names: the class folders' names, sorted.
        splits: (n,) names of splits; None where the top folders are no splits.
        skipped: path and reason of pictures that lie outside of the splits.
    """

    order: tuple[int, ...]
    ids: tuple[str, ...]
    labels: np.ndarray | None
    class_names: tuple[str, ...]
    splits: np.ndarray | None
    skipped: tuple[tuple[str, str], ...]


def is_litter(path: str) -> bool:
    """Whether a file was left by an operating system, or hidden by its owner."""
    return any(part.startswith(".") or part.lower() in _LITTER for part in path.split("/"))


def in_words(path: str) -> str:
    """A path as text that can be written anywhere: bytes that are no UTF-8 become escapes, all else stays as it is."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def names_a_split(name: str) -> bool:
    """Whether a name is one of those that splits go by."""
    return name.lower() in _SPLITS


def split_name(name: str) -> str:
    """The one name of a split that goes by several: `validation`, `valid` and `dev` are `val`."""
    return _SPLITS.get(name.lower(), name)


def shard_names(paths: Sequence[Path]) -> tuple[str, ...]:
    """What the files that share a data set are called: their paths inside the folder around them, without suffix."""
    around = Path(os.path.commonpath([path.parent for path in paths]))
    return tuple(path.relative_to(around).with_suffix("").as_posix() for path in paths)


def shard_splits(names: Sequence[str]) -> tuple[str, ...] | None:
    """The split of each file of a data set: `test` of `test-00000-of-00002` and of `test/data-00000`.

    None where no file is named as a split.
    """
    splits = [split_name(re.split(r"[-_./]", name)[0]) for name in names]
    return tuple(splits) if {"train", "val", "test"} & set(splits) else None


def arrange(paths: Sequence[str]) -> Layout:
    """Reads splits and classes off the paths of pictures.

    A single folder around everything is passed over. Then top folders that are all named as splits are splits, and the
    next folders are classes; what lies deeper belongs to them.

    Args:
        paths: paths inside the container, with forward slashes.
    """
    parts = [path.split("/") for path in paths]
    while len({part[0] for part in parts}) == 1 and len(parts[0]) > 1 and parts[0][0].lower() not in _SPLITS:
        parts = [part[1:] for part in parts]
    tops = {part[0] for part in parts if len(part) > 1}
    has_splits = bool(tops) and all(top.lower() in _SPLITS for top in tops)
    kept = [place for place, part in enumerate(parts) if len(part) > 1 or not has_splits]
    order = tuple(sorted(kept, key=lambda place: "/".join(parts[place])))
    outside = f"lies outside of the splits {', '.join(sorted(tops))}"
    inner = [parts[place][has_splits:] for place in order]
    labels, class_names = number([in_words(part[0]) if len(part) > 1 else None for part in inner])
    return Layout(
        order=order,
        ids=tuple(in_words("/".join(parts[place])) for place in order),
        labels=labels if class_names else None,
        class_names=class_names,
        splits=np.array([split_name(parts[place][0]) for place in order]) if has_splits else None,
        skipped=tuple((in_words(paths[place]), outside) for place in sorted(set(range(len(paths))) - set(kept))),
    )


def number(values: Iterable[Any], names: Sequence[Any] | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels 0 ... k - 1 for k distinct values in their order, and -1 for None, not-a-number, empty and negative ones.

    Strings that are all whole numbers count as numbers: class 10 comes after 9, in the folders of a zip as in a table.

    Args:
        values: numbers or strings.
        names: the name of each value's class, row-aligned; the values themselves where None.
    """
    cleaned = [_cleaned(value) for value in values]
    if all(_WHOLE.fullmatch(value) for value in set(cleaned) if isinstance(value, str)):
        cleaned = [int(value) if isinstance(value, str) else value for value in cleaned]
    known = {value for value in cleaned if value is not None}
    ordered = sorted(known, key=None if len({type(value) for value in known}) < 2 else str)
    labels = {value: label for label, value in enumerate(ordered)}
    name_of = dict(zip(cleaned, cleaned if names is None else names, strict=True))
    numbered = np.array([-1 if value is None else labels[value] for value in cleaned], dtype=np.int64)
    return numbered, tuple(str(name_of[value]) for value in ordered)


def _cleaned(value: Any) -> int | str | None:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None if value != value else str(value)
    return None if value is None or value == "" or (isinstance(value, int) and value < 0) else value
