"""Which trial is next: what was begun before, then what has not been tried."""

from collections.abc import Mapping, Sequence
from typing import Any

from nearfar.api.sweeping.grid import Span, Values, key, names, varied
from nearfar.api.sweeping.suggest import Suggestions
from nearfar.records import SweepFolder, read_json
from nearfar.report import oriented

__all__ = ["Plan", "drawn"]

TRIES = 100
"""Combinations that a sampler may propose in vain before it is taken that there are no others."""


class Plan:
    """Deals out the trials of a sweep, each once.

    Args:
        files: the sweep's folder.
        grid: the values of each setting.
        listed: the combinations to try; None where a sampler draws them.
        sampler: of `SAMPLERS`.
        trials: how many there shall be, with those of before, where a sampler draws them.
        by: the score that shall be good.

    Attributes:
        by: that score.
        total: how many trials there will be.
    """

    def __init__(
        self,
        files: SweepFolder,
        *,
        grid: Mapping[str, Values],
        listed: Sequence[dict[str, Any]] | None,
        sampler: str,
        trials: int,
        by: str,
    ) -> None:
        self._files, self.by, self._listed = files, by, listed
        self._records = {record["name"]: record for record in files.read_trials()}
        self._known = {key(record["settings"]) for record in self._records.values()}
        self._waiting = [record["name"] for record in self._records.values() if record["state"] == "begun"]
        self._grid = grid
        former = [record["settings"] for record in self._records.values()]
        self._told = varied([*former, *listed]) if listed is not None else [*drawn(grid), "seed"]
        self._suggestions = Suggestions(
            files.database, _space(grid, [*former, *(listed or [])], listed is not None), sampler=sampler
        )
        self._handles: dict[str, Any] = {}
        for record in self._records.values():
            if record["state"] != "begun":
                self._suggestions.recall(record["name"], record["settings"], self._value(record))
        fresh = [] if listed is None else [one for one in listed if key(one) not in self._known]
        self._fresh = list(zip(names(fresh, of=self._told, taken=self._records), fresh, strict=True))
        self.total = len(self._records) + len(fresh) if listed is not None else max(trials, len(self._records))

    @property
    def ended(self) -> int:
        """How many trials have ended, with those of before."""
        return sum(record["state"] != "begun" for record in self._records.values())

    def next(self) -> str | None:
        """The name of the next trial, whose record is written; None where there is none left."""
        if self._waiting:
            name = self._waiting.pop(0)
            self._handles[name] = self._suggestions.begin(name, self._records[name]["settings"])
            return name
        if self._listed is None:
            return self._draw() if len(self._records) < self.total else None
        if not self._fresh:
            return None
        name, settings = self._fresh.pop(0)
        self._begin(name, settings)
        self._handles[name] = self._suggestions.begin(name, settings)
        return name

    def _draw(self) -> str | None:
        """A combination that the sampler proposes; all seeds take turns."""
        number = len(self._records)
        fixed = {name: values[0] for name, values in self._grid.items() if name not in drawn(self._grid)}
        seeds = self._grid.get("seed", (0,))
        for attempt in range(TRIES):
            handle, proposed = self._suggestions.suggest(number, attempt)
            settings = {**fixed, **proposed, "seed": seeds[number % len(seeds)]}
            if key(settings) not in self._known:
                (name,) = names([settings], of=self._told, taken=self._records)
                self._begin(name, settings)
                self._handles[name] = handle
                return name
            self._suggestions.end(handle, None)
        self.total = len(self._records)
        return None

    def _begin(self, name: str, settings: dict[str, Any]) -> None:
        record = {"number": len(self._records), "name": name, "settings": settings, "state": "begun"}
        self._records[name] = record
        self._known.add(key(settings))
        self._files.write_trial(record)

    def end(self, name: str) -> dict[str, Any]:
        """Takes note that a trial has ended.

        Args:
            name: of the trial.

        Returns:
            Its record.
        """
        record = self._records[name] = read_json(self._files.trial(name))
        self._suggestions.end(self._handles.pop(name), self._value(record))
        return record

    def _value(self, record: Mapping[str, Any]) -> float | None:
        scores = {probe: score["accuracy"] for probe, score in record.get("scores", {}).items()}
        value = (scores | record.get("label_free", {})).get(self.by)
        return None if value is None else oriented(self.by, value)


def drawn(grid: Mapping[str, Values]) -> list[str]:
    """The settings that a sampler draws: those of several values, but for the seed, whose values take turns.

    Args:
        grid: the values of each setting.
    """
    return [name for name, values in grid.items() if len(values) > 1 and name != "seed"]


def _space(grid: Mapping[str, Values], every: Sequence[Mapping[str, Any]], is_listed: bool) -> dict[str, Values]:
    """What Optuna knows of: in a grid all settings that vary, with all values they ever had; else what is drawn."""
    wanted = varied(every) if is_listed else drawn(grid)
    space: dict[str, Values] = {}
    for name in wanted:
        given = grid.get(name, ())
        if isinstance(given, Span):
            space[name] = given
            continue
        own = [*given, *(settings[name] for settings in every if name in settings)]
        space[name] = tuple({key({name: value}): value for value in own}.values())
    return space
