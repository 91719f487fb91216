"""Tables with columns of text: csv, tsv, jsonl and parquet."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nearfar.data._containers.layout import in_words
from nearfar.data.text.lines import Line, text_lines
from nearfar.errors import DataError, complaint

__all__ = ["KINDS", "read_table", "table_kind"]

KINDS = {
    **{".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".parquet": "parquet"},
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "jsonl"),
}
"""Kinds of tables by the ends of their names."""

_PACKED = (".gz", ".bz2", ".xz")
_SEPARATORS = ",;|\t"


def table_kind(path: Path) -> str | None:
    """The kind of table that a file is, by the end of its name or its first bytes; None for running text.

    Args:
        path: the file; its name may end as that of a compressed one.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        if file.read(4) == b"PAR1":
            return "parquet"
    ends = [suffix.lower() for suffix in path.suffixes]
    named = [suffix for suffix in ends if suffix not in _PACKED][-1:]
    return KINDS.get(named[0]) if named else None


def read_table(path: Path, *, kind: str, where: str) -> dict[str, list[Any]]:
    """The columns of a table by their names.

    Args:
        path: the file.
        kind: one of the values of `KINDS`.
        where: who asks, for error sentences.

    Raises:
        DataError: a line is no UTF-8, no row or no object; the sentence names the file and the line.
        OSError: the file cannot be read.
        pyarrow.ArrowException: a parquet file cannot be read.
    """
    if kind == "parquet":
        import pyarrow.parquet as pq

        return {name: column.to_pylist() for name, column in _named(pq.read_table(path))}
    return (_objects if kind == "jsonl" else _rows)(path, kind, where)


def _named(table: Any) -> Iterator[tuple[str, Any]]:
    """Columns that are no lists or structures of others."""
    import pyarrow as pa

    for field, column in zip(table.schema, table.columns, strict=True):
        if not pa.types.is_nested(field.type):
            yield in_words(field.name), column


def _objects(path: Path, kind: str, where: str) -> dict[str, list[Any]]:
    rows = []
    for line in text_lines(path, where=where):
        if line.text.strip():
            try:
                row = json.loads(line.text)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict):
                raise DataError(_no_row(path, line, "a JSON object a line", where))
            rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _rows(path: Path, kind: str, where: str) -> dict[str, list[Any]]:
    """The columns of a table whose first line names them."""
    lines = text_lines(path, where=where)
    head = at = next((line for line in lines if line.text.strip()), None)
    if head is None or at is None:
        return {}
    parse = _parser(head, "\t" if kind == "tsv" else max(_SEPARATORS, key=head.text.count))
    names = next(parse(iter([head.text])))
    columns: dict[str, list[Any]] = {name.strip(): [] for name in names}
    if len(columns) < len(names):
        raise DataError(_no_row(path, head, "a table whose columns have names of their own", where))

    def remembered() -> Iterator[str]:
        nonlocal at
        for at in lines:
            yield at.text

    try:
        for row in parse(remembered()):
            if row and len(row) != len(columns):
                raise DataError(_no_row(path, at, f"a table of {len(columns)} values a line", where))
            for column, value in zip(columns.values(), row, strict=False):
                column.append(value)
    except csv.Error as error:
        raise DataError(_no_row(path, at, f"a table of quoted values ({error})", where)) from error
    return columns


def _parser(head: Line, separator: str) -> Callable[[Iterator[str]], Iterator[list[str]]]:
    """How lines become rows.

    Tables with tabs seldom quote: a quotation mark there is the text's own, unless the names are quoted too, or a value
    holds marks that were doubled.
    """
    if separator != "\t" or all(_is_quoted(name) for name in head.text.strip().split("\t")):
        return lambda lines: csv.reader(lines, delimiter=separator, strict=True)
    return lambda lines: ([_unquoted(value) for value in line.split("\t")] for line in _unended(lines))


def _unended(lines: Iterator[str]) -> Iterator[str]:
    """Lines that are not empty, without what ends them."""
    return (line for line in (each.rstrip("\r\n") for each in lines) if line)


def _is_quoted(value: str) -> bool:
    return len(value) > 1 and value[0] == value[-1] == '"'


def _unquoted(value: str) -> str:
    inner = value[1:-1]
    doubled = _is_quoted(value) and '"' in inner and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if doubled else value


def _no_row(path: Path, line: Line, constraint: str, where: str) -> str:
    got = f"{path.name}, line {line.number}: {line.text.strip()[:60]}"
    return complaint(where, "data", constraint, got, "Correct the line, or remove it")
