"""How help looks: a bold title, names in one column, meanings in the other, no frames."""

from typing import Any

from cyclopts.help import HelpEntry, HelpPanel
from rich.console import Console, ConsoleOptions
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

__all__ = ["CalmHelp"]

NAMES_WIDTH = 26


class CalmHelp:
    """Prints the parts of a help page, as cyclopts wants it."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Prints one group of commands or flags.

        Args:
            console: where to.
            options: of the console; the page needs none.
            panel: the group.
        """
        if not panel.entries:
            return
        console.print(panel.title, style="bold", highlight=False)
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(style="cyan", no_wrap=True, min_width=NAMES_WIDTH)
        table.add_column()
        for entry in panel.entries:
            table.add_row(Text(_names(entry)), _meaning(entry))
        console.print(Padding(table, (0, 0, 1, 2)), highlight=False)

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:
        """Prints how the command is typed."""
        if usage:
            console.print(Text.assemble(("Usage: ", "bold"), str(usage)), highlight=False)

    def render_description(self, console: Console, options: ConsoleOptions, description: Any) -> None:
        """Prints what the command does."""
        if description:
            console.print(description, highlight=False)


def _names(entry: HelpEntry) -> str:
    if entry.positional_label:
        return entry.positional_label
    names = [*entry.positive_shorts, *entry.positive_names]
    if entry.negative_names:
        names = [name.replace("--", "--[no-]", 1) for name in names]
    return ", ".join(names) + (f" {entry.metavar}" if entry.metavar else "")


def _meaning(entry: HelpEntry) -> Text:
    meaning = Text(str(getattr(entry.description, "primary_renderable", entry.description) or "").rstrip())
    if entry.default is not None:
        meaning.append(f" [{entry.default}]", style="dim")
    return meaning
