"""Several runs side by side: what can be compared, and what the comparison says."""

import hashlib
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nearfar.errors import RunError, complaint
from nearfar.records import MetricsLog, RunFolder, read_json
from nearfar.report.facts import method_name, setting
from nearfar.report.readings import readings

__all__ = ["Comparison", "Entry", "Reading", "compare"]

IGNORED = ("seed", "mean", "std", "cached_side", "channels")
"""Settings that do not make two runs two contestants."""
LONGEST = 200
UNSAID: Mapping[str, Any] = {"examples": None, "without": [], "norm_eps": None}
"""What runs of before these settings were as if they had said."""


@dataclass(frozen=True)
class Reading:
    """A probe's accuracy, or what else it is compared by, for one contestant.

    Attributes:
        mean: over the seeds, a fraction or a correlation.
        low: the lowest of the seeds or, for one seed, the low end of the 95 % interval.
        high: the highest, likewise.
    """

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Entry:
    """One contestant: runs that differ in nothing but the seed.

    Attributes:
        name: the method and, where others have it too, the settings by which it differs.
        runs: the folders.
        seeds: of the runs.
        differs: the settings in which the contestants differ, as text.
        readings: by probe.
        examples: how many one run saw.
        seconds: that one run trained, the mean.
        guard: what the guard said last of each run that it spoke of.
    """

    name: str
    runs: tuple[Path, ...]
    seeds: tuple[int, ...]
    differs: Mapping[str, str]
    readings: Mapping[str, Reading]
    examples: int
    seconds: float
    guard: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The entry in the types of JSON."""
        return {
            "name": self.name,
            "runs": [str(run) for run in self.runs],
            "seeds": list(self.seeds),
            "differs": dict(self.differs),
            "scores": {probe: vars(reading) for probe, reading in self.readings.items()},
            "examples": self.examples,
            "seconds": self.seconds,
            "guard": list(self.guard),
        }


@dataclass(frozen=True)
class Comparison:
    """What several runs score on the same data.

    Attributes:
        data: what they were judged on.
        probes: what all of them were judged by; the first decides the order.
        entries: the contestants, best first.
        baselines: those of raw input, BM25 and chance and, where all have the same, of the untrained network, by role
            and probe.
    """

    data: Mapping[str, Any]
    probes: tuple[str, ...]
    entries: tuple[Entry, ...]
    baselines: Mapping[str, Mapping[str, float]]

    @property
    def verdict(self) -> str:
        """What the first probe says, in a sentence."""
        probe, first, second = self.probes[0], self.entries[0], self.entries[1] if len(self.entries) > 1 else None
        if second is None:
            return f"All runs are one contestant, {first.name}, and differ in the seed alone."
        best, next_best = first.readings[probe], second.readings[probe]
        points = 100 * (best.mean - next_best.mean)
        if best.low <= next_best.high:
            return f"{first.name} and {second.name} lead on {probe}, {points:.1f} points apart: too close to call."
        return f"{first.name} is best on {probe}, {points:.1f} points above {second.name}."

    def as_dict(self) -> dict[str, Any]:
        """What `compare --json` prints."""
        return {
            "data": dict(self.data),
            "probes": list(self.probes),
            "verdict": self.verdict,
            "entries": [entry.as_dict() for entry in self.entries],
            "baselines": {role: dict(scores) for role, scores in self.baselines.items()},
        }


@dataclass(frozen=True)
class _Run:
    path: Path
    about: Mapping[str, Any]
    scores: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]]

    @property
    def found(self) -> dict[str, dict[str, Any]]:
        """The number of each probe."""
        return readings(self.scores["scores"])

    @property
    def settled(self) -> dict[str, str]:
        """All that makes a run what it is, but for its seed."""
        known = {**UNSAID, **self.about["settings"]}
        settings = {key: value for key, value in known.items() if key not in IGNORED}
        # Another seed draws other examples of the same data.
        data = self.about["data"].get("fingerprint" if settings["examples"] is None else "path")
        views = {f"view {name}": value for name, value in settings.pop("views", {}).items()}
        whole = (
            {"method": self.about["method"], "training data": data} | _flat(settings) | views | self.about["options"]
        )
        return {name.replace("_", " "): _short(setting(value)) for name, value in whole.items()}

    @property
    def last(self) -> Mapping[str, Any]:
        return self.records[-1] if self.records else {}


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with those of each tower beside the others."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        inner = value if isinstance(value, Mapping) else {}
        found |= {f"{name} {key}": each for key, each in inner.items() if key not in IGNORED} or {name: value}
    return found


def _short(told: str) -> str:
    """A setting as a reader takes it in: what is as long as a tokenizer by its hash."""
    return told if len(told) <= LONGEST else f"#{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def compare(runs: Sequence[Path]) -> Comparison:
    """Puts runs side by side.

    Runs that differ in nothing but the seed are one contestant, whose spread over the seeds is shown.

    Args:
        runs: at least two folders, each judged by `nearfar evaluate` on the same data.

    Raises:
        RunError: a folder holds no run, one has not been judged, or they were judged on different data or by no probe
            in common.
    """
    if len({path.resolve() for path in runs}) < 2:
        got = [str(path) for path in runs]
        raise RunError(complaint("compare", "runs", "at least 2 different folders", got, "Name another run"))
    read = [_read(path) for path in runs]
    _check_same_data(read)
    probes = [probe for probe in read[0].found if all(probe in run.found for run in read)]
    if not probes:
        judged = {str(run.path): list(run.scores["scores"]) for run in read}
        next_step = "Type `nearfar evaluate RUN DATA` for each, with the same --probes"
        raise RunError(complaint("compare", "runs", "judged by one probe in common", judged, next_step))
    order = ["linear", *(probe for probe in probes if probe != "linear")] if "linear" in probes else probes
    groups: dict[tuple[tuple[str, str], ...], list[_Run]] = {}
    for run in read:
        groups.setdefault(tuple(sorted(run.settled.items())), []).append(run)
    entries = _entries(list(groups.values()), order)
    ranked = sorted(entries, key=lambda entry: -entry.readings[order[0]].mean)
    return Comparison(read[0].scores["data"], tuple(order), tuple(ranked), _baselines(read, order))


def _read(path: Path) -> _Run:
    files = RunFolder(path)
    about = read_json(files.run)
    if not files.scores.exists():
        data = (about.get("data") or {}).get("name") or "DATA"
        next_step = f"Type `nearfar evaluate {path} {data}`"
        raise RunError(complaint("compare", str(path), "judged already", "no scores.json", next_step))
    records = MetricsLog.read(files.metrics) if files.metrics.exists() else []
    return _Run(path, about, read_json(files.scores), records)


def _check_same_data(runs: Sequence[_Run]) -> None:
    judged = {str(run.path): _judged_on(run.scores["data"]) for run in runs}
    if len(set(judged.values())) > 1:
        got = "; ".join(f"{path} on {what[0]}" for path, what in judged.items())
        next_step = "Type `nearfar evaluate RUN DATA` for each, with one data set"
        raise RunError(complaint("compare", "runs", "judged on the same data", got, next_step))


def _judged_on(data: Mapping[str, Any]) -> tuple[Any, ...]:
    """Name and numbers for people, and what tells data apart whatever its name."""
    test, train = data["test"], data["train"]
    shown = f"{test['examples']:,} examples of {test['name']}, fitted on {train['examples']:,}"
    return (shown, train.get("fingerprint"), test["fingerprint"]) if test.get("fingerprint") else (shown,)


def _entries(groups: Sequence[Sequence[_Run]], probes: Sequence[str]) -> list[Entry]:
    settled = [group[0].settled for group in groups]
    names = {name for one in settled for name in one}
    varied = {name for name in names if len({one.get(name) for one in settled}) > 1 and name != "method"}
    methods = [method_name(group[0].about) for group in groups]
    entries = []
    for group, method, own in zip(groups, methods, settled, strict=True):
        differs = {name: own[name] for name in sorted(varied) if name in own}
        kin = [one for one, other in zip(settled, methods, strict=True) if other == method]
        told = [f"{name} {own[name]}" for name in differs if len({one.get(name) for one in kin}) > 1]
        entries.append(_entry(group, f"{method}{', ' if told else ''}{', '.join(told)}", differs, probes))
    return entries


def _entry(group: Sequence[_Run], name: str, differs: Mapping[str, str], probes: Sequence[str]) -> Entry:
    first = group[0]
    return Entry(
        name=name,
        runs=tuple(run.path for run in group),
        seeds=tuple(int(run.about["seed"]) for run in group),
        differs=differs,
        readings={probe: _reading([run.found[probe] for run in group]) for probe in probes},
        examples=int(first.about["settings"]["batch_size"]) * int(first.about["settings"]["steps"]),
        seconds=statistics.fmean(float(run.last.get("seconds", 0.0)) for run in group),
        guard=tuple(state for run in group if (state := _state(run.records)) is not None),
    )


def _reading(scores: Sequence[Mapping[str, Any]]) -> Reading:
    values = [float(score["accuracy"]) for score in scores]
    if len(values) > 1:
        return Reading(statistics.fmean(values), min(values), max(values))
    low, high = scores[0].get("interval", (values[0], values[0]))
    return Reading(values[0], float(low), float(high))


def _state(records: Sequence[Mapping[str, Any]]) -> str | None:
    return next((record["guard"] for record in reversed(records) if record.get("guard") not in (None, "early")), None)


def _baselines(runs: Sequence[_Run], probes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Of what is the same for all, and of untrained networks, where they are."""
    found: dict[str, dict[str, float]] = {}
    for role in ("raw", "bm25", "chance", "untrained"):
        each = [readings(run.scores.get("baselines", {}).get(role, {})) for run in runs]
        same = {
            probe: float(each[0][probe]["accuracy"])
            for probe in probes
            if all(probe in one for one in each) and len({one[probe]["accuracy"] for one in each}) == 1
        }
        if same:
            found[role] = same
    return found
