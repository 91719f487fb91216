"""One run of a sweep, as its record tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nearfar.records import SweepFolder
from nearfar.report.compare import Reading
from nearfar.report.facts import setting

__all__ = ["Trial", "trial_of", "value_text"]


@dataclass(frozen=True)
class Trial:
    """One run of a sweep.

    Attributes:
        number: in the order of beginning, from 0.
        name: of its run folder.
        settings: the combination.
        state: "begun", "done" or "failed".
        readings: accuracies and scores without labels, by name; empty unless it is done.
        seconds: that it trained.
        guard: the state that the guard found last, if any.
        said: why it failed.
        width: of the representation.
        path: the run folder.
    """

    number: int
    name: str
    settings: Mapping[str, Any]
    state: str
    readings: Mapping[str, Reading]
    seconds: float
    guard: str | None
    said: str | None
    width: int | None
    path: Path

    @property
    def seed(self) -> int:
        """That of the run."""
        return int(self.settings.get("seed") or 0)

    def as_dict(self) -> dict[str, Any]:
        """The trial in the types of JSON."""
        plain = {name: getattr(self, name) for name in ("number", "name", "state", "seconds", "guard", "said", "width")}
        scores = {name: reading.mean for name, reading in self.readings.items()}
        return plain | {"settings": dict(self.settings), "scores": scores, "run": str(self.path)}


def trial_of(files: SweepFolder, record: Mapping[str, Any]) -> Trial:
    """A trial from its record.

    Args:
        files: the sweep's folder.
        record: of the trial.
    """
    readings = {
        name: Reading(score["accuracy"], *score["interval"]) for name, score in record.get("scores", {}).items()
    }
    readings |= {name: Reading(value, value, value) for name, value in record.get("label_free", {}).items()}
    return Trial(
        number=record["number"],
        name=record["name"],
        settings=record["settings"],
        state=record["state"],
        readings=readings,
        seconds=float(record.get("seconds") or 0.0),
        guard=record.get("guard"),
        said=record.get("said"),
        width=record.get("width"),
        path=files.run(record["name"]),
    )


def value_text(value: Any) -> str:
    """A setting's value for people.

    Args:
        value: plain.
    """
    return "as the recipe" if value is None else f"{value:.4g}" if isinstance(value, float) else setting(value)
