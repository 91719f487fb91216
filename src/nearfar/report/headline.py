"""Scores as the page's first section: what each probe reads on the encoder, beside both baselines."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nearfar.report.readings import readings
from nearfar.report.words import baseline_titles

__all__ = ["TITLES", "Headline", "Mark", "ProbeRows", "axis", "headline"]

TITLES = {
    "linear": "Linear classifier",
    "fewshot": "Few labels",
    "knn": "Nearest neighbours",
    "ridge": "Least squares",
    "cluster": "Clusters",
    "retrieval": "Own class found first",
    "zeroshot": "By the names of classes",
    "sts": "Pairs with scores, Spearman",
    "passages": "Passages found, nDCG@10",
    "retrieval.image_to_text": "Own caption found first",
    "retrieval.text_to_image": "Own picture found first",
}
"""The probes a reader knows, in the order in which they are shown; others follow under their own names."""

UNLIKE_PARTS = ("sts", "passages")
"""Probes whose number is no part of examples that are right."""

SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Mark:
    """One reading of a probe, and where it stands on the axis.

    Attributes:
        role: "encoder" or the baseline's key.
        name: what was probed, for people to read.
        accuracy: a fraction.
        interval: its bounds as fractions, where known.
        at: the reading's place on the axis in percent of its length.
        reach: the interval's places on the axis.
    """

    role: str
    name: str
    accuracy: float
    interval: tuple[float, float] | None
    at: float
    reach: tuple[float, float] | None


@dataclass(frozen=True)
class ProbeRows:
    """One probe: the encoder's mark first, then the baselines'."""

    title: str
    settings: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Headline:
    """All probes on one axis, and what they say in words.

    Attributes:
        sentence: the main probe's reading beside the baselines: what comes before the reading, it, what follows.
        verdict: whether the other probes agree.
        probes: one entry a probe.
        ticks: (place in percent, label) of the axis.
        source: what the accuracies were measured on.
    """

    sentence: tuple[str, str, str]
    verdict: str
    probes: tuple[ProbeRows, ...]
    ticks: tuple[tuple[float, str], ...]
    source: str


def headline(scores: Mapping[str, Any], *, modality: str) -> Headline | None:
    """What `scores.json` says, ready to be shown; None where no probe has an accuracy."""
    found = _readings(scores)
    if not found:
        return None
    names = _names(scores, modality=modality)
    low, high, step = _axis(found)

    def place(value: float | int) -> float:
        return round(float(100 * (value - low) / (high - low)), 2)

    def mark(role: str, reading: Mapping[str, Any]) -> Mark:
        bounds = reading.get("interval")
        interval = (float(bounds[0]), float(bounds[1])) if bounds else None
        reach = (place(interval[0]), place(interval[1])) if interval else None
        return Mark(role, names[role], float(reading["accuracy"]), interval, place(reading["accuracy"]), reach)

    probes = tuple(
        ProbeRows(
            _title(probe),
            _settings(found[probe]["encoder"]),
            tuple(mark(role, reading) for role, reading in found[probe].items()),
        )
        for probe in found
    )
    ticks = [low + step * index for index in range(round((high - low) / step) + 1)]
    main = next(iter(found))
    return Headline(
        _sentence(main, found[main], names),
        _verdict(found, names),
        probes,
        tuple((place(tick), f"{100 * tick:.0f}") for tick in ticks),
        _source(scores.get("data", {}), "sentences" if modality == "text" else "examples"),
    )


def _readings(scores: Mapping[str, Any]) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Probe -> "encoder" or baseline -> its entry in `scores.json`; known probes first."""
    measured = _numbers(scores.get("scores", {}))
    order = [probe for probe in TITLES if probe in measured] + [probe for probe in measured if probe not in TITLES]
    baselines = {role: _numbers(entries) for role, entries in scores.get("baselines", {}).items()}
    return {
        probe: {"encoder": measured[probe]}
        | {role: entries[probe] for role, entries in baselines.items() if probe in entries}
        for probe in order
    }


def _numbers(scores: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Of each probe its entry, with the one number that is shown as its accuracy."""
    known = {probe: entry for probe, entry in scores.items() if isinstance(entry, Mapping)}
    found = {probe: {**known.get(probe, {}), **reading} for probe, reading in readings(known).items()}
    return {probe: entry | {"interval": _open(entry["interval"])} for probe, entry in found.items()}


def _open(interval: Sequence[float]) -> Sequence[float] | None:
    """An interval; None for one of no width, which nobody measured."""
    return None if interval[0] == interval[1] else interval


def _names(scores: Mapping[str, Any], *, modality: str) -> dict[str, str]:
    others = {role: role.replace("_", " ").capitalize() for role in scores.get("baselines", {})}
    return {"encoder": "This encoder", **others, **baseline_titles(modality)}


def _axis(readings: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> tuple[float, float, float]:
    """An axis that holds every reading and its interval: low, high, step."""
    entries = [entry for marks in readings.values() for entry in marks.values()]
    return axis([value for entry in entries for value in (entry["accuracy"], *(entry.get("interval") or ()))])


def axis(values: Sequence[float]) -> tuple[float, float, float]:
    """An axis of three to seven round ticks that holds some fractions.

    Args:
        values: the fractions.

    Returns:
        Its low end, its high end and the step from tick to tick.
    """
    low, high = min(values), max(values)
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2) if (high - low) / step <= 5 or step == 0.2)
    bottom = step * math.floor(low / step + 1e-9)
    top = step * math.ceil(high / step - 1e-9)
    return bottom, max(top, bottom + step), step


def _title(probe: str) -> str:
    return TITLES.get(probe, probe.replace("_", " ").capitalize())


def _settings(entry: Mapping[str, Any]) -> str:
    """The settings a reader needs to know what was measured; the rest stays in `scores.json`."""
    settings = entry.get("settings") or {}
    more = [f"{name} {value:.2f}" for name, value in entry.items() if name in ("nmi", "ari", "map")]
    if more:
        return ", ".join(more)
    if "labels_per_class" in settings:
        return f"{settings['labels_per_class']} labels per class, mean of {settings.get('episodes', 1)} draws"
    return ", ".join(f"{name} {settings[name]}" for name in ("k", "temperature") if name in settings)


def _source(data: Mapping[str, Any], counted: str) -> str:
    train, test = (data.get(part) or {} for part in ("train", "test"))
    if not data.get("name") or not test.get("examples"):
        return ""
    text = f"Measured on {test['examples']:,} {counted} of {data['name']}"
    if train.get("examples"):
        text += f"; probes were fitted on {train['examples']:,} others"
    return text + (
        ", held out by a seeded draw because the data has no split of its own." if data.get("held_out") else "."
    )


def _sentence(probe: str, marks: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> tuple[str, str, str]:
    reading = marks["encoder"]
    is_part = probe not in UNLIKE_PARTS
    percent = f"{100 * reading['accuracy']:.1f}" + (f"{SPACE}%" if is_part else "")
    settings = reading.get("settings") or {}
    if probe == "linear":
        text = "A linear classifier on this encoder reads"
    elif probe == "fewshot" and "labels_per_class" in settings:
        text = f"With {settings['labels_per_class']} labels per class, this encoder reads"
    else:
        text = f"{_title(probe)} on this encoder read"
    compared = [
        _compare(reading["accuracy"], entry["accuracy"]) + f" {_within(names[role])}"
        for role, entry in marks.items()
        if role != "encoder"
    ]
    unit = "right" if is_part else "of 100"
    return text, percent, f"{unit}: {', '.join(compared)}." if compared else f"{unit}."


def _compare(encoder: float | int, baseline: float | int) -> str:
    points = 100 * (encoder - baseline)
    if abs(points) < 0.05:
        return "level with"
    return f"{abs(points):.1f}{SPACE}points {'above' if points > 0 else 'below'}"


def _within(name: str) -> str:
    """A baseline's name inside a sentence."""
    name = name if name[:2].isupper() else name[0].lower() + name[1:]
    return f"the {name}" if name == "untrained network" else name


def _verdict(readings: Mapping[str, Mapping[str, Mapping[str, Any]]], names: Mapping[str, str]) -> str:
    """Where the encoder is not better than a baseline, plainly; otherwise that it is better everywhere."""
    below, unclear, compared = [], [], 0
    for probe, marks in readings.items():
        encoder = marks["encoder"]
        for role, entry in marks.items():
            if role == "encoder":
                continue
            compared += 1
            case = f"{_title(probe).lower()} against {_within(names[role])}"
            bounds = encoder.get("interval") or (encoder["accuracy"], encoder["accuracy"])
            if bounds[0] <= entry["accuracy"] <= bounds[1]:
                unclear.append(case)
            elif entry["accuracy"] > encoder["accuracy"]:
                below.append(case)
    if not compared:
        return ""
    parts = []
    if below:
        parts.append(f"The encoder is worse in {len(below)} of {compared} comparisons: {'; '.join(below)}.")
    if unclear:
        parts.append(f"Too close to call, the baseline lies inside the interval: {'; '.join(unclear)}.")
    return " ".join(parts) or f"It is better than every baseline on {_count(len(readings))}."


def _count(probes: int) -> str:
    return {1: "this probe", 2: "both probes"}.get(probes, f"all {probes} probes")
