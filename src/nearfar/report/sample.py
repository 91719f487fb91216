"""What the page shows of the gallery: pictures and texts, and all that is found in the sample of embeddings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nearfar.records import EmbeddingTable, read_json
from nearfar.report.clusters import clusters, together
from nearfar.report.extremes import hardest, typical
from nearfar.report.gallery import read_inside, read_sprite, read_views
from nearfar.report.made import read_made
from nearfar.report.map import map_data, plane, unit_rows
from nearfar.report.neighbours import agreement, nearest, queries
from nearfar.report.retrieval import retrieval
from nearfar.report.texts import sample_texts

__all__ = ["gallery_sections"]

NEIGHBOURS = 6
"""How many neighbours the page shows of an example."""

EMPTY: Mapping[str, Any] = {
    "table": None, "sprite": None, "texts": None, "lines": False, "retrieval": None, "map": None, "queries": [],
    "agreement": None, "clusters": [], "together": None, "hardest": [], "typical": [], "labelled": False,
}  # fmt: skip


def gallery_sections(gallery: Path, *, modality: str = "") -> dict[str, Any]:
    """What the template asks for of the gallery; None or empty where the folder does not hold it.

    Args:
        gallery: the folder.
        modality: of the run.

    Raises:
        DataError: the sample is not a table of embeddings, or does not fit that of its captions.
        RunError: `gallery.json` is damaged, or has not a text for each example, or the sprite has too few tiles.
    """
    about = read_json(gallery / "gallery.json") if (gallery / "gallery.json").exists() else {}
    path = gallery / "sample.parquet"
    table = EmbeddingTable.read(path) if path.exists() else None
    return {
        "source": about.get("source"),
        "views": read_views(gallery, about),
        "inside": read_inside(gallery, about),
        "made": read_made(gallery, about, modality=modality),
        **(EMPTY if table is None or len(table) < 2 else _sample(gallery, about, table)),
    }


def _sample(gallery: Path, about: Mapping[str, Any], table: EmbeddingTable) -> dict[str, Any]:
    units = unit_rows(table.vectors)
    rows, similarities = nearest(units, most=NEIGHBOURS)
    points = plane(units)
    shown = queries(table, rows, similarities)
    groups = clusters(table, units)
    texts = sample_texts(gallery, about, examples=len(table))
    captions = gallery / "sample-text.parquet"
    sprite = read_sprite(gallery, about, examples=len(table))
    return {
        "table": table,
        "sprite": sprite,
        "texts": texts,
        "lines": texts is not None and sprite is None,
        "retrieval": retrieval(table, EmbeddingTable.read(captions)) if captions.exists() else None,
        "map": None if points is None else map_data(table, points, rows, similarities, texts, start=shown[0].row),
        "queries": shown,
        "agreement": agreement(table.labels, rows),
        "clusters": groups,
        "together": together(groups),
        "hardest": hardest(table, about),
        "typical": typical(table, units, groups),
        "labelled": table.labels is not None and bool((table.labels >= 0).any()),
    }
