"""`nearfar methods`."""

from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from nearfar.cli.derive import JSON, compose
from nearfar.cli.output import show, show_json
from nearfar.methods import METHODS, Method
from nearfar.recipes import measured

__all__ = ["command"]


def _methods(*, json: bool = False) -> None:
    if json:
        show_json({"methods": {name: _facts(name, method) for name, method in METHODS.items()}})
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, method in METHODS.items():
        source = f"{method.paper}; learns from {', '.join(method.modalities)}"
        scored = measured(name)
        said = source, f"Landmarks: {method.landmarks()}", f"Measured: {scored or 'not yet.'}"
        table.add_row(name, Text.assemble(method.summary, *(("\n" + line, "dim") for line in said)))
    show(table)
    show()
    show("All flags of a method: nearfar pretrain METHOD --help")


def _facts(name: str, method: type[Method]) -> dict[str, Any]:
    scored = measured(name)
    return {
        "paper": method.paper,
        "modalities": list(method.modalities),
        "summary": method.summary,
        "landmarks": method.landmarks(),
        "measured": None if scored is None else asdict(scored),
    }


command = compose(_methods, JSON)
