"""What a run leaves on disk: its folder, its files' schemas, and the table of embeddings. No torch.

    runs/NAME/
        run.json             method, data, arguments, seed, versions, commit; written before step 0
        metrics.jsonl        one record a line: see `MetricsLog`
        last.ckpt            the training state; replaced atomically, loads without executing code
        encoder.safetensors  the weights of the backbone: the product
        encoder.json         how to rebuild and feed the backbone: usable without the rest of the run
        scores.json          what probes said of the encoder, and of the baselines
        skipped.csv          file, reason: what of the data could not be used
        gallery/             pictures and a sample of embeddings that the report shows
        report.html          one self-contained page
        log.txt              the lines the terminal showed

Every file but the pictures carries the version of its schema.
"""

import contextlib
import csv
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from nearfar.errors import DataError, RunError, complaint

__all__ = [
    "SCHEMA",
    "EmbeddingTable",
    "MetricsLog",
    "RunFolder",
    "atomic_write",
    "read_json",
    "write_json",
]

SCHEMA = 1
"""The version of every file in a run folder. A reader refuses a newer one."""


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that appears under its name whole or not at all, even if the machine stops meanwhile.

    Args:
        path: where the file shall be; a former file stays until the new one is safely on disk.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes one JSON object atomically, stamped with the schema's version.

    Args:
        path: the file.
        value: what JSON can hold; numbers are finite.
    """
    with atomic_write(path) as file:
        file.write(json.dumps({"schema": SCHEMA, **value}, indent=2, ensure_ascii=False, allow_nan=False).encode())
        file.write(b"\n")


def read_json(path: Path) -> dict[str, Any]:
    """Reads what `write_json` wrote.

    Raises:
        RunError: the file is missing, damaged, or from a newer nearfar.
    """
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise RunError(
            complaint("nearfar", path.name, f"in the folder {path.parent}", "no such file", "Name a run's folder")
        ) from None
    except (OSError, ValueError) as error:
        raise RunError(
            complaint("nearfar", str(path), "a readable JSON file", str(error), "Restore it or train anew")
        ) from None
    if not isinstance(value, dict) or not isinstance(value.get("schema"), int):
        raise RunError(complaint("nearfar", str(path), "a file of a nearfar run", value, "Name a run's folder"))
    if value["schema"] > SCHEMA:
        raise RunError(
            complaint("nearfar", str(path), f"of schema {SCHEMA} or older", value["schema"], "Upgrade nearfar")
        )
    return value


@dataclass(frozen=True)
class RunFolder:
    """The files of one run by name.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def run(self) -> Path:
        """Method, data, arguments, seed, versions."""
        return self.path / "run.json"

    @property
    def metrics(self) -> Path:
        """One record a line."""
        return self.path / "metrics.jsonl"

    @property
    def checkpoint(self) -> Path:
        """The training state."""
        return self.path / "last.ckpt"

    @property
    def weights(self) -> Path:
        """The backbone's weights."""
        return self.path / "encoder.safetensors"

    @property
    def encoder(self) -> Path:
        """How to rebuild and feed the backbone."""
        return self.path / "encoder.json"

    @property
    def scores(self) -> Path:
        """What probes said."""
        return self.path / "scores.json"

    @property
    def skipped(self) -> Path:
        """What of the data could not be used."""
        return self.path / "skipped.csv"

    @property
    def gallery(self) -> Path:
        """The folder of what the report shows; see `nearfar.report`."""
        return self.path / "gallery"

    @property
    def report(self) -> Path:
        """The page."""
        return self.path / "report.html"

    @property
    def log(self) -> Path:
        """The lines the terminal showed."""
        return self.path / "log.txt"

    def write_skipped(self, skipped: Iterable[tuple[str, str]]) -> None:
        """Writes `skipped.csv` from pairs of file and reason."""
        with self.skipped.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("file", "reason"), *skipped])


class MetricsLog:
    """`metrics.jsonl`: one JSON object a line, appended while training.

    Keys of every record: `step` (optimizer steps done), `epoch` (a fraction), `loss` (in the method's unit),
    `learning_rate`, `examples_per_second`, `seconds` (of training so far) and `seconds_left`. Where known: `floor` and
    `chance` (the loss of perfect views and of equal similarities), `effective_rank`, `embedding_std`, `knn_accuracy` (a
    fraction), and what the method logs.
    """

    def __init__(self, path: Path, *, after_step: int = 0) -> None:
        """Opens the log.

        Args:
            path: the file.
            after_step: go on after this step; later records, and a line cut short by a kill, are dropped.
        """
        self.path = path
        kept = [record for record in self.read(path) if record["step"] <= after_step] if path.exists() else []
        with atomic_write(path) as file:
            file.writelines(_line(record) for record in kept)
        self._file = path.open("ab")

    def append(self, record: Mapping[str, float | int]) -> None:
        """Adds one record; it is on its way to disk when this returns."""
        self._file.write(_line(record))
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    @staticmethod
    def read(path: Path) -> list[dict[str, Any]]:
        """The whole records of a log, in order; a last line cut short is left out."""
        records = []
        for line in path.read_bytes().splitlines():
            with contextlib.suppress(ValueError):
                records.append(json.loads(line))
        return records


def _line(record: Mapping[str, float | int]) -> bytes:
    return json.dumps(record, allow_nan=False).encode() + b"\n"


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
            "id": pa.array(self.ids, pa.string()),
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
