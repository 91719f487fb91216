"""`nearfar predict`."""

from collections import Counter
from pathlib import Path
from typing import Any

from nearfar.cli.derive import compose, flags_of, outline
from nearfar.cli.output import show
from nearfar.cli.place import check_place, out_flag

__all__ = ["command", "is_predictions"]

SHOWN = 5
"""The classes that were predicted most often stand for all of them."""


def _predict(run: Path, data: Path, *, out: Path, **given: Any) -> None:
    check_place("predict", out, kind="file of predictions", is_older=is_predictions, example="predictions.csv")
    from nearfar import api

    found = api.predict(run, data, **given)
    found.write(out)
    counts = Counter(found.labels).most_common()
    rest = f" and {len(counts) - SHOWN} more classes" if len(counts) > SHOWN else ""
    named = ", ".join(f"{number:,} {label}" for label, number in counts[:SHOWN])
    show(f"{out}: {len(found):,} predictions: {named}{rest}.")


def is_predictions(path: Path) -> bool:
    """Whether a file holds predictions."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(20) == b"id,label,probability"


OUT = out_flag("the CSV file to write, e.g. predictions.csv")
command = compose(_predict, flags_of(outline("nearfar.api", "predict")) | {"out": OUT})
