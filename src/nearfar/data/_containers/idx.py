"""Pictures in the idx files of the MNIST family: `train-images-idx3-ubyte.gz`, its labels beside it."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nearfar.data._containers.array import open_array
from nearfar.data._containers.layout import split_name
from nearfar.data._containers.numpy_file import ArrayFile, Rows
from nearfar.data._containers.store import Container
from nearfar.data._containers.temporary import on_disk, plain
from nearfar.errors import DataError, complaint

__all__ = ["dimensions", "open_idx"]

_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_WORDS = frozenset({"images", "image", "labels", "label", "idx", "idx1", "idx2", "idx3", "idx4", "ubyte", "int", "gz"})
_SPLITS = {"t10k": "test", "train": "train", "test": "test", "val": "val", "valid": "val", "validation": "val"}
_ORDER = ("train", "val", "test")


def dimensions(beginning: bytes) -> int:
    """The number of an idx file's dimensions, by its first four bytes; 0 for any other file."""
    is_idx = len(beginning) >= 4 and beginning[:2] == b"\0\0" and beginning[2] in _TYPES and 1 <= beginning[3] <= 4
    return beginning[3] if is_idx else 0


def open_idx(paths: Sequence[Path], beside: Sequence[Path], *, name: str, where: str) -> Container:
    """Reads pictures from idx files, and labels from those beside them.

    Args:
        paths: files of pictures; where there are several, `train` and `t10k` in their names are splits.
        beside: files in which the labels may be.
        name: what the user called them.
        where: who asks, for error sentences.

    Raises:
        DataError: they hold no pictures, or labels of another number.
        EOFError: a file is cut off.
    """
    files = {_key(path): path for path in _in_order(paths)}
    splits = [_split(key) for key in files]
    if len(set(splits)) < len(paths):
        names = [path.name for path in paths]
        raise DataError(complaint(where, "data", "one file of pictures for each split", names, "Name one of them"))
    arrays = [_array(path) for path in files.values()]
    if len({array.shape[1:] for array in arrays}) > 1:
        shapes = [array.shape for array in arrays]
        raise DataError(complaint(where, "data", "pictures of one size", shapes, "Name one of the files"))
    counts = [array.shape[0] for array in arrays]
    labels = _labels(list(files), counts, {_key(path): path for path in beside}, where)
    if len(arrays) == 1:
        rows = Rows(arrays[0].mapped(), labels, file=arrays[0])
    else:
        whole = np.concatenate([array.mapped() for array in arrays])
        rows = Rows(whole, labels).parted(dict(zip(splits, counts, strict=True)))
    return open_array(rows, name=name, where=where)


def _labels(keys: Sequence[str], counts: Sequence[int], known: Mapping[str, Path], where: str) -> np.ndarray | None:
    """Labels of all pictures, -1 where a file of pictures has none beside it; None where none has."""
    parts = []
    for key, count in zip(keys, counts, strict=True):
        values = _array(known[key]).mapped() if key in known else np.full(count, -1)
        if len(values) != count:
            got = f"{len(values)} in {known[key].name}"
            raise DataError(complaint(where, "labels", f"one for each of {count} pictures", got, "Restore the file"))
        parts.append(values.reshape(count, -1)[:, 0].astype(np.int64))  # QMNIST says more of each, but that first
    return np.concatenate(parts) if set(keys) & set(known) else None


def _array(path: Path) -> ArrayFile:
    """What an idx file holds, compressed or not.

    Raises:
        EOFError: it is shorter than it says.
    """
    file = plain(path)
    with on_disk(file).open("rb") as opened:
        count = dimensions(beginning := opened.read(4))
        shape = tuple(np.frombuffer(opened.read(4 * count), dtype=">u4").tolist())
    kind, offset = np.dtype(_TYPES[beginning[2]]), 4 + 4 * count
    if on_disk(file).stat().st_size < offset + math.prod(shape) * kind.itemsize:
        raise EOFError("it is shorter than it says")
    return ArrayFile(file, kind, shape, offset)


def _key(path: Path) -> str:
    """What the files of pictures and of labels have in common in their names."""
    return "-".join(word for word in re.split(r"[-_.]+", path.name.lower()) if word not in _WORDS)


def _in_order(paths: Sequence[Path]) -> list[Path]:
    """Those of train, val and test first, the others by name."""
    first = [path for split in _ORDER for path in sorted(paths) if _split(_key(path)) == split]
    return first + [path for path in sorted(paths) if path not in first]


def _split(key: str) -> str:
    return next((_SPLITS[word] for word in key.split("-") if word in _SPLITS), split_name(key))
