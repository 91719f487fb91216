"""`nearfar embed`."""

import inspect
import os
from pathlib import Path
from typing import Any

from nearfar.cli.derive import Flag, compose, flags_of, outline
from nearfar.cli.output import show
from nearfar.errors import complaint

__all__ = ["command"]


def _embed(run: Path, data: Path, *, out: Path, **given: Any) -> None:
    _check(out)
    from nearfar import api

    table = api.embed(run, data, **given)
    table.write(out)
    named = " and labels" if table.labels is not None else ""
    show(f"{out}: {len(table):,} vectors of width {table.vectors.shape[1]}, with ids{named}.")


def _check(out: Path) -> None:
    """Refuses a place for the table before anything is computed."""
    if out.is_dir() or not out.parent.is_dir():
        raise ValueError(
            complaint("embed", "out", "a file in an existing folder", str(out), "Try --out vectors.parquet")
        )
    if not os.access(out.parent, os.W_OK):
        raise ValueError(complaint("embed", "out", "in a folder you can write", str(out), "Choose another --out"))


OUT = Flag(
    parameter=inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY),
    hint=Path,
    help="the parquet file to write, e.g. vectors.parquet",
)

command = compose(_embed, flags_of(outline("nearfar.api", "embed")) | {"out": OUT})
