"""`nearfar export`."""

from pathlib import Path
from typing import Any

from nearfar.cli.derive import JSON, compose, flags_of, outline
from nearfar.cli.output import show, show_json

__all__ = ["command"]


def _export(run: Path, *, json: bool = False, **given: Any) -> None:
    from nearfar import api

    made = api.export(run, **given)
    if json:
        show_json(made.as_dict())
        return
    show(f"{made.path}: {', '.join(made.files)}" if made.path.is_dir() else f"{made.path}")
    show(f"Load it in Python by:  {made.load}")


command = compose(_export, flags_of(outline("nearfar.api", "export")) | JSON)
