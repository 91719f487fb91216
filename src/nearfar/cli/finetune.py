"""`nearfar finetune`."""

import shlex
from pathlib import Path
from typing import Any

from nearfar.cli.derive import compose, flags_of, outline
from nearfar.cli.output import is_first, listing, say, show
from nearfar.report import write_report

__all__ = ["command"]


def _finetune(run: Path, data: Path, **given: Any) -> None:
    from nearfar import api

    done = api.finetune(run, data, **given)
    if not is_first():
        return
    page = write_report(done.path)
    typed, named = shlex.quote(str(done.path)), shlex.quote(str(data))
    say()
    show(f"The encoder and its classifier are in {done.path}, their page is {page}.")
    say("\nNext:")
    next_steps = {
        f"nearfar predict {typed} DATA --out predictions.csv": "the class of each, and the example it is most like",
        f"nearfar evaluate {typed} {named}": "what is the encoder worth now?",
    }
    say(listing(next_steps))


command = compose(_finetune, flags_of(outline("nearfar.api", "finetune")))
