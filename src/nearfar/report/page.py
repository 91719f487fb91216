"""Run folder -> `report.html`: the sections are gathered here and laid out by `templates/page.html.jinja`."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nearfar.records import MetricsLog, RunFolder, read_json
from nearfar.report.confusion import confusion
from nearfar.report.curves import HEALTH, excerpt, health, panels, standing
from nearfar.report.facts import glance, method_name, settings
from nearfar.report.gallery import Sprite
from nearfar.report.headline import headline
from nearfar.report.health import course, stretches
from nearfar.report.layers import layers
from nearfar.report.layout import write_page
from nearfar.report.sample import gallery_sections
from nearfar.report.unlabelled import unlabelled
from nearfar.report.words import many, one

__all__ = ["write_report"]

SCRIPTS = ("curves.js", "map.js", "page.js")
STYLES = ("page.css", "sections.css", "texts.css", "made.css")


def write_report(run: Path) -> Path:
    """The page of one run: a single file that opens offline and asks for nothing.

    It shows what the guard says, the scores beside both baselines, the curves and the run's health, what the network
    saw and what it makes of pictures, a map of embeddings, nearest neighbours, clusters, the hardest and the most
    typical examples, the layers, what is confused with what, what is inside the network, and how the run was made. What
    the folder does not hold yet is left out, with the command that fills it. The same folder gives the same page.

    Args:
        run: the run's folder; of its files, only `run.json` must be there.

    Returns:
        Where the page is: `report.html` in the folder.

    Raises:
        RunError: the folder holds no run, or one of its files is damaged or newer than this nearfar.
        DataError: the gallery's sample is not a table of embeddings.
    """
    folder = RunFolder(Path(run))
    return write_page("page.html.jinja", _context(folder), folder.report, scripts=SCRIPTS, styles=STYLES)


def _context(folder: RunFolder) -> dict[str, Any]:
    """All that the template asks for, section by section; None or empty for a section that has nothing to show."""
    about = read_json(folder.run)
    records = MetricsLog.read(folder.metrics) if folder.metrics.exists() else []
    trained, data = _training(records)
    sample = gallery_sections(folder.gallery, modality=about.get("modality", ""))
    return {
        "run": {"name": folder.path.resolve().name, "command": None, "data": {}, "modality": ""} | about,
        "one": one(about.get("modality", "")),
        "many": many(about.get("modality", "")),
        "method": method_name(about),
        "facts": glance(about, records[-1] if records else {}),
        "settings": settings(about),
        "fill": _fill(folder, about),
        **_scores(folder, about),
        **trained,
        **sample,
        "data": {**data, "map": sample["map"], "thumbs": _thumbs(sample["sprite"])},
    }


def _scores(folder: RunFolder, about: Mapping[str, Any]) -> dict[str, Any]:
    """What the judges said."""
    scores = read_json(folder.scores) if folder.scores.exists() else {}
    return {
        "headline": headline(scores, modality=about.get("modality", "")),
        "unlabelled": unlabelled(scores.get("label_free"), modality=about.get("modality", "")),
        "layers": layers(scores.get("layers"), whole=scores.get("scores", {})),
        "confusion": confusion(scores.get("confusion")),
        "classes": _classes(scores),
    }


def _classes(scores: Mapping[str, Any]) -> int:
    """How many classes the linear probe was asked about; 0 where it was not asked."""
    return int(((scores.get("scores", {}).get("linear") or {}).get("settings") or {}).get("classes", 0))


def _training(records: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the log says: for the template, and for the script."""
    curves, said = panels(records), stretches(records)
    parts = {
        "health": health(records),
        "stretches": said,
        "course": course(said),
        "curves": {"standing": standing(records), "table": excerpt(records)} if curves else None,
        "health_curves": any(panel["key"] in HEALTH for panel in curves),
    }
    bands = [{"state": stretch.state, "from": stretch.start, "to": stretch.end} for stretch in said]
    data = {
        "curves": [panel for panel in curves if panel["key"] not in HEALTH],
        "health": [panel | {"bands": bands} for panel in curves if panel["key"] in HEALTH],
    }
    return parts, data


def _thumbs(sprite: Sprite | None) -> dict[str, int] | None:
    return None if sprite is None else {"tile": sprite.tile, "columns": sprite.columns}


def _fill(folder: RunFolder, about: Mapping[str, Any]) -> dict[str, str]:
    """The command that fills each section."""
    run = shlex.quote(str(folder.path))
    data = shlex.quote(str((about.get("data") or {}).get("name") or "DATA"))
    evaluate = f"nearfar evaluate {run} {data}"
    return {"resume": f"nearfar resume {run}", "evaluate": evaluate, "layers": f"{evaluate} --layers"}
