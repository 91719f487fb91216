"""A sweep as a page: the ranking, what each setting did, how well scores without labels chose, and every trial."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nearfar.records import RunFolder, SweepFolder, read_json
from nearfar.report.choosing import Choice
from nearfar.report.effects import Scale, effects
from nearfar.report.facts import method_name
from nearfar.report.layout import write_page
from nearfar.report.scores import LABEL_FREE, is_fraction, score_text, score_title
from nearfar.report.swept import Sweep
from nearfar.report.trials import Trial, value_text
from nearfar.report.words import baseline_titles

__all__ = ["write_sweep"]

RANKED = 12
"""Combinations that the ranking shows; the others are in the table of trials."""
PANEL = 300.0, 150.0


class _Panel(NamedTuple):
    """Trials by a score without labels, across, and by the reference, up."""

    title: str
    note: str
    points: tuple[tuple[float, float, str], ...]
    across: tuple[tuple[float, str], ...]
    up: tuple[tuple[float, str], ...]


def write_sweep(sweep: Sweep) -> Path:
    """The page of a sweep: one file that opens offline and asks for nothing.

    Args:
        sweep: what `read_sweep` gave.

    Returns:
        Where the page is: `sweep.html` in the folder.
    """
    method, baselines = _about(sweep)
    best = sweep.groups[0] if sweep.groups else None
    context = {
        "sweep": sweep,
        "method": method,
        "by": score_title(sweep.by),
        "ranked_by_fraction": is_fraction(sweep.by),
        "reference": None if sweep.reference is None else score_title(sweep.reference),
        "facts": _facts(sweep),
        "best": best,
        "ranking": _ranking(sweep, baselines) if best else None,
        "effects": effects(sweep),
        "choices": [_choice(sweep, choice) for choice in sweep.choices],
        "panels": _panels(sweep),
        "head": _head(sweep),
        "rows": [_row(sweep, trial) for trial in _ranked(sweep)],
        "failed": [(trial.name, sweep.words(trial.settings), trial.said) for trial in sweep.failed],
        "asked": _asked(sweep),
    }
    return write_page(
        "sweep.html.jinja",
        context,
        SweepFolder(sweep.path).page,
        scripts=("sweep.js",),
        styles=("page.css", "sweep.css"),
    )


def _about(sweep: Sweep) -> tuple[str, dict[str, float]]:
    """The method as its paper writes it, and what raw input and the untrained network score by what ranks."""
    name, titles = str(sweep.asked["method"]), baseline_titles("image")
    baselines: dict[str, float] = {}
    for trial in sweep.trials:
        files = RunFolder(trial.path)
        if files.run.exists():
            about = read_json(files.run)
            name, titles = method_name(about), baseline_titles(about.get("modality", "image"))
        if files.scores.exists():
            known = read_json(files.scores).get("baselines", {})
            baselines = {
                titles[role]: float(scores[sweep.by]["accuracy"])
                for role, scores in known.items()
                if sweep.by in scores and role in titles
            }
        if baselines:
            break
    return name, baselines


def _facts(sweep: Sweep) -> list[tuple[str, str, str]]:
    """Name, value and detail of what a reader wants to know first."""
    seeds = sorted({trial.seed for trial in sweep.trials})
    left = len(sweep.trials) - len(sweep.done) - len(sweep.failed)
    rest = [f"{len(sweep.failed)} failed"] * bool(sweep.failed) + [f"{left} not ended"] * (left > 0)
    seconds = sum(trial.seconds for trial in sweep.trials)
    varied = ", ".join(name.replace("_", " ") for name in sweep.varied) or "the seed alone"
    return [
        ("Trials", f"{len(sweep.done)}", ", ".join(rest) or "all done"),
        ("Varied", varied, f"{sweep.asked['sampler']} over {len(sweep.groups)} combinations"),
        ("Seeds", f"{len(seeds)}", ", ".join(map(str, seeds[:8]))),
        ("Data", str(sweep.asked["name"]), f"{sweep.asked['examples']:,} examples"),
        ("Ranked by", score_title(sweep.by), "needs labels" if is_fraction(sweep.by) else "needs no labels"),
        ("Training", f"{seconds / 60:.1f} min", "of all trials together"),
    ]


def _ranking(sweep: Sweep, baselines: Mapping[str, float]) -> dict[str, Any]:
    """The best combinations on an axis of their own, with what they have to beat."""
    shown = sweep.groups[:RANKED]
    readings = [group.readings[sweep.by] for group in shown]
    values = [value for reading in readings for value in vars(reading).values()] + [*baselines.values()]
    scale = Scale.of(values, fractions=is_fraction(sweep.by))
    marks = [
        (
            group.name,
            score_text(sweep.by, reading.mean),
            _spread(sweep.by, reading),
            *map(scale.percent, vars(reading).values()),
        )
        for group, reading in zip(shown, readings, strict=True)
    ]
    return {
        "marks": marks,
        "baselines": [(name, score_text(sweep.by, value), scale.percent(value)) for name, value in baselines.items()],
        "ticks": [(scale.percent(value), label) for value, label in scale.ticks],
        "others": len(sweep.groups) - len(shown),
        "seeds": max(len(group.trials) for group in sweep.groups),
    }


def _spread(score: str, reading: Any) -> str:
    if reading.low == reading.high:
        return ""
    if is_fraction(score):
        return f"{100 * reading.low:.1f} to {100 * reading.high:.1f}"
    return f"{reading.low:.3g} to {reading.high:.3g}"


def _choice(sweep: Sweep, choice: Choice) -> dict[str, Any]:
    best = max(trial.readings[sweep.reference].mean for trial in sweep.done) if sweep.reference else 0.0
    interval = choice.interval
    return {
        "title": LABEL_FREE[choice.score].title,
        "better": LABEL_FREE[choice.score].better,
        "correlation": None
        if choice.correlation is None
        else f"{choice.correlation:.2f}".replace("-", "\N{MINUS SIGN}"),
        "at": None if choice.correlation is None else round(50 * (choice.correlation + 1), 1),
        "reach": None if interval is None else tuple(round(50 * (end + 1), 1) for end in interval),
        "said": ""
        if interval is None
        else " to ".join(f"{end:.2f}".replace("-", "\N{MINUS SIGN}") for end in interval),
        "picked": choice.picked.name,
        "href": _href(sweep, choice.picked),
        "accuracy": choice.accuracy,
        "lost": f"{100 * (best - choice.accuracy):.1f}",
    }


def _panels(sweep: Sweep) -> list[_Panel]:
    """A plot for each score without labels, in the order of their agreement."""
    probe, panels = sweep.reference, []
    for choice in sweep.choices:
        trials = [trial for trial in sweep.done if choice.score in trial.readings and probe in trial.readings]
        own = [trial.readings[choice.score].mean for trial in trials]
        theirs = [trial.readings[str(probe)].mean for trial in trials]
        across, up = Scale.of(own, fractions=False), Scale.of(theirs, fractions=True)
        width, height = PANEL
        panels.append(
            _Panel(
                LABEL_FREE[choice.score].title,
                f"{LABEL_FREE[choice.score].better.capitalize()} is meant to be better.",
                tuple(
                    (across.place(x, width), round(height - up.place(y, height), 1), trial.name)
                    for x, y, trial in zip(own, theirs, trials, strict=True)
                ),
                tuple((across.place(value, width), label) for value, label in across.ticks),
                tuple((round(height - up.place(value, height), 1), label) for value, label in up.ticks),
            )
        )
    return panels


def _ranked(sweep: Sweep) -> list[Trial]:
    """Trials in the order of the ranking; the seeds of a combination together."""
    return [trial for group in sweep.groups for trial in group.trials]


def _scores(sweep: Sweep) -> list[str]:
    known = {score for trial in sweep.done for score in trial.readings}
    return [score for score in (*sweep.asked["probes"], *LABEL_FREE) if score in known]


def _head(sweep: Sweep) -> list[tuple[str, bool]]:
    """The columns of the table of trials, and which of them hold numbers."""
    settings = [(name.replace("_", " "), False) for name in sweep.varied]
    scores = [(f"{score_title(score)}{', %' if is_fraction(score) else ''}", True) for score in _scores(sweep)]
    return [("trial", False), *settings, ("seed", True), *scores, ("minutes", True), ("the guard", False)]


def _row(sweep: Sweep, trial: Trial) -> dict[str, Any]:
    """A trial's cells: what is shown, and what is sorted by."""
    cells = [(value_text(trial.settings.get(name)), _sorted_by(trial.settings.get(name))) for name in sweep.varied]
    cells.append((str(trial.seed), trial.seed))
    for score in _scores(sweep):
        reading = trial.readings.get(score)
        scaled = None if reading is None else reading.mean * (100 if is_fraction(score) else 1)
        text = "" if scaled is None else f"{scaled:.1f}" if is_fraction(score) else f"{scaled:.4g}"
        cells.append((text, scaled))
    cells += [(f"{trial.seconds / 60:.1f}", trial.seconds), (trial.guard or "", trial.guard or "")]
    return {"name": trial.name, "href": _href(sweep, trial), "cells": cells}


def _sorted_by(value: Any) -> Any:
    return value if isinstance(value, int | float) else value_text(value)


def _href(sweep: Sweep, trial: Trial) -> str:
    """The trial's page or, where there is none yet, its folder."""
    folder = trial.path.relative_to(sweep.path).as_posix()
    return f"{folder}/report.html" if RunFolder(trial.path).report.exists() else f"{folder}/"


def _asked(sweep: Sweep) -> list[tuple[str, str]]:
    """What was asked for, as name and value."""
    asked = sweep.asked
    grid = [
        (name.replace("_", " "), value if isinstance(value, str) else "; ".join(map(value_text, value)))
        for name, value in asked["grid"].items()
    ]
    told = {"method": asked["method"], "data": asked["name"], "test": asked["test"], "study": asked["study"]}
    told |= {"sampler": asked["sampler"], "probes": ", ".join(asked["probes"]) or "none, for want of labels"}
    return [*((name, str(value)) for name, value in told.items() if value is not None), *grid]
