"""The files of a sweep by name, and its trials as they are recorded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nearfar.records.files import read_json, write_json

__all__ = ["SweepFolder"]


@dataclass(frozen=True)
class SweepFolder:
    """The files of one sweep by name.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def sweep(self) -> Path:
        """What was asked for, and what came of it."""
        return self.path / "sweep.json"

    @property
    def page(self) -> Path:
        """The page."""
        return self.path / "sweep.html"

    @property
    def database(self) -> Path:
        """The trials as Optuna keeps them: SQLite."""
        return self.path / "sweep.db"

    @property
    def lock(self) -> Path:
        """Held by the process that runs the sweep, and by its trials."""
        return self.path / ".lock"

    @property
    def runs(self) -> Path:
        """The folder of the run folders."""
        return self.path / "runs"

    @property
    def trials(self) -> Path:
        """The folder of the trials' records and logs."""
        return self.path / "trials"

    def run(self, name: str) -> Path:
        """The run folder of a trial."""
        return self.runs / name

    def trial(self, name: str) -> Path:
        """The record of a trial: its number, name, settings and state and, once it has ended, what came of it."""
        return self.trials / f"{name}.json"

    def log(self, name: str) -> Path:
        """The lines that a trial wrote."""
        return self.trials / f"{name}.log"

    def read_trials(self) -> list[dict[str, Any]]:
        """The records of all trials, in the order in which they began.

        Raises:
            RunError: one is damaged.
        """
        records = [read_json(path) for path in self.trials.glob("*.json")]
        return sorted(records, key=lambda record: record["number"])

    def write_trial(self, record: dict[str, Any]) -> None:
        """Writes a trial's record in place of the former one."""
        write_json(self.trial(record["name"]), record)
