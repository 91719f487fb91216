"""`nearfar generate`."""

from pathlib import Path
from typing import Any

from nearfar.cli.derive import compose, flags_of, outline
from nearfar.cli.output import show

__all__ = ["command"]


def _generate(run: Path, prompt: str, **given: Any) -> None:
    from nearfar import api

    show(api.generate(run, prompt, **given))


command = compose(_generate, flags_of(outline("nearfar.api", "generate")))
