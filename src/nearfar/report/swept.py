"""What a sweep came to: its trials, and their ranking."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nearfar.records import SweepFolder, read_json
from nearfar.report.choosing import Choice, choices, choices_verdict
from nearfar.report.compare import Reading
from nearfar.report.scores import is_fraction, oriented, score_text, score_within
from nearfar.report.trials import Trial, trial_of, value_text

__all__ = ["Group", "Sweep", "read_sweep"]


@dataclass(frozen=True)
class Group:
    """Trials that differ in nothing but the seed.

    Attributes:
        name: the settings by which it differs from others.
        trials: those that are done.
        readings: of every score: the mean, the lowest and the highest over the seeds or, of one seed, the 95 %
            interval where there is one.
    """

    name: str
    trials: tuple[Trial, ...]
    readings: Mapping[str, Reading]

    def as_dict(self) -> dict[str, Any]:
        """The group in the types of JSON."""
        scores = {name: vars(reading) for name, reading in self.readings.items()}
        return {"name": self.name, "trials": [trial.name for trial in self.trials], "scores": scores}


@dataclass(frozen=True)
class Sweep:
    """A sweep's folder as it is now.

    Attributes:
        path: the folder.
        asked: what was asked for.
        trials: all of them, in the order of beginning.
    """

    path: Path
    asked: Mapping[str, Any]
    trials: tuple[Trial, ...]

    @property
    def by(self) -> str:
        """The score that ranks."""
        return str(self.asked["by"])

    @property
    def reference(self) -> str | None:
        """The probe that scores without labels are compared with; None where there are no labels."""
        probes = self.asked["probes"]
        return "linear" if "linear" in probes else next(iter(probes), None)

    @cached_property
    def done(self) -> tuple[Trial, ...]:
        """The trials with scores."""
        return tuple(trial for trial in self.trials if self.by in trial.readings)

    @property
    def failed(self) -> tuple[Trial, ...]:
        """The trials that failed, with what they said."""
        return tuple(trial for trial in self.trials if trial.state == "failed")

    @cached_property
    def varied(self) -> tuple[str, ...]:
        """The settings in which trials differ, but for the seed."""
        known = {name: None for trial in self.trials for name in trial.settings if name != "seed"}
        return tuple(name for name in known if len({repr(trial.settings.get(name)) for trial in self.trials}) > 1)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The combinations, best first."""
        found: dict[str, list[Trial]] = {}
        for trial in self.done:
            rest = {name: value for name, value in trial.settings.items() if name != "seed"}
            found.setdefault(repr(sorted(rest.items())), []).append(trial)
        groups = [self._group(trials) for trials in found.values()]
        return tuple(sorted(groups, key=lambda group: -oriented(self.by, group.readings[self.by].mean)))

    def _group(self, trials: Sequence[Trial]) -> Group:
        shared = [score for score in trials[0].readings if all(score in trial.readings for trial in trials)]
        readings = {score: _over_seeds([trial.readings[score] for trial in trials]) for score in shared}
        return Group(self.words(trials[0].settings), tuple(trials), readings)

    def words(self, settings: Mapping[str, Any]) -> str:
        """A combination in words: its settings that vary.

        Args:
            settings: the combination.
        """
        told = [_told(name, settings[name]) for name in self.varied if name in settings]
        return ", ".join(told) or str(self.asked["method"])

    @property
    def verdict(self) -> str:
        """What the ranking says, in a sentence."""
        groups = self.groups
        if not groups:
            return f"None of {len(self.trials)} trials has a score." if self.trials else "No trial has begun."
        title, first = score_within(self.by), groups[0]
        if len(groups) == 1:
            return f"{first.name}: {title} {score_text(self.by, first.readings[self.by].mean)}."
        best, second = first.readings[self.by], groups[1].readings[self.by]
        gap = abs(best.mean - second.mean)
        apart = f"{100 * gap:.1f} points" if is_fraction(self.by) else f"{gap:.3g}"
        if not is_fraction(self.by) and len(first.trials) == len(groups[1].trials) == 1:
            return f"{first.name} is best by {title}, {apart} from {groups[1].name}, over one seed each."
        if _overlap(best, second):
            return f"{first.name} and {groups[1].name} lead by {title}, {apart} apart: too close to call."
        return f"{first.name} is best by {title}, {apart} from {groups[1].name}."

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """How each score without labels would have chosen, the one that agrees best first."""
        return choices(self.done, self.reference)

    @property
    def choice_verdict(self) -> str:
        """How far scores without labels would have helped, said honestly."""
        return choices_verdict(self.done, self.reference, words=self.words)

    def as_dict(self) -> dict[str, Any]:
        """What `sweep --json` prints."""
        return {
            "asked": dict(self.asked),
            "verdict": self.verdict,
            "groups": [group.as_dict() for group in self.groups],
            "trials": [trial.as_dict() for trial in self.trials],
            "label_free": {
                "verdict": self.choice_verdict,
                "scores": {
                    choice.score: {
                        "spearman": choice.correlation,
                        "interval": None if choice.interval is None else list(choice.interval),
                        "picked": choice.picked.name,
                        "accuracy": choice.accuracy,
                    }
                    for choice in self.choices
                },
            },
        }


def _told(name: str, value: Any) -> str:
    """A setting in words."""
    if name == "without":
        return f"without {value_text(value)}" if value else "all augmentations"
    return f"{name.replace('_', ' ')} {value_text(value)}"


def _over_seeds(readings: Sequence[Reading]) -> Reading:
    values = [reading.mean for reading in readings]
    return readings[0] if len(values) == 1 else Reading(statistics.fmean(values), min(values), max(values))


def _overlap(one: Reading, other: Reading) -> bool:
    return one.low <= other.high and other.low <= one.high


def read_sweep(path: Path) -> Sweep:
    """A sweep from its folder.

    Args:
        path: the folder.

    Raises:
        RunError: it holds no sweep, or a file of it is damaged.
    """
    files = SweepFolder(path)
    asked = read_json(files.sweep)["asked"]
    return Sweep(path, asked, tuple(trial_of(files, record) for record in files.read_trials()))
