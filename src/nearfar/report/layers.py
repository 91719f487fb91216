"""What probes read at each layer of the network, as a curve from the input to the output."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from nearfar.report.headline import TITLES, axis

__all__ = ["Curve", "Layers", "Point", "layers"]

SPACE = "\N{NO-BREAK SPACE}"
FEW_LABELS = 4
"""How many names fit under the chart on a phone."""


class Point(NamedTuple):
    """A reading at a layer, and where it is drawn, in percent of the chart's width and height from the top left.

    Attributes:
        accuracy: a fraction.
        interval: its bounds as fractions, where known.
        x: from the left.
        y: from the top.
        reach: the interval's upper and lower place, from the top.
    """

    accuracy: float
    interval: tuple[float, float] | None
    x: float
    y: float
    reach: tuple[float, float] | None


class Curve(NamedTuple):
    """One probe over the layers; None where it was not asked."""

    title: str
    points: tuple[Point | None, ...]

    @property
    def line(self) -> str:
        """The points of a polyline on a chart of 100 by 100."""
        return " ".join(f"{point.x:.2f},{point.y:.2f}" for point in self.points if point)


@dataclass(frozen=True)
class Layers:
    """The curves of all probes over the layers.

    Attributes:
        names: of the layers, from the input to the output, with their widths and places.
        curves: one a probe.
        ticks: (place from the top, label) of the axis.
        sentence: where most is read.
        spacing: of how many names one is shown where there is little room.
    """

    names: tuple[tuple[str, int | None, float], ...]
    curves: tuple[Curve, ...]
    ticks: tuple[tuple[float, str], ...]
    sentence: str
    spacing: int


class _Chart(NamedTuple):
    """A chart of 100 by 100 for readings from `low` to `high` of so many layers."""

    low: float
    high: float
    layers: int

    def down(self, value: float) -> float:
        return round(100 * (self.high - value) / (self.high - self.low), 2)

    def across(self, place: int) -> float:
        return round(100 * (place + 0.5) / self.layers, 2)

    def point(self, place: int, reading: Mapping[str, Any] | None) -> Point | None:
        if reading is None or not _is_reading(reading):
            return None
        bounds, accuracy = reading.get("interval"), float(reading["accuracy"])
        interval = (float(bounds[0]), float(bounds[1])) if bounds else None
        reach = (self.down(interval[1]), self.down(interval[0])) if interval else None
        return Point(accuracy, interval, self.across(place), self.down(accuracy), reach)


def layers(found: Sequence[Mapping[str, Any]] | None, *, whole: Mapping[str, Any] | None = None) -> Layers | None:
    """What `scores.json` holds of the layers, ready to be drawn; None where it holds nothing.

    Args:
        found: of each layer `name`, `dim` and the readings of probes by name, from the input to the output.
        whole: the readings of the representation itself, by probe.
    """
    probes = [probe for probe in TITLES if any(_is_reading(entry.get(probe)) for entry in found or ())]
    if not found or not probes:
        return None
    readings = [entry[probe] for entry in found for probe in probes if _is_reading(entry.get(probe))]
    low, high, step = axis([value for one in readings for value in (one["accuracy"], *(one.get("interval") or ()))])
    chart = _Chart(low, high, len(found))
    ticks = [low + step * index for index in range(round((high - low) / step) + 1)]
    curves = tuple(
        Curve(TITLES[probe], tuple(chart.point(place, entry.get(probe)) for place, entry in enumerate(found)))
        for probe in probes
    )
    names = tuple((str(entry["name"]), entry.get("dim"), chart.across(place)) for place, entry in enumerate(found))
    return Layers(
        names,
        curves,
        tuple((chart.down(tick), f"{100 * tick:.0f}") for tick in ticks),
        _sentence([name for name, _, _ in names], curves[0], (whole or {}).get(probes[0])),
        -(-len(names) // FEW_LABELS),
    )


def _is_reading(entry: object) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("accuracy"), int | float)


def _sentence(names: Sequence[str], curve: Curve, whole: Mapping[str, Any] | None) -> str:
    """Where the first probe reads most, how much of that is left at the last layer, and what the encoder gives."""
    read = [(name, point) for name, point in zip(names, curve.points, strict=True) if point]
    best, last = max(read, key=lambda pair: pair[1].accuracy), read[-1]
    less = f"{100 * (best[1].accuracy - last[1].accuracy):.1f}{SPACE}points less"
    then = f"it is the last of {len(names)}" if best is last else f"on the last, {last[0]}, {less}"
    told = f"{curve.title}: best on {best[0]}, {100 * best[1].accuracy:.1f}{SPACE}% right; {then}."
    if whole is None or not _is_reading(whole):
        return told
    return f"{told} On the whole representation it reads {100 * whole['accuracy']:.1f}{SPACE}%."
