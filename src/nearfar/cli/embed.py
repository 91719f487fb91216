"""`nearfar embed`."""

from pathlib import Path
from typing import Any

from nearfar.cli.derive import compose, flags_of, outline
from nearfar.cli.output import show
from nearfar.cli.place import check_place, out_flag
from nearfar.errors import DataError
from nearfar.records import EmbeddingTable, is_lance, require_lancedb

__all__ = ["command", "is_table"]


def _embed(run: Path, data: Path, *, out: Path, **given: Any) -> None:
    if is_lance(out):
        require_lancedb()
    check_place("embed", out, kind="table of embeddings", is_older=is_table, example="vectors.parquet")
    from nearfar import api

    table = api.embed(run, data, **given)
    table.write(out)
    named = " and labels" if table.labels is not None else ""
    show(f"{out}: {len(table):,} vectors of width {table.vectors.shape[1]}, with ids{named}.")


def is_table(path: Path) -> bool:
    """Whether a file, or a folder, is a table of embeddings."""
    try:
        EmbeddingTable.read(path)
    except DataError:
        return False
    return True


OUT = out_flag("the parquet file to write, e.g. vectors.parquet; or a .lance folder, which `search` reads on disk")
command = compose(_embed, flags_of(outline("nearfar.api", "embed")) | {"out": OUT})
