"""`metrics.jsonl`: what was measured while a run trained."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nearfar.records.files import atomic_write

__all__ = ["MetricsLog"]


class MetricsLog:
    """`metrics.jsonl`: one JSON object a line, appended while training.

    Keys of every record: `step` (optimizer steps done), `epoch` (a fraction), `loss` (in the method's unit),
    `learning_rate`, `examples_per_second`, `seconds` (of training so far) and `seconds_left`. Where known: `floor` and
    `chance` (the loss of perfect views and of equal similarities), `effective_rank` and `embedding_spread` of the
    representation, `projection_rank` and `projection_spread` of the projections (a spread is the deviation on the unit
    sphere: 0 for one point, 1 for everywhere; the first record has those of the untrained network), `guard` (its state)
    and `guard_says` (its sentence), `knn_accuracy` (a fraction), and what the method logs.
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

    def append(self, record: Mapping[str, float | int | str]) -> None:
        """Adds one record; it is on its way to disk when this returns."""
        self._file.write(_line(record))
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    @staticmethod
    def read(path: Path) -> list[dict[str, Any]]:
        """The whole records of a log, in order; a line that a kill cut short, or that is no record, is left out."""
        records = []
        for line in path.read_bytes().splitlines():
            with contextlib.suppress(ValueError):
                record = json.loads(line)
                if isinstance(record, dict) and isinstance(record.get("step"), int):
                    records.append(record)
        return records


def _line(record: Mapping[str, float | int | str]) -> bytes:
    return json.dumps(record, allow_nan=False).encode() + b"\n"
