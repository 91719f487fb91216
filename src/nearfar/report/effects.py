"""What each setting of a sweep did to the score, over whatever the others were."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nearfar.report.headline import axis
from nearfar.report.scores import is_fraction, score_text
from nearfar.report.swept import Sweep
from nearfar.report.trials import Trial, value_text

__all__ = ["Effect", "Mark", "Scale", "effects"]

WIDTH, HEIGHT = 400.0, 190.0
MARGIN = 22.0
"""Room at both ends of an axis of numbers, so that boxes fit."""
MOST_VALUES = 8
"""Numbers with more values than this are no steps but a range: their mean is that of a few stretches."""
STRETCHES = 5
DECADE = 10.0


class Scale(NamedTuple):
    """An axis of round ticks.

    Attributes:
        low: its low end.
        high: its high end.
        ticks: value and label of each tick.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    @classmethod
    def of(cls, values: Sequence[float], *, fractions: bool) -> "Scale":
        """The axis that holds some values.

        Args:
            values: at least one.
            fractions: whether they are fractions, shown as percent.
        """
        low, high, step = axis(values) if fractions else _round_axis(values)
        places = [low + step * index for index in range(round((high - low) / step) + 1)]
        if fractions:
            return cls(low, high, tuple((place, f"{100 * place:.0f}") for place in places))
        return cls(low, high, tuple((place, f"{place:.6g}") for place in places))

    def place(self, value: float, length: float) -> float:
        """Where a value stands on an axis of a length."""
        return round(length * (value - self.low) / (self.high - self.low), 2)

    def percent(self, value: float) -> float:
        """Where a value stands, in percent of the axis."""
        return self.place(value, 100.0)


class Mark(NamedTuple):
    """The trials of one value of a setting.

    Attributes:
        label: the value.
        at: where it stands across, where settings are numbers.
        mean: of the scores: its text, and where it stands.
        points: where each trial stands, and what it is.
        box: where the middle half of the trials begins and ends, and the median; None for fewer than four trials, or
            where nothing else varied.
    """

    label: str
    at: float
    mean: tuple[str, float]
    points: tuple[tuple[float, float, str], ...]
    box: tuple[float, float, float] | None


@dataclass(frozen=True)
class Effect:
    """The score over the values of one setting.

    Attributes:
        name: of the setting.
        numeric: whether its values are numbers on an axis; else each has a row.
        marks: one a value, or one a stretch of values.
        line: the means, as points of a line.
        across: ticks of the setting's axis.
        up: ticks of the score's axis: in percent of its length for rows, in units of the drawing otherwise.
        says: how far the means of the best and the worst value are apart, in words.
    """

    name: str
    numeric: bool
    marks: tuple[Mark, ...]
    line: str
    across: tuple[tuple[float, str], ...]
    up: tuple[tuple[float, str], ...]
    says: str


def effects(sweep: Sweep) -> list[Effect]:
    """The effect of each setting that varies, among the trials that are done.

    Args:
        sweep: the sweep.
    """
    return [_effect(sweep, name) for name in sweep.varied if len({_key(trial, name) for trial in sweep.done}) > 1]


def _key(trial: Trial, name: str) -> str:
    return repr(trial.settings.get(name))


def _effect(sweep: Sweep, name: str) -> Effect:
    scores = [trial.readings[sweep.by].mean for trial in sweep.done]
    scale = Scale.of(scores, fractions=is_fraction(sweep.by))
    values: list[Any] = [trial.settings.get(name) for trial in sweep.done]
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    parts = _stretches(sweep.done, name) if numeric else _by_value(sweep.done, name)
    line = _Line.of([float(value) for value in values]) if numeric else None
    boxed = len(sweep.varied) > 1
    marks = tuple(_mark(sweep, trials, name, scale, line, boxed=boxed) for trials in parts)
    means = [statistics.fmean(trial.readings[sweep.by].mean for trial in trials) for trials in parts]
    up = [(scale.percent(value) if line is None else _down(scale, value), label) for value, label in scale.ticks]
    return Effect(
        name=name.replace("_", " "),
        numeric=numeric,
        marks=marks,
        line=" ".join(f"{mark.at},{mark.mean[1]}" for mark in marks) if numeric else "",
        across=() if line is None else line.ticks(sorted({float(value) for value in values})),
        up=tuple(up),
        says=_says(sweep, means, [mark.label for mark in marks]),
    )


def _says(sweep: Sweep, means: Sequence[float], labels: Sequence[str]) -> str:
    high, low = int(np.argmax(means)), int(np.argmin(means))
    gap = means[high] - means[low]
    if gap == 0:
        return "All have the same mean"
    apart = f"{100 * gap:.1f} points" if is_fraction(sweep.by) else f"{gap:.3g}"
    return f"{labels[high]} has the highest mean, {apart} above {labels[low]}"


def _by_value(trials: Sequence[Trial], name: str) -> list[list[Trial]]:
    """The trials of each value, in the order in which values came."""
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        found.setdefault(_key(trial, name), []).append(trial)
    return list(found.values())


def _stretches(trials: Sequence[Trial], name: str) -> list[list[Trial]]:
    """The trials of each number or, of many numbers, those of equally full stretches."""
    rising = sorted(trials, key=lambda trial: float(trial.settings[name]))
    if len({_key(trial, name) for trial in trials}) <= MOST_VALUES:
        return _by_value(rising, name)
    return [list(part) for part in np.array_split(np.array(rising, dtype=object), STRETCHES) if len(part)]


def _mark(sweep: Sweep, trials: Sequence[Trial], name: str, scale: Scale, line: "_Line | None", *, boxed: bool) -> Mark:
    scores = [trial.readings[sweep.by].mean for trial in trials]
    values: list[Any] = [trial.settings.get(name) for trial in trials]
    at = 0.0 if line is None else round(statistics.fmean(line.place(float(value)) for value in values), 1)
    ends = {value_text(values[0]): None, value_text(values[-1]): None}

    def place(score: float) -> float:
        return scale.percent(score) if line is None else _down(scale, score)

    points = tuple(
        (
            0.0 if line is None else line.place(float(value)),
            place(score),
            f"{trial.name}: {score_text(sweep.by, score)}",
        )
        for trial, value, score in zip(trials, values, scores, strict=True)
    )
    box = tuple(place(float(quartile)) for quartile in np.quantile(scores, (0.25, 0.75, 0.5)))
    mean = statistics.fmean(scores)
    return Mark(
        label=" to ".join(ends),
        at=at,
        mean=(score_text(sweep.by, mean), place(mean)),
        points=points,
        box=(box[0], box[1], box[2]) if boxed and len(trials) > 3 else None,
    )


def _down(scale: Scale, score: float) -> float:
    return round(HEIGHT - scale.place(score, HEIGHT), 1)


class _Line(NamedTuple):
    """The axis of a setting's numbers, logarithmic where they span a decade."""

    low: float
    high: float
    logarithmic: bool

    @classmethod
    def of(cls, values: Sequence[float]) -> "_Line":
        low, high = min(values), max(values)
        return cls(low, high, low > 0 and high >= DECADE * low)

    def place(self, value: float) -> float:
        low, high, own = (math.log(each) if self.logarithmic else each for each in (self.low, self.high, value))
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (own - low) / (high - low), 1)

    def ticks(self, values: Sequence[float]) -> tuple[tuple[float, str], ...]:
        """The values themselves or, of many, the ends and the middle; what would stand on another is left out."""
        shown = values if len(values) <= MOST_VALUES else [values[0], values[len(values) // 2], values[-1]]
        found: list[tuple[float, str]] = []
        for value in shown:
            place = self.place(value)
            if not found or place - found[-1][0] > 34:
                found.append((place, f"{value:.4g}"))
        return tuple(found)


def _round_axis(values: Sequence[float]) -> tuple[float, float, float]:
    """An axis of two to six round ticks that holds some numbers: low, high, step."""
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    return step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9), step
