"""`nearfar methods`."""

from rich.table import Table
from rich.text import Text

from nearfar.cli.derive import JSON, compose
from nearfar.cli.output import show, show_json
from nearfar.methods import METHODS

__all__ = ["command"]


def _methods(*, json: bool = False) -> None:
    if json:
        facts = {
            name: {"paper": method.paper, "modalities": list(method.modalities), "summary": method.summary}
            for name, method in METHODS.items()
        }
        show_json({"methods": facts})
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, method in METHODS.items():
        source = f"{method.paper}; learns from {', '.join(method.modalities)}"
        table.add_row(name, Text.assemble(method.summary, ("\n" + source, "dim")))
    show(table)
    show()
    show("All flags of a method: nearfar pretrain METHOD --help")


command = compose(_methods, JSON)
