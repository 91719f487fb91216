"""`nearfar compare`."""

import inspect
from dataclasses import replace
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from nearfar.cli.derive import JSON, compose, flags_of, outline
from nearfar.cli.output import duration, show, show_json
from nearfar.cli.place import check_place
from nearfar.cli.scores import row, short, unit
from nearfar.report import Comparison, Entry

__all__ = ["command", "is_page"]

SPREAD = "Behind ±: half of the range over the seeds or, of one seed, of the 95 % interval."


def _compare(runs: list[Path], *, out: Path | None = None, json: bool = False) -> None:
    if out is not None:
        check_place("compare", out, kind="page", is_older=is_page, example="compare.html")
    from nearfar import api

    found = api.compare(runs, out=out)
    if json:
        show_json(found.as_dict())
        return
    show(_table(found))
    show(Text(f"{found.verdict} {SPREAD}"))
    if out is not None:
        show(f"The page is {out}.")


def _table(found: Comparison) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(unit(found.probes), header_style="dim")
    for probe in found.probes:
        table.add_column(short(probe), header_style="bold")
    for title in ("seeds", "examples", "time", "guard"):
        table.add_column(title, header_style="dim")
    for role, scores in found.baselines.items():
        name = row(role, found.data.get("modality"))
        table.add_row(name, *(f"{100 * scores[probe]:.1f}" if probe in scores else "" for probe in found.probes))
    for place, entry in enumerate(found.entries):
        table.add_row(*_cells(entry, found, "bold" if place == 0 else ""))
    return table


def _cells(entry: Entry, found: Comparison, style: str) -> list[Text]:
    cells = [Text(entry.name, style)]
    for probe in found.probes:
        reading = entry.readings[probe]
        half = 50 * (reading.high - reading.low)
        cells.append(Text.assemble((f"{100 * reading.mean:.1f}", style), (f" ± {half:.1f}", "dim")))
    more = (f"{len(entry.seeds)}", f"{entry.examples:,}", duration(entry.seconds), ", ".join(entry.guard))
    return [*cells, *map(Text, more)]


def is_page(path: Path) -> bool:
    """Whether a file is a page that nearfar wrote."""
    return path.is_file() and b'content="nearfar"' in path.read_bytes()[:2000]


FLAGS = flags_of(outline("nearfar.api", "compare"))
RUNS = replace(
    FLAGS["runs"],
    parameter=inspect.Parameter("runs", inspect.Parameter.POSITIONAL_OR_KEYWORD),
    hint=list[Path],
)
command = compose(_compare, FLAGS | {"runs": RUNS} | JSON)
