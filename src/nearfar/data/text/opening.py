"""The door for texts: files become `Sentences`."""

import glob
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nearfar.data._containers.careful import careful, check_there
from nearfar.data._containers.columns import found
from nearfar.data._containers.layout import in_words, is_litter, names_a_split, split_name
from nearfar.data.sentences import Places, Sentences
from nearfar.data.text.columns import TextColumns, sentences_of
from nearfar.data.text.lines import Line, placed, text_lines
from nearfar.data.text.tables import KINDS, read_table, table_kind
from nearfar.errors import DataError, complaint

__all__ = ["Read", "open_sentences", "read_files", "sentence_splits", "sentences_in", "splits_in"]

_KINDS = "a text file (.txt), a table (.csv, .tsv, .jsonl, .parquet) or a folder of either"
_ENDS = (".txt", *KINDS)


class Read(NamedTuple):
    """What data holds, before anything is chosen or cleaned.

    Attributes:
        name: what the user called it.
        columns: row-aligned values by the name of their column.
        ids: the name of each row.
        splits: of each row; None where there are none.
        places: where each row stands in running text; None for tables.
    """

    name: str
    columns: dict[str, list[Any]]
    ids: list[str]
    splits: np.ndarray | None
    places: Places | None


def open_sentences(
    path: str | Path | Sequence[str | Path],
    *,
    split: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    anchor_column: str | None = None,
    positive_column: str | None = None,
    negative_column: str | None = None,
    score_column: str | None = None,
    where: str = "nearfar",
) -> Sentences:
    """Opens texts, or pairs and triplets of texts.

    In a text file a line is a sentence, an empty line ends a paragraph, and two or more end a document. Tables have a
    row an example; csv and tsv name their columns in the first line. Text is UTF-8, and any file may be compressed by
    gzip, bzip2 or xz. It is brought to Unicode's normal form C and rid of white space around it. Empty texts and those
    of more than 100,000 characters are left out and named in `Source.skipped`.

    Args:
        path: a file, a folder of files of one kind, several files, or a pattern such as `data/*.parquet`; in a folder
            the names of files may say of which split they are: `train.tsv`, `books.valid.txt.gz`.
        split: the split to open, where there are splits; None opens `train` if there is one, else all.
        text_column: of a table; None finds it where it is called text, sentence or the like.
        label_column: of a table, numbers or words; None finds it.
        anchor_column: the first texts of pairs, instead of `text_column`; None finds it where there is a column
            `anchor` or `sentence1`.
        positive_column: the texts that belong to the anchors.
        negative_column: texts that resemble the positives and do not belong to the anchors.
        score_column: numbers, how alike anchors and positives are.
        where: who asks, for error sentences.

    Raises:
        DataError: the data is missing, empty, unreadable, no UTF-8 or of another kind, or has no such split or column.
    """
    asked = TextColumns(text_column, label_column, anchor_column, positive_column, negative_column, score_column)
    return sentences_in(read_files(path, where=where), asked, split=split, where=where)


def sentences_in(read: Read, asked: TextColumns, *, split: str | None, where: str) -> Sentences:
    """The texts of what was read.

    Args:
        read: it.
        asked: which columns say what.
        split: the split to take; `train` where there is one, else all, when it is None.
        where: who asks, for error sentences.

    Raises:
        DataError: there is no such split or column, or no text.
    """
    if read.places is None:
        columns = asked.in_names(read.columns, where)
    else:
        _refuse_columns(asked, where)
        columns = {"text": "text"}
    return sentences_of(
        read.columns,
        columns,
        rows=_rows(read, split, where),
        ids=read.ids,
        name=read.name,
        where=where,
        places=read.places,
    )


def sentence_splits(path: str | Path | Sequence[str | Path]) -> tuple[str, ...]:
    """The names of the splits of texts: train, val and test first, then any others; empty where there are none.

    Args:
        path: as `open_sentences` takes it.

    Raises:
        DataError: the data is missing, empty, unreadable or of another kind.
    """
    return splits_in(read_files(path, where="nearfar"))


def read_files(path: str | Path | Sequence[str | Path], *, where: str) -> Read:
    """What files of texts hold.

    Args:
        path: as `open_sentences` takes it.
        where: who asks, for error sentences.

    Raises:
        DataError: the data is missing, empty, unreadable, no UTF-8 or of another kind.
    """
    name = str(path) if isinstance(path, str | Path) else "files"
    paths = _files(path, where)
    with careful(name, constraint="readable text", where=where):
        return _read(paths, name, where)


def splits_in(read: Read) -> tuple[str, ...]:
    """The names of the splits of what was read: train, val and test first, then any others.

    Args:
        read: it.
    """
    there = [] if read.splits is None else sorted({str(name) for name in read.splits})
    usual = [name for name in ("train", "val", "test") if name in there]
    return (*usual, *(name for name in there if name not in usual))


def _rows(read: Read, split: str | None, where: str) -> list[int]:
    names = splits_in(read)
    chosen = ("train" if "train" in names else None) if split is None else split_name(split)
    if chosen is None:
        return list(range(len(read.ids)))
    if read.splits is None:
        raise DataError(complaint(where, "split", "left out for data without splits", split, "Leave it out"))
    if chosen not in names:
        raise DataError(complaint(where, "split", f"one of {', '.join(names)}", split, f"Try {names[0]!r}"))
    return np.flatnonzero(read.splits == chosen).tolist()


def _files(path: str | Path | Sequence[str | Path], where: str) -> list[Path]:
    """The files that are meant, there or not."""
    given = [path] if isinstance(path, str | Path) else list(path)
    named = [Path(each).expanduser() for each in given]
    if len(named) == 1 and named[0].is_dir():
        inside = sorted(each for each in named[0].iterdir() if each.is_file() and not is_litter(each.name))
        named = [each for each in inside if any(end in _ENDS for end in map(str.lower, each.suffixes))]
        if not named:
            raise DataError(complaint(where, "data", _KINDS, f"{path}, a folder without one", "Name a file of texts"))
    elif len(named) == 1 and not named[0].exists() and glob.has_magic(str(named[0])):
        named = sorted(map(Path, glob.glob(str(named[0]), recursive=True))) or named
    check_there(named, where)
    return named


def _read(paths: Sequence[Path], name: str, where: str) -> Read:
    kinds = [table_kind(path) for path in paths]
    if len(set(kinds)) > 1:
        got = ", ".join(f"{path.name} ({kind or 'text'})" for path, kind in zip(paths, kinds, strict=True))
        raise DataError(complaint(where, "data", "files of one kind", got, "Name those of one kind"))
    return _running(paths, name, where) if kinds[0] is None else _tables(paths, kinds[0], name, where)


def _running(paths: Sequence[Path], name: str, where: str) -> Read:
    lines: list[list[Line]] = []
    found_places = [np.zeros((3, 0), dtype=np.int64)]
    last: Places | None = None
    for path in paths:
        kept, places = placed(text_lines(path, where=where), after=last)
        last = places if kept else last
        lines.append(kept)
        found_places.append(np.stack(places))
    ids = [f"{prefix}{line.number}" for prefix, kept in zip(_prefixes(paths), lines, strict=True) for line in kept]
    texts: list[Any] = [line.text for kept in lines for line in kept]
    splits = _of_files(paths, [len(kept) for kept in lines])
    return Read(name, {"text": texts}, ids, splits, Places(*np.concatenate(found_places, axis=1)))


def _tables(paths: Sequence[Path], kind: str, name: str, where: str) -> Read:
    tables = [read_table(path, kind=kind, where=where) for path in paths]
    for path, table in zip(paths, tables, strict=True):
        if set(table) != set(tables[0]):
            got = f"{paths[0].name} and {path.name}, of which one has {', '.join(sorted(set(table) ^ set(tables[0])))}"
            raise DataError(complaint(where, "data", "tables of the same columns", got, "Name one of them"))
    counts = [len(next(iter(table.values()), [])) for table in tables]
    columns = {column: [value for table in tables for value in table[column]] for column in tables[0]}
    numbers = zip(_prefixes(paths), counts, strict=True)
    ids = [f"{prefix}{row}" for prefix, count in numbers for row in range(count)]
    column = found(columns, ("split",))
    if column is None:
        return Read(name, columns, ids, _of_files(paths, counts), None)
    return Read(name, columns, ids, np.array([split_name(str(value)) for value in columns[column]], np.str_), None)


def _prefixes(paths: Sequence[Path]) -> list[str]:
    """What tells the rows of several files apart."""
    return [f"{in_words(path.name)}/" if len(paths) > 1 else "" for path in paths]


def _of_files(paths: Sequence[Path], counts: Sequence[int]) -> np.ndarray | None:
    """The split of each row by the name of its file; None where one file says nothing, or there is but one."""
    parts = [re.split(r"[-_.]", path.name) for path in paths]
    named = [next((split_name(part) for part in each if names_a_split(part)), None) for each in parts]
    if len(paths) < 2 or None in named:
        return None
    return np.repeat(np.array(named, dtype=np.str_), counts)


def _refuse_columns(asked: TextColumns, where: str) -> None:
    for field, wanted in vars(asked).items():
        if wanted is not None:
            name = f"{field}_column"
            raise DataError(complaint(where, name, "left out for text without columns", wanted, "Leave it out"))
