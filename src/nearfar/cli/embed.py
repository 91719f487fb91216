"""`nearfar embed`."""

import inspect
import os
import tempfile
from pathlib import Path
from typing import Any

from nearfar.cli.derive import Flag, compose, flags_of, outline
from nearfar.cli.output import show
from nearfar.errors import DataError, complaint
from nearfar.records import EmbeddingTable

__all__ = ["command", "is_table"]


def _embed(run: Path, data: Path, *, out: Path, **given: Any) -> None:
    _check(out)
    from nearfar import api

    table = api.embed(run, data, **given)
    table.write(out)
    named = " and labels" if table.labels is not None else ""
    show(f"{out}: {len(table):,} vectors of width {table.vectors.shape[1]}, with ids{named}.")


def _check(out: Path) -> None:
    """Refuses a place for the table before anything is computed: it may replace an older table and nothing else."""
    if os.path.isdir(out) or not os.path.isdir(out.parent):
        next_step = "Try --out vectors.parquet"
        raise ValueError(complaint("embed", "out", "a file in an existing folder", str(out), next_step))
    if os.path.exists(out) and not is_table(out):
        got, next_step = f"{out}, which holds something else", "Choose another --out"
        raise ValueError(complaint("embed", "out", "a new file, or an older table of embeddings", got, next_step))
    try:
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        got, next_step = f"{out}: {error.strerror}", "Choose another --out"
        raise ValueError(complaint("embed", "out", "in a folder you can write", got, next_step)) from None


def is_table(path: Path) -> bool:
    """Whether a file is a table of embeddings."""
    try:
        EmbeddingTable.read(path)
    except DataError:
        return False
    return True


OUT = Flag(
    parameter=inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY),
    hint=Path,
    help="the parquet file to write, e.g. vectors.parquet",
)

command = compose(_embed, flags_of(outline("nearfar.api", "embed")) | {"out": OUT})
