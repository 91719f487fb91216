"""Metrics as panels: what the page's curves show, and where the loss stands in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["HEALTH", "excerpt", "health", "panels", "smoothed", "standing"]

MOST_POINTS = 1200
"""Records a curve shows; of a longer log each stretch keeps its lowest and highest value."""

TITLES = {
    "loss": ("Loss", "number"),
    "effective_rank": ("Effective rank", "number"),
    "embedding_spread": ("Embedding spread", "percent"),
    "projection_rank": ("Projection rank", "number"),
    "projection_spread": ("Projection spread", "percent"),
    "knn_accuracy": ("k-NN accuracy", "percent"),
    "learning_rate": ("Learning rate", "number"),
    "examples_per_second": ("Examples per second", "number"),
}
NO_CURVE = {"step", "epoch", "seconds", "seconds_left", "floor", "chance"}
HEALTH = {"effective_rank": 1, "embedding_spread": 0, "projection_rank": 1, "projection_spread": 0}
"""What each diagnostic is when all embeddings are one."""

Record = Mapping[str, Any]


def panels(records: Sequence[Record]) -> list[dict[str, Any]]:
    """One panel for each quantity of the log: the loss first, then the known, then what the method logs.

    Returns:
        Panels of `key`, `title`, `format`, `step`, `epoch`, `raw` and, where it differs, `smooth`; the loss's panel and
        those of health also have `references`, each of `name` and values.
    """
    logged = {key for record in records for key in record} - NO_CURVE
    order = [key for key in TITLES if key in logged] + sorted(logged - TITLES.keys())
    return [panel for key in order if (panel := _panel(records, key))]


def _panel(records: Sequence[Record], key: str) -> dict[str, Any] | None:
    kept = [record for record in records if isinstance(record.get(key), int | float)]
    if not kept:
        return None
    values = np.array([record[key] for record in kept], dtype=np.float64)
    smooth = smoothed(values)
    rows = _thinned(values)
    title, form = TITLES.get(key, (key.replace("_", " ").capitalize(), "number"))
    panel = {
        "key": key,
        "title": title,
        "format": form,
        "step": [kept[row]["step"] for row in rows],
        "epoch": [kept[row].get("epoch") for row in rows],
        "raw": _short(values[rows]),
        "smooth": None if key == "learning_rate" else _short(smooth[rows]),
    }
    if key == "loss":
        panel["references"] = [
            {"name": name, "values": [kept[row].get(name) for row in rows]}
            for name in ("chance", "floor")
            if any(record.get(name) is not None for record in kept)
        ]
    if key in HEALTH:
        panel["references"] = [{"name": "collapsed", "values": [HEALTH[key]] * len(rows)}]
    return panel


def smoothed(values: np.ndarray) -> np.ndarray:
    """The centred moving mean over a fortieth of the log; at the ends the window is cut, so that nothing lags."""
    half = len(values) // 80
    sums = np.concatenate(([0.0], np.cumsum(values)))
    rows = np.arange(len(values))
    start, stop = np.maximum(rows - half, 0), np.minimum(rows + half + 1, len(values))
    return (sums[stop] - sums[start]) / (stop - start)


def _thinned(values: np.ndarray) -> np.ndarray:
    """Rows to draw: all, or the lowest and highest of each stretch, so that no spike is lost; first and last always."""
    if len(values) <= MOST_POINTS:
        return np.arange(len(values))
    stretches = np.array_split(np.arange(len(values)), MOST_POINTS // 2)
    ends = [rows[pick(values[rows])] for rows in stretches for pick in (np.argmin, np.argmax)]
    return np.unique([0, *ends, len(values) - 1])


def _short(values: np.ndarray) -> list[float]:
    """Five digits are more than a screen shows."""
    return [float(f"{value:.5g}") for value in values]


def health(records: Sequence[Record]) -> tuple[str, str] | None:
    """What the guard said last, as its state and its sentence; None where it could not say anything."""
    state, sentence = (_last(records, key) for key in ("guard", "guard_says"))
    return None if state in (None, "early") else (state, sentence)


def standing(records: Sequence[Record]) -> str:
    """Where the loss stands between chance and its floor, in one or two sentences."""
    values = np.array([record["loss"] for record in records if isinstance(record.get("loss"), int | float)])
    if not len(values):
        return ""
    first, last = values[0], smoothed(values)[-1]
    went = "fell" if last < first else "rose"
    text = f"The loss {went} from {first:.2f} to {last:.2f}."
    floor, chance = (_last(records, key) for key in ("floor", "chance"))
    if chance is None:
        return text
    if last >= chance:
        return f"{text} Chance is {chance:.2f}: the loss is not below what equal similarities give."
    if floor is None or floor >= chance:
        return f"{text} Chance is {chance:.2f}."
    share = 100 * (chance - last) / (chance - floor)
    return (
        f"{text} Chance is {chance:.2f} and perfect views would give {floor:.2f}: "
        f"it has come {min(share, 100):.0f}\N{NO-BREAK SPACE}% of the way from chance to the floor."
    )


def _last(records: Sequence[Record], key: str) -> Any:
    return next((record[key] for record in reversed(records) if record.get(key) is not None), None)


def excerpt(records: Sequence[Record], *, rows: int = 12) -> tuple[list[str], list[list[str]]]:
    """A table of evenly spaced records for those who would rather read than look.

    Returns:
        The columns' names, and the cells as text; a column that is empty in all rows is left out.
    """
    picked = [records[row] for row in np.unique(np.linspace(0, len(records) - 1, rows).round().astype(int))]
    known = ("step", "epoch", "seconds", "loss", "floor", "chance", *(key for key in TITLES if key != "loss"))
    columns = [key for key in known if any(record.get(key) is not None for record in picked)]
    return columns, [[_cell(key, record.get(key)) for key in columns] for record in picked]


def _cell(key: str, value: float | int | None) -> str:
    if value is None:
        return "\N{EN DASH}"
    return f"{value:,}" if key == "step" else f"{value:.4g}"
