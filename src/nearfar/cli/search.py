"""`nearfar search`."""

import inspect
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from nearfar.cli.derive import JSON, compose, flags_of, outline
from nearfar.cli.output import show, show_json

__all__ = ["command"]


def _search(table: Path, queries: list[str], *, json: bool = False, **given: Any) -> None:
    from nearfar import api

    found = [each.as_dict() for each in api.search(table, queries, **given)]
    if json:
        show_json({"table": str(table), "queries": found})
        return
    for each in found:
        show(_near(each))


def _near(found: Mapping[str, Any]) -> Table:
    """A query and what is near it, nearest first."""
    neighbours = found["neighbours"]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("cosine", header_style="dim", justify="right")
    has_texts = any("text" in each for each in neighbours)
    asked = ": ".join(found[name] for name in ("query", "text") if name in found)
    table.add_column(Text(f"like {asked}"), header_style="bold", overflow="fold")
    is_labelled = any(each["label"] is not None for each in neighbours)
    if is_labelled:
        table.add_column("class", header_style="dim", overflow="fold")
    if has_texts:
        table.add_column("id", header_style="dim", overflow="fold")
    for each in neighbours:
        shown = [Text(each["text"])] if has_texts else [Text(each["id"])]
        cells = [*shown, *([Text(each["label"] or "")] if is_labelled else [])]
        cells += [Text(each["id"], "dim")] if has_texts else []
        table.add_row(f"{each['similarity']:.3f}", *cells)
    return table


FLAGS = flags_of(outline("nearfar.api", "search"))
TABLE = replace(FLAGS["table"], hint=Path)
QUERIES = replace(
    FLAGS["queries"],
    parameter=inspect.Parameter("queries", inspect.Parameter.POSITIONAL_OR_KEYWORD),
    hint=list[str],
)
command = compose(_search, FLAGS | {"table": TABLE, "queries": QUERIES} | JSON)
