"""`nearfar transfer`."""

import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.text import Text

from nearfar.cli.derive import JSON, compose, flags_of, outline
from nearfar.cli.output import show, show_json
from nearfar.cli.scores import transfer_table

__all__ = ["command"]

BASIS = "Probes were fitted and scored on each data set by itself. Behind ±: half of the 95 % interval."


def _transfer(run: Path, datasets: list[Path], *, json: bool = False, **given: Any) -> None:
    from nearfar import api

    found = [scores.as_dict() for scores in api.transfer(run, datasets, **given)]
    if json:
        show_json({"datasets": found})
        return
    show(transfer_table(found))
    show(Text(BASIS))


FLAGS = flags_of(outline("nearfar.api", "transfer"))
DATASETS = replace(
    FLAGS["datasets"],
    parameter=inspect.Parameter("datasets", inspect.Parameter.POSITIONAL_OR_KEYWORD),
    hint=list[Path],
)
command = compose(_transfer, FLAGS | {"datasets": DATASETS} | JSON)
