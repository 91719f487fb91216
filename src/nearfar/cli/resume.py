"""`nearfar resume`."""

from pathlib import Path
from typing import Any

from nearfar.cli.derive import compose, flags_of, outline

__all__ = ["command"]


def _resume(run: Path, **given: Any) -> None:
    from nearfar import api
    from nearfar.cli.pretrain import finish

    done = api.resume(run, **given)
    finish(done.path, given.get("data") or done.record["data"]["path"])


command = compose(_resume, flags_of(outline("nearfar.api", "resume")))
