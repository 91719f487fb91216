"""Where words go: results to stdout, everything else to stderr, and both from rank 0 alone."""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

__all__ = ["duration", "is_first", "listing", "say", "show", "show_json"]


def is_first() -> bool:
    """Whether this process is rank 0, as launchers tell their processes."""
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", "LOCAL_RANK"))


def say(words: RenderableType = "", *, every_rank: bool = False) -> None:
    """Tells a person something, on stderr.

    Args:
        words: a string is printed as it is; a `Text` is prose, which a terminal breaks between words.
        every_rank: whether other ranks than 0 say it too.
    """
    if every_rank or is_first():
        _print(words, Console(stderr=True, highlight=False))


def show(result: RenderableType = "") -> None:
    """Prints a result, on stdout.

    Args:
        result: a string or a `Text`, as for `say`, or a table.
    """
    if is_first():
        _print(result, Console(highlight=False))


def _print(words: RenderableType, console: Console) -> None:
    exact = isinstance(words, str) or (isinstance(words, Text) and not console.is_terminal)
    console.print(words, markup=False, soft_wrap=exact)


def show_json(result: Mapping[str, Any]) -> None:
    """Prints a result as one JSON object, on stdout."""
    if is_first():
        sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def duration(seconds: float) -> str:
    """Seconds as people say them: 45 s, 3 min 20 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def listing(commands: Mapping[str, str]) -> str:
    """Commands to type next, one a line, with what each is for beside it."""
    width = max(len(command) for command in commands)
    return "\n".join(f"  {command:{width}}   {purpose}" for command, purpose in commands.items())
