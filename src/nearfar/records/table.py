"""Embeddings as numpy arrays and as parquet."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nearfar.errors import DataError, complaint
from nearfar.records.files import atomic_write

__all__ = ["EmbeddingTable"]


@dataclass(frozen=True)
class EmbeddingTable:
    """n embeddings with the ids and, where known, the labels of their examples.

    Attributes:
        vectors: (n, d) float32, the representation h.
        ids: n names, unique in their source.
        labels: (n,) int64 with -1 for unknown, or None.
        class_names: the name of each label.
    """

    vectors: np.ndarray
    ids: tuple[str, ...]
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] = ()

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
        return EmbeddingTable(self.vectors[rows], tuple(self.ids[row] for row in rows), labels, self.class_names)

    def write(self, path: Path | str) -> None:
        """Writes parquet: `id` (string), `vector` (fixed-size list of float32), `label` (int64) and `label_name`."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        flat = np.ascontiguousarray(self.vectors, dtype=np.float32).reshape(-1)
        columns = {
            "id": pa.array([name.encode(errors="backslashreplace").decode() for name in self.ids], pa.string()),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(flat), self.vectors.shape[1]),
        }
        if self.labels is not None:
            columns["label"] = pa.array(self.labels, pa.int64())
            if self.class_names:
                names = [self.class_names[label] if label >= 0 else None for label in self.labels]
                columns["label_name"] = pa.array(names, pa.string())
        table = pa.table(columns).replace_schema_metadata({"class_names": json.dumps(self.class_names)})
        with atomic_write(Path(path)) as file:
            pq.write_table(table, file)

    @classmethod
    def read(cls, path: Path | str) -> "EmbeddingTable":
        """Reads what `write` wrote.

        Raises:
            DataError: the file is not a parquet table of embeddings.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path)
            missing = {"id", "vector"} - set(table.column_names)
        except (OSError, pa.ArrowException) as error:
            raise cls._unreadable(path, str(error).splitlines()[0]) from None
        if missing or not pa.types.is_fixed_size_list(table["vector"].type):
            raise cls._unreadable(path, f"a table without the column {min(missing or {'vector'})!r}")
        column = table["vector"].combine_chunks()
        vectors = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size)
        ids = tuple(table["id"].to_pylist())
        labels = table["label"].to_numpy() if "label" in table.column_names else None
        names = json.loads((table.schema.metadata or {}).get(b"class_names", b"[]"))
        return cls(vectors, ids, labels, tuple(names))

    @staticmethod
    def _unreadable(path: Path | str, reason: str) -> DataError:
        next_step = "Write one by `nearfar embed RUN DATA --out vectors.parquet`"
        return DataError(complaint("EmbeddingTable", str(path), "a file that `nearfar embed` wrote", reason, next_step))
