"""Pictures in parquet: encoded bytes in a binary column, or in the struct of bytes and path of Hugging Face."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nearfar.data._containers.layout import number, split_name
from nearfar.data._containers.store import Container, EncodedStore
from nearfar.errors import DataError, complaint

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ParquetStore", "open_parquet"]


class ParquetStore(EncodedStore):
    """One column of one or several parquet files; a file's column is read when a picture of it is first asked for."""

    def __init__(self, paths: tuple[Path, ...], column: str, lengths: tuple[int, ...]) -> None:
        """Remembers files, the column's dotted name, and the files' numbers of rows."""
        self.paths = paths
        self.column = column
        self.starts = np.cumsum((0, *lengths[:-1]))
        self._columns: dict[int, pa.ChunkedArray] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_columns": {}}

    def content(self, position: int) -> bytes:
        """The row's bytes."""
        file = int(np.searchsorted(self.starts, position, side="right")) - 1
        if file not in self._columns:
            self._columns[file] = _flat_column(self.paths[file], self.column)
        data = self._columns[file][position - int(self.starts[file])].as_py()
        if data is None:
            raise LookupError("holds no bytes")
        return bytes(data)


def open_parquet(paths: Sequence[Path], *, name: str, where: str) -> Container:
    """Lists the pictures of parquet files.

    Args:
        paths: one file, or several of the same columns, whose names begin with their split: `train-00000-of-00002`.
        name: what the user called them.
        where: who asks, for error sentences.

    Raises:
        DataError: no column holds pictures.
        pyarrow.ArrowException: a file cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = [pq.ParquetFile(path) for path in paths]
    lengths = tuple(file.metadata.num_rows for file in files)
    schema = files[0].schema_arrow
    image = _image_column(schema)
    if image is None:
        raise DataError(
            complaint(where, "data", "a table with a column of picture bytes", schema.names, "Name its column 'image'")
        )
    labels = {"label", "label_name"} & set(schema.names)
    beside = [column for column in ("label", "label_name", "split") if column in schema.names]
    if f"{image.partition('.')[0]}.path" in _leaves(schema):
        beside.append(f"{image.partition('.')[0]}.path")
    table = pa.concat_tables(file.read(columns=beside) for file in files) if beside else None
    columns = {} if table is None else {key: table[key].to_pylist() for key in table.column_names}
    numbered, class_names = _labels(columns, schema)
    return Container(
        name=name,
        store=ParquetStore(tuple(paths), image, lengths),
        ids=_ids(columns.get(image.partition(".")[0]), paths, lengths),
        labels=numbered if labels else None,
        class_names=class_names,
        splits=_splits(columns.get("split"), paths, lengths),
    )


def _flat_column(path: Path, column: str) -> "pa.ChunkedArray":
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    outer, _, inner = column.partition(".")
    values = pq.ParquetFile(path, memory_map=True).read(columns=[column])[outer]
    return pc.struct_field(values, inner) if inner else values


def _leaves(schema: "pa.Schema") -> dict[str, "pa.DataType"]:
    """Type of each column, and of each field of struct columns under its dotted name."""
    import pyarrow as pa

    leaves = {}
    for field in schema:
        inner = list(field.type) if pa.types.is_struct(field.type) else []
        leaves.update({f"{field.name}.{each.name}": each.type for each in inner} if inner else {field.name: field.type})
    return leaves


def _image_column(schema: "pa.Schema") -> str | None:
    """The dotted name of the column that holds encoded bytes: the one called image, or else the first."""
    import pyarrow as pa

    binary = [
        name for name, kind in _leaves(schema).items() if pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    ]
    return min(binary, key=lambda name: name.partition(".")[0] != "image", default=None)


def _labels(columns: dict[str, list[Any]], schema: "pa.Schema") -> tuple[np.ndarray, tuple[str, ...]]:
    values = columns.get("label", columns.get("label_name", []))
    known = _hugging_face_names(schema)
    if known and "label_name" not in columns:
        return np.array([-1 if value is None else value for value in values], dtype=np.int64), known
    return number(values, columns.get("label_name"))


def _hugging_face_names(schema: "pa.Schema") -> tuple[str, ...]:
    """The class names that the `datasets` library keeps in a table's metadata."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return tuple(features["label"]["names"])
    except (KeyError, TypeError, ValueError):
        return ()


def _ids(structs: list[dict[str, Any]] | None, paths: Sequence[Path], lengths: Sequence[int]) -> tuple[str, ...]:
    """The pictures' own paths where all have one and they differ; else rows, after the name of one of several files."""
    own = [struct["path"] for struct in structs or () if struct and struct["path"]]
    if structs and len(set(own)) == len(structs):
        return tuple(own)
    prefixes = [f"{path.stem}/" if len(paths) > 1 else "" for path in paths]
    return tuple(f"{prefix}{row}" for prefix, length in zip(prefixes, lengths, strict=True) for row in range(length))


def _splits(column: list[Any] | None, paths: Sequence[Path], lengths: Sequence[int]) -> np.ndarray | None:
    if column is not None:
        return np.array([split_name(str(value)) for value in column])
    if len(paths) == 1:
        return None
    return np.repeat([split_name(re.split(r"[-_.]", path.stem)[0]) for path in paths], lengths)
