"""A comparison as a page."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nearfar.records import MetricsLog, RunFolder, read_json
from nearfar.report.compare import Comparison
from nearfar.report.curves import smoothed
from nearfar.report.headline import TITLES, axis
from nearfar.report.layout import write_page
from nearfar.report.words import baseline_titles

__all__ = ["write_comparison"]

COLOURS = 10
WIDTH, HEIGHT = 400.0, 170.0
MOST_POINTS = 200

Record = Mapping[str, Any]


class _Panel(NamedTuple):
    """Curves of one quantity, one a run, over the part of the run that is done.

    Attributes:
        title: what is shown.
        note: how to read it.
        lines: the colour and the points of each run, in the units of the drawing.
        ticks: places on the vertical axis, and their labels.
    """

    title: str
    note: str
    lines: tuple[tuple[int, str], ...]
    ticks: tuple[tuple[float, str], ...]


def write_comparison(comparison: Comparison, path: Path) -> Path:
    """The page of a comparison: one file that opens offline and asks for nothing.

    Args:
        comparison: of runs whose folders are still there.
        path: where to write it.

    Returns:
        The path.
    """
    about = read_json(RunFolder(comparison.entries[0].runs[0]).run)
    roles = baseline_titles(about.get("modality", "image"))
    context = {
        "comparison": comparison,
        "titles": {probe: TITLES.get(probe, probe.capitalize()) for probe in comparison.probes},
        "roles": roles,
        "rows": [_rows(comparison, probe, roles) for probe in comparison.probes],
        "panels": _panels(comparison),
        "differing": sorted({name for entry in comparison.entries for name in entry.differs}),
    }
    return write_page("compare.html.jinja", context, path)


def _rows(comparison: Comparison, probe: str, roles: Mapping[str, str]) -> dict[str, Any]:
    """One probe's accuracies on an axis of their own."""
    others = {role: scores[probe] for role, scores in comparison.baselines.items() if probe in scores}
    values = [value for entry in comparison.entries for value in vars(entry.readings[probe]).values()]
    values += others.values()
    low, high, step = axis(values)

    def place(value: float) -> float:
        return round(100 * max(0.0, value - low) / (high - low), 2)

    marks = [
        (entry.name, reading.mean, reading, place(reading.mean), place(reading.low), place(reading.high), number)
        for number, entry in enumerate(comparison.entries)
        for reading in [entry.readings[probe]]
    ]
    ticks = [low + step * index for index in range(round((high - low) / step) + 1)]
    return {
        "probe": probe,
        "unit": "\N{MULTIPLICATION SIGN} 100" if probe in ("sts", "passages") else "Accuracy",
        "marks": marks,
        "baselines": [(roles[role], value, place(value)) for role, value in others.items()],
        "ticks": [(place(tick), f"{100 * tick:.0f}") for tick in ticks],
    }


def _panels(comparison: Comparison) -> list[_Panel]:
    logs = [
        (number % COLOURS, MetricsLog.read(RunFolder(run).metrics))
        for number, entry in enumerate(comparison.entries)
        for run in entry.runs
        if RunFolder(run).metrics.exists()
    ]
    wanted: tuple[tuple[str, str, Callable[[Record], float | None]], ...] = (
        (
            "Loss, from chance to its floor",
            "0 % is the loss when all similarities are equal, 100 % that of perfect views.",
            _way,
        ),
        ("Effective rank", "How many directions the representation uses.", lambda record: record.get("effective_rank")),
        ("Embedding spread", "0 % where all embeddings are one.", lambda record: _times(record, "embedding_spread")),
        ("k-NN accuracy", "Of the validation data, while training.", lambda record: _times(record, "knn_accuracy")),
    )
    return [panel for title, note, value in wanted if (panel := _panel(title, note, value, logs)) is not None]


def _way(record: Record) -> float | None:
    """How far the loss has come from chance to its floor, in percent."""
    loss, chance, floor = (record.get(name) for name in ("loss", "chance", "floor"))
    if loss is None or chance is None or floor is None or chance <= floor:
        return None
    return 100 * float(chance - loss) / float(chance - floor)


def _times(record: Record, name: str) -> float | None:
    value = record.get(name)
    return None if value is None else 100 * float(value)


def _panel(
    title: str, note: str, value: Callable[[Record], float | None], logs: Sequence[tuple[int, Sequence[Record]]]
) -> _Panel | None:
    curves = []
    for colour, records in logs:
        points = [(record["step"], found) for record in records if (found := value(record)) is not None]
        if len(points) > 1:
            steps, values = (np.array(axis, dtype=float) for axis in zip(*points, strict=True))
            rows = np.unique(np.linspace(0, len(steps) - 1, MOST_POINTS).astype(int))
            curves.append((colour, steps[rows] / steps[-1], smoothed(values)[rows]))
    if not curves:
        return None
    low = min(0.0, *(float(values.min()) for _, _, values in curves))
    high = max(float(values.max()) for _, _, values in curves) or 1.0

    def down(height: float) -> float:
        return round(HEIGHT * (1 - (height - low) / (high - low)), 1)

    lines = tuple(
        (colour, " ".join(f"{WIDTH * x:.1f},{down(y):.1f}" for x, y in zip(done, values, strict=True)))
        for colour, done, values in curves
    )
    ticks = tuple((down(tick), f"{tick:.3g}") for tick in (0.0, high / 2, high))
    return _Panel(title, note, lines, ticks)
