"""`nearfar sweep`: one command per method; the flags of `nearfar pretrain METHOD` take several values."""

import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import GenericAlias
from typing import Any

from cyclopts import App, Group
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from nearfar.cli.compare import SPREAD
from nearfar.cli.derive import JSON, METAVARS, Flag, compose, flags_of, outline
from nearfar.cli.output import duration, listing, say, show, show_json
from nearfar.cli.pretrain import common_flags, own_flags
from nearfar.cli.scores import short
from nearfar.errors import Interrupted
from nearfar.methods import METHODS, Method
from nearfar.report import LABEL_FREE, Sweep, is_fraction, oriented
from nearfar.report import Group as Combination

__all__ = ["command"]

SHOWN = 20
"""Combinations that the table shows."""
SWEEP = Group("Sweep", sort_key=-1)
SEVERAL = "Settings, whose values are shown with dots, take several, all of which are tried."


def _flags(method: type[Method]) -> dict[str, Flag]:
    """The flags of `nearfar.sweep`, and those of `nearfar pretrain METHOD` with several values."""
    own = flags_of(outline("nearfar.api", "sweep"))
    swept = {name: replace(flag, group=SWEEP) for name, flag in own.items() if name != "method"}
    known = {name: flag for name, flag in (common_flags() | own_flags(method)).items() if name != "out"}
    several = {name: _several(flag) for name, flag in known.items() if name not in own}
    return swept | several | {name: flag for name, flag in known.items() if name in own}


def _several(flag: Flag) -> Flag:
    """A flag that takes values to choose from; what is known of each reads them, from their words."""
    parameter = flag.parameter.replace(default=None)
    metavar = f"{METAVARS.get(flag.hint, METAVARS[str])} ..."
    return replace(flag, parameter=parameter, hint=GenericAlias(list, (str,)), shows_default=False, metavar=metavar)


def _sweeper(name: str, flags: dict[str, Flag]) -> Callable[..., None]:
    settings = [flag for flag, entry in flags.items() if entry.metavar is not None]

    def run(data: Path, *, json: bool = False, **given: Any) -> None:
        from nearfar import api

        grid = {setting: given.pop(setting) for setting in settings if given.get(setting) is not None}
        try:
            found = api.sweep(name, data, grid=grid, **given)
        except Interrupted as stopped:
            say(Text(str(stopped)))
            say(f"Go on with:  {shlex.join(['nearfar', *sys.argv[1:]])}")
            raise SystemExit(128 + stopped.signal) from None
        if json:
            show_json(found.as_dict())
        else:
            _tell(found)
        if not found.done and found.failed:
            raise SystemExit(1)

    return run


def _tell(found: Sweep) -> None:
    if found.done:
        show(_table(found))
    show(Text(found.verdict))
    if found.done and len(found.groups) > 1:
        say(Text(SPREAD))
    if found.reference is not None:
        show(Text(found.choice_verdict))
    for trial in found.failed:
        show(Text(f"Failed: {trial.name}: {trial.said}"))
    show(f"The page is {found.path / 'sweep.html'}.")
    if found.done:
        best = max(found.done, key=lambda trial: oriented(found.by, trial.readings[found.by].mean))
        typed = shlex.quote(str(best.path))
        say("\nNext:")
        say(listing({f"nearfar embed {typed} DATA --out vectors.parquet": "with the encoder that did best"}))


def _table(found: Sweep) -> Table:
    """The combinations, best first."""
    ranked = [found.by, *(score for score in (*found.asked["probes"], next(iter(LABEL_FREE))) if score != found.by)]
    scores = [score for score in ranked if any(score in group.readings for group in found.groups)]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(", ".join(name.replace("_", " ") for name in found.varied) or "settings", header_style="dim")
    for score in scores:
        table.add_column(_title(score), header_style="bold")
    for title in ("seeds", "time"):
        table.add_column(title, header_style="dim")
    for place, group in enumerate(found.groups[:SHOWN]):
        table.add_row(*_cells(group, scores, "bold" if place == 0 else ""))
    if len(found.groups) > SHOWN:
        table.add_row(Text(f"and {len(found.groups) - SHOWN} more", "dim"))
    return table


def _title(score: str) -> str:
    if score in LABEL_FREE:
        return LABEL_FREE[score].title
    return f"{short(score)} in %"


def _cells(group: Combination, scores: list[str], style: str) -> list[Text]:
    cells = [Text(group.name, style)]
    for score in scores:
        reading = group.readings.get(score)
        if reading is None:
            cells.append(Text(""))
            continue
        scale, digits = (100, 1) if is_fraction(score) else (1, 2)
        half = scale * (reading.high - reading.low) / 2
        spread = Text(f" ± {half:.{digits}f}", "dim") if half else Text("")
        cells.append(Text.assemble((f"{scale * reading.mean:.{digits}f}", style), spread))
    seconds = sum(trial.seconds for trial in group.trials) / len(group.trials)
    return [*cells, Text(f"{len(group.trials)}"), Text(duration(seconds))]


command = App(name="sweep", usage="nearfar sweep METHOD DATA [OPTIONS]", group_commands=Group("Methods"))
"""The methods as commands."""

for _name, _method in METHODS.items():
    _known = _flags(_method)
    _summary = f"{_method.summary[0].upper()}{_method.summary[1:]}. {_method.paper}. {SEVERAL}"
    command.command(compose(_sweeper(_name, _known), _known | JSON), name=_name, help=_summary)
