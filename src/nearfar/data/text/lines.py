"""Lines of text files, and running text with a sentence a line."""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nearfar.data._containers.temporary import on_disk, plain
from nearfar.data.sentences import Places
from nearfar.errors import DataError, complaint

__all__ = ["Line", "placed", "text_lines"]

_WIDE = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}


class Line(NamedTuple):
    """A line of a text file.

    Attributes:
        number: counted from 1, as an editor counts.
        text: with whatever ends it.
    """

    number: int
    text: str


def text_lines(path: Path, *, where: str) -> Iterator[Line]:
    """The lines of a file in UTF-8, plain or compressed by gzip, bzip2 or xz; a byte order mark is passed over.

    Args:
        path: the file.
        where: who asks, for error sentences.

    Raises:
        DataError: a line is no UTF-8 or no text; the sentence names the file and the line.
        OSError: the file cannot be read.
    """
    unpacked = plain(path)  # which lasts for as long as it has a name
    with on_disk(unpacked).open("rb") as file:
        for number, line in enumerate(file, start=1):
            if b"\0" in line and not (number == 1 and line[:2] in _WIDE):
                raise DataError(_complaint(path, number, "text", "zero bytes", "Name a file of text", where))
            try:
                yield Line(number, line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except UnicodeDecodeError as error:
                raise DataError(_not_utf8(path, number, line, error, where)) from error


def _not_utf8(path: Path, number: int, line: bytes, error: UnicodeDecodeError, where: str) -> str:
    wide = _WIDE.get(line[:2])
    got = f"the bytes {line[error.start : error.start + 4].hex(' ')}" + (f" of {wide}" if wide else "")
    next_step = f"Save it as UTF-8, as by `iconv -f {wide or 'WINDOWS-1252'} -t UTF-8`"
    return _complaint(path, number, "text in UTF-8", got, next_step, where)


def _complaint(path: Path, number: int, constraint: str, got: str, next_step: str, where: str) -> str:
    return complaint(where, "data", constraint, f"{path.name}, line {number}: {got}", next_step)


def placed(lines: Iterator[Line], *, after: Places | None = None) -> tuple[list[Line], Places]:
    """The sentences of running text, and where each stands.

    A line is a sentence. An empty line ends a paragraph, and two or more end a document.

    Args:
        lines: of one file.
        after: places of the file before it, from which the numbers go on; not empty.
    """
    document, paragraph, sentence = (0, 0, 0) if after is None else (int(each[-1]) + 1 for each in after)
    kept: list[Line] = []
    found: list[tuple[int, int, int]] = []
    empty = 0
    for line in lines:
        if not line.text.strip():
            empty += 1
            continue
        if kept:
            document, paragraph = document + (empty > 1), paragraph + (empty > 0)
        empty = 0
        kept.append(line)
        found.append((document, paragraph, sentence + len(found)))
    return kept, Places(*np.array(found, dtype=np.int64).reshape(-1, 3).T)
