"""Run folder -> `report.html`: the sections are gathered here and laid out by `templates/page.html.jinja`."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nearfar.records import EmbeddingTable, MetricsLog, RunFolder, read_json
from nearfar.report.curves import excerpt, health, panels, standing
from nearfar.report.facts import glance, method_name, settings
from nearfar.report.gallery import Sprite, read_sprite, read_views
from nearfar.report.headline import headline
from nearfar.report.layout import write_page
from nearfar.report.map import map_data, plane, unit_rows
from nearfar.report.neighbours import agreement, nearest, queries

__all__ = ["write_report"]

NEIGHBOURS = 6
"""How many neighbours the page shows of an example."""

SCRIPTS = ("curves.js", "map.js", "page.js")


def write_report(run: Path) -> Path:
    """The page of one run: a single file that opens offline and asks for nothing.

    It shows what the guard says, the scores beside both baselines, the curves, what the network saw, a map of
    embeddings, nearest neighbours, and how the run was made. What the folder does not hold yet is left out, with the
    command that fills it. The same folder gives the same page.

    Args:
        run: the run's folder; of its files, only `run.json` must be there.

    Returns:
        Where the page is: `report.html` in the folder.

    Raises:
        RunError: the folder holds no run, or one of its files is damaged or newer than this nearfar.
        DataError: the gallery's sample is not a table of embeddings.
    """
    folder = RunFolder(Path(run))
    return write_page("page.html.jinja", _context(folder), folder.report, scripts=SCRIPTS)


def _context(folder: RunFolder) -> dict[str, Any]:
    """All that the template asks for, section by section; None for a section that has nothing to show."""
    about = read_json(folder.run)
    scores = headline(read_json(folder.scores), modality=about.get("modality", "")) if folder.scores.exists() else None
    records = MetricsLog.read(folder.metrics) if folder.metrics.exists() else []
    curves = panels(records)
    sample = _sample(folder)
    return {
        "run": {"name": folder.path.resolve().name, "command": None, "data": {}} | about,
        "method": method_name(about),
        "facts": glance(about, records[-1] if records else {}),
        "settings": settings(about),
        "fill": _fill(folder, about),
        "health": health(records),
        "headline": scores,
        "curves": {"standing": standing(records), "table": excerpt(records)} if curves else None,
        **sample,
        "data": {"curves": curves, "map": sample["map"], "thumbs": _thumbs(sample["sprite"])},
    }


def _sample(folder: RunFolder) -> dict[str, Any]:
    """What the gallery gives: views, sprite, table, map, queries."""
    about = read_json(folder.gallery / "gallery.json") if (folder.gallery / "gallery.json").exists() else {}
    empty: dict[str, Any] = {"table": None, "sprite": None, "map": None, "queries": [], "agreement": None}
    gallery = {"source": about.get("source"), "views": read_views(folder.gallery, about)}
    path = folder.gallery / "sample.parquet"
    if not path.exists():
        return gallery | empty
    table = EmbeddingTable.read(path)
    if len(table) < 2:
        return gallery | empty
    units = unit_rows(table.vectors)
    rows, similarities = nearest(units, most=NEIGHBOURS)
    points = plane(units)
    shown = queries(table, rows, similarities)
    return gallery | {
        "table": table,
        "sprite": read_sprite(folder.gallery, about, examples=len(table)),
        "map": None if points is None else map_data(table, points, rows, similarities, start=shown[0].row),
        "queries": shown,
        "agreement": agreement(table.labels, rows),
    }


def _thumbs(sprite: Sprite | None) -> dict[str, int] | None:
    return None if sprite is None else {"tile": sprite.tile, "columns": sprite.columns}


def _fill(folder: RunFolder, about: Mapping[str, Any]) -> dict[str, str]:
    """The command that fills each section."""
    run = shlex.quote(str(folder.path))
    data = shlex.quote(str((about.get("data") or {}).get("name") or "DATA"))
    return {
        "resume": f"nearfar resume {run}",
        "evaluate": f"nearfar evaluate {run} {data}",
    }
