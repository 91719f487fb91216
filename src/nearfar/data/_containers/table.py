"""Pictures in parquet and Arrow: bytes in a binary column or in the struct of Hugging Face, or paths in one of text."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nearfar.data._containers.captions import column_reader, reordered
from nearfar.data._containers.columns import LABELS, PATHS, PICTURES, beside_labels, column, found, labels_of, unique
from nearfar.data._containers.layout import in_words, shard_names, shard_splits, split_name
from nearfar.data._containers.listing import open_listing
from nearfar.data._containers.ranges import RangeStore
from nearfar.data._containers.store import Container
from nearfar.data._containers.temporary import Temporary, written
from nearfar.data.reading import Reading
from nearfar.errors import DataError, complaint

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Columns", "Described", "described", "find_columns", "flat", "leaves", "open_tables"]

_BATCH = 256


@dataclass(frozen=True)
class Columns:
    """Which columns of a table say what, by their dotted names.

    Attributes:
        image: of the pictures' bytes, or of their paths.
        is_path: whether it is one of paths.
        own: of the names that pictures had as files, or None.
        label: of labels, or None.
        split: of splits, or None.
        class_names: the name of each label, where the table's metadata know them.
    """

    image: str
    is_path: bool
    own: str | None
    label: str | None
    split: str | None
    class_names: tuple[str, ...]

    @property
    def beside(self) -> tuple[str, ...]:
        """Those to read before any picture."""
        image = self.image if self.is_path else None
        wanted = (image, self.own, self.label, beside_labels(self.label), self.split)
        return tuple(name for name in wanted if name is not None)


class Described(NamedTuple):
    """What a table says of its pictures, in the order of their names.

    Attributes:
        order: the row of each.
        ids: the name of each: that of its file where all have one, else the row.
        labels: (n,) int64 or None.
        class_names: the name of each label.
        splits: (n,) or None.
    """

    order: np.ndarray
    ids: tuple[str, ...]
    labels: np.ndarray | None
    class_names: tuple[str, ...]
    splits: np.ndarray | None


def open_tables(paths: Sequence[Path], *, reading: Reading, name: str, where: str) -> Container:
    """Lists the pictures of tables.

    Parquet keeps pictures packed and in groups: its column of pictures is written out once, into a temporary file. An
    Arrow file is read where it lies.

    Args:
        paths: parquet or Arrow files of the same columns; the name of each may begin with its split:
            `train-00000-of-00002`.
        reading: its columns.
        name: what the user called them.
        where: who asks, for error sentences.

    Raises:
        DataError: no column holds pictures, or one that was asked for is not there.
        pyarrow.ArrowException: a file cannot be read.
    """
    files = [_file(path) for path in paths]
    rows = [file.rows for file in files]
    columns = find_columns(files[0].schema, reading, where)
    _check_alike(files, (columns.image, columns.label, columns.split, columns.own), where)
    there = [column for column in columns.beside if column in leaves(files[0].schema)]
    values = {column: [value for file in files for value in file.values(column)] for column in there}
    shards = shard_names(paths)
    splits = shard_splits(shards) if len(paths) > 1 else None
    of_files = None if splits is None else np.repeat(splits, rows)
    prefixes = [f"{shard}/" if len(paths) > 1 else "" for shard in shards]
    numbers = [f"{prefix}{row}" for prefix, count in zip(prefixes, rows, strict=True) for row in range(count)]
    told = described(values, columns, numbers=numbers, splits=of_files)

    def all_of(column: str) -> list[Any]:
        _check_alike(files, [column], where)
        return [value for file in files for value in file.values(column)]

    captions = column_reader(leaves(files[0].schema), all_of)
    if columns.is_path:
        return open_listing(values[columns.image], labels=told.labels, class_names=told.class_names,
                            splits=told.splits, root=paths[0].parent, name=name, captions=captions)  # fmt: skip
    located = [file.located(columns.image) for file in files]
    store = RangeStore(
        [file for file, _, _ in located],
        which=np.repeat(np.arange(len(files)), rows)[told.order],
        start=np.concatenate([start for _, start, _ in located])[told.order],
        size=np.concatenate([size for _, _, size in located])[told.order],
    )
    return Container(name, store, told.ids, told.labels, told.class_names, told.splits,
                     captions=reordered(captions, told.order))  # fmt: skip


def _check_alike(files: Sequence["_File"], columns: Sequence[str | None], where: str) -> None:
    needed = {name for name in columns if name is not None}
    for file in files:
        missing = sorted(needed - set(leaves(file.schema)))
        if missing:
            got = f"{file.path.name} without {', '.join(missing)}"
            raise DataError(complaint(where, "data", "tables of the same columns", got, "Name one of them"))


def find_columns(schema: "pa.Schema", reading: Reading, where: str) -> Columns:
    """Finds the columns of pictures, labels and splits.

    Args:
        schema: of the table.
        reading: which columns the user asks for.
        where: who asks, for error sentences.

    Raises:
        DataError: no column holds pictures, or one that was asked for is not there or holds something else.
    """
    kinds = leaves(schema)
    image = _image(kinds, schema.names, reading.image_column, where)
    outer, _, inner = image.partition(".")
    own = f"{outer}.path"
    label = _label(schema, reading.label_column, where)
    return Columns(
        image=image,
        is_path=_is_text(kinds[image]),
        own=own if inner and own in kinds and own != image else None,
        label=label,
        split=found(schema.names, ("split",)),
        class_names=_hugging_face_names(schema, label),
    )


def described(
    values: Mapping[str, Sequence[Any]], columns: Columns, *, numbers: Sequence[str], splits: np.ndarray | None
) -> Described:
    """What the columns beside the pictures say.

    Args:
        values: row-aligned, by column.
        columns: which says what.
        numbers: what rows are called where pictures have no names.
        splits: of the files that rows come from; a column of splits comes first.
    """
    labels: np.ndarray | None
    if columns.class_names and columns.label is not None:
        known = [-1 if value is None else int(value) for value in values[columns.label]]
        labels, class_names = np.array(known, dtype=np.int64), columns.class_names
    else:
        labels, class_names = labels_of(values, columns.label)
    if columns.split is not None:
        splits = np.array([split_name(str(value)) for value in values[columns.split]], dtype=np.str_)
    own = [in_words(name) if name else "" for name in values.get(columns.own or "", ())]
    if splits is not None and all(own) and not unique(own):  # files of other splits are called alike
        own = [f"{split}/{name}" for split, name in zip(splits, own, strict=False)]
    ids = own if unique(own) else numbers
    in_order = sorted(range(len(ids)), key=ids.__getitem__) if unique(own) else range(len(ids))
    order = np.array(in_order, dtype=np.int64)
    return Described(
        order=order,
        ids=tuple(ids[row] for row in order),
        labels=None if labels is None else labels[order],
        class_names=class_names,
        splits=None if splits is None else splits[order],
    )


def leaves(schema: "pa.Schema") -> dict[str, "pa.DataType"]:
    """Type of each column, and of each field of struct columns under its dotted name."""
    import pyarrow as pa

    types = {}
    for field in schema:
        inner = list(field.type) if pa.types.is_struct(field.type) else []
        types.update({f"{field.name}.{each.name}": each.type for each in inner} if inner else {field.name: field.type})
    return types


def _image(kinds: Mapping[str, "pa.DataType"], names: Sequence[str], wanted: str | None, where: str) -> str:
    """The column of pictures: of bytes, by a usual name or the first; else of paths, by a usual name."""
    binary = [name for name, kind in kinds.items() if _is_binary(kind)]
    text = [name for name, kind in kinds.items() if _is_text(kind)]
    column(wanted, dict.fromkeys((*names, *kinds)), (), argument="image_column", where=where)
    if wanted is not None:
        mine = [name for name in (*binary, *text) if name == wanted or name.startswith(f"{wanted}.")]
        if mine:
            return mine[0]
        kind = {name: str(kind) for name, kind in kinds.items() if name.partition(".")[0] == wanted.partition(".")[0]}
        raise DataError(complaint(where, "image_column", "a column of encoded pictures or paths", kind, "Name another"))
    outer = {name.partition(".")[0]: name for name in reversed(binary)}
    usual = found(outer, PICTURES)
    path = found(text, PATHS)
    chosen = outer[usual] if usual is not None else binary[0] if binary else path
    if chosen is None:
        next_step = "Name the column of pictures with image_column"
        raise DataError(complaint(where, "data", "a table with a column of picture bytes", list(names), next_step))
    return chosen


def _label(schema: "pa.Schema", wanted: str | None, where: str) -> str | None:
    import pyarrow as pa

    single = [field.name for field in schema if not pa.types.is_nested(field.type) and not _is_binary(field.type)]
    label = column(wanted, schema.names if wanted else single, LABELS, argument="label_column", where=where)
    if wanted is not None and wanted not in single:
        kind = str(schema.field(wanted).type)
        raise DataError(complaint(where, "label_column", "a column of numbers or words", kind, "Name another"))
    return label


def _hugging_face_names(schema: "pa.Schema", label: str | None) -> tuple[str, ...]:
    """The class names that the `datasets` library keeps in a table's metadata."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return tuple(features[label]["names"])
    except (KeyError, TypeError, ValueError):
        return ()


def _is_binary(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


class _File(ABC):
    """One table on disk."""

    path: Path
    schema: "pa.Schema"
    rows: int

    @abstractmethod
    def values(self, column: str) -> list[Any]:
        """All values of a column, by its dotted name."""

    @abstractmethod
    def batches(self, column: str) -> Iterator[list[bytes | None]]:
        """The same in parts, for a column that may be large."""

    def located(self, column: str) -> tuple[Path | Temporary, np.ndarray, np.ndarray]:
        """The file in which the bytes of a column lie one by one, and first byte and number of bytes of each."""

        def chunks() -> Iterator[bytes]:
            sizes = []
            for batch in self.batches(column):
                sizes += [-1 if value is None else len(value) for value in batch]
                yield b"".join(value for value in batch if value)
            yield np.array(sizes, dtype=np.int64).tobytes()

        file = written(chunks, key=(self.path, column))
        place = file.path.stat().st_size - 8 * self.rows
        size = np.fromfile(file.path, dtype=np.int64, count=self.rows, offset=place)
        ends = np.cumsum(np.maximum(size, 0))
        return file, ends - np.maximum(size, 0), size


class _ParquetFile(_File):
    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self.path = path
        self._file = pq.ParquetFile(path)
        self.schema = self._file.schema_arrow
        self.rows = self._file.metadata.num_rows

    def values(self, column: str) -> list[Any]:
        return flat(self._file.read(columns=[column]), column).to_pylist()

    def batches(self, column: str) -> Iterator[list[bytes | None]]:
        for batch in self._file.iter_batches(batch_size=_BATCH, columns=[column]):
            yield flat(batch, column).to_pylist()


class _ArrowFile(_File):
    """Arrow's format of files or of streams, mapped into memory."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self.path = path
        with pa.memory_map(str(path)) as source:
            self._mapped = source.read_buffer()
        is_file = self._mapped[:6].to_pybytes() == b"ARROW1"
        opened = (pa.ipc.open_file if is_file else pa.ipc.open_stream)(self._mapped)
        self._table = opened.read_all()
        self._table.validate(full=True)  # or damage would be met as a crash
        self.schema = self._table.schema
        self.rows = self._table.num_rows

    def values(self, column: str) -> list[Any]:
        return flat(self._table, column).to_pylist()

    def batches(self, column: str) -> Iterator[list[bytes | None]]:
        for batch in self._table.to_batches(max_chunksize=_BATCH):
            yield flat(batch, column).to_pylist()

    def located(self, column: str) -> tuple[Path | Temporary, np.ndarray, np.ndarray]:
        """The file itself, unless its buffers are compressed."""
        import pyarrow as pa

        starts, sizes = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for chunk in flat(self._table, column).chunks:
            wide = pa.types.is_large_binary(chunk.type)
            if not (wide or pa.types.is_binary(chunk.type)):
                return super().located(column)
            _, ends, data = chunk.buffers()
            place = 0 if data is None else data.address - self._mapped.address
            if not 0 <= place <= self._mapped.size - (0 if data is None else data.size):
                return super().located(column)
            edges = np.frombuffer(ends, dtype=np.int64 if wide else np.int32)[chunk.offset :][: len(chunk) + 1]
            starts.append(place + edges[:-1].astype(np.int64))
            sizes.append(np.where(chunk.is_null().to_numpy(zero_copy_only=False), -1, np.diff(edges)))
        return self.path, np.concatenate(starts), np.concatenate(sizes)


def _file(path: Path) -> _File:
    with path.open("rb") as file:
        return _ParquetFile(path) if file.read(4) == b"PAR1" else _ArrowFile(path)


def flat(table: "pa.Table | pa.RecordBatch", column: str) -> Any:
    """A column, or a field of a struct column."""
    import pyarrow.compute as pc

    if column in table.schema.names:
        return table[column]
    outer, _, inner = column.partition(".")
    return pc.struct_field(table[outer], inner)
