"""Embeddings as numpy arrays, as parquet and as a table of LanceDB."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nearfar.errors import DataError, complaint
from nearfar.records.files import atomic_write
from nearfar.records.lance import is_lance, open_lance, write_lance

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["EmbeddingTable"]


@dataclass(frozen=True)
class EmbeddingTable:
    """n embeddings with the ids and, where known, the labels of their examples.

    Attributes:
        vectors: (n, d) float32, the representation h.
        ids: n names, unique in their source.
        labels: (n,) int64 with -1 for unknown, or None.
        class_names: the name of each label.
        texts: of examples that are texts, the texts themselves.
    """

    vectors: np.ndarray
    ids: tuple[str, ...]
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    texts: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.ids) != len(self.vectors):
            raise ValueError(
                complaint(
                    "EmbeddingTable",
                    "vectors",
                    f"of shape ({len(self.ids)}, d), one row an id",
                    self.vectors.shape,
                    "Give one row for each id",
                )
            )

    def __len__(self) -> int:
        return len(self.ids)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.vectors, dtype=dtype, copy=copy)

    def rows(self, rows: Sequence[int] | np.ndarray) -> "EmbeddingTable":
        """The table of some rows, in the order given."""
        rows = np.asarray(rows, dtype=np.int64)
        labels = None if self.labels is None else self.labels[rows]
        texts = None if self.texts is None else tuple(self.texts[row] for row in rows)
        return EmbeddingTable(self.vectors[rows], tuple(self.ids[row] for row in rows), labels, self.class_names, texts)

    @property
    def label_names(self) -> tuple[str | None, ...]:
        """The class of each row in words; None where it is not known."""
        if self.labels is None:
            return (None,) * len(self)
        names = self.class_names
        return tuple(None if label < 0 else names[label] if names else str(label) for label in self.labels)

    def write(self, path: Path | str) -> None:
        """Writes `id` (string), `vector` (fixed-size list of float32), `label` (int64), `label_name` and `text`.

        Args:
            path: a parquet file; or, where it ends in `.lance`, a table of LanceDB, which is searched on disk.

        Raises:
            RunError: LanceDB is wanted and not installed.
        """
        if is_lance(path):
            write_lance(self._as_arrow(), Path(path))
            return
        import pyarrow.parquet as pq

        with atomic_write(Path(path)) as file:
            pq.write_table(self._as_arrow(), file)

    def _as_arrow(self) -> "pa.Table":
        import pyarrow as pa

        flat = np.ascontiguousarray(self.vectors, dtype=np.float32).reshape(-1)
        columns = {
            "id": pa.array([name.encode(errors="backslashreplace").decode() for name in self.ids], pa.string()),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(flat), self.vectors.shape[1]),
        }
        if self.labels is not None:
            columns["label"] = pa.array(self.labels, pa.int64())
            if self.class_names:
                columns["label_name"] = pa.array(self.label_names, pa.string())
        if self.texts is not None:
            columns["text"] = pa.array(self.texts, pa.string())
        return pa.table(columns).replace_schema_metadata({"class_names": json.dumps(self.class_names)})

    @classmethod
    def read(cls, path: Path | str) -> "EmbeddingTable":
        """Reads what `write` wrote.

        Raises:
            DataError: there is no table of embeddings.
            RunError: it is one of LanceDB, which is not installed.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = open_lance(Path(path)).to_arrow() if is_lance(path) else pq.read_table(path)
            missing = {"id", "vector"} - set(table.column_names)
        except (OSError, pa.ArrowException) as error:
            raise cls._unreadable(path, str(error).splitlines()[0]) from None
        if missing or not pa.types.is_fixed_size_list(table["vector"].type):
            raise cls._unreadable(path, f"a table without the column {min(missing or {'vector'})!r}")
        return cls.of_arrow(table)

    @classmethod
    def of_arrow(cls, table: "pa.Table") -> "EmbeddingTable":
        """The table that rows of one written before are of.

        Args:
            table: with the columns that `write` describes, all or some of its rows.
        """
        column = table["vector"].combine_chunks()
        vectors = np.array(column.flatten()).reshape(len(column), column.type.list_size)
        ids = tuple(table["id"].to_pylist())
        labels = table["label"].to_numpy() if "label" in table.column_names else None
        names = json.loads((table.schema.metadata or {}).get(b"class_names", b"[]"))
        texts = tuple(table["text"].to_pylist()) if "text" in table.column_names else None
        return cls(vectors, ids, labels, tuple(names), texts)

    @staticmethod
    def _unreadable(path: Path | str, reason: str) -> DataError:
        next_step = "Write one by `nearfar embed RUN DATA --out vectors.parquet`"
        return DataError(complaint("EmbeddingTable", str(path), "a file that `nearfar embed` wrote", reason, next_step))
