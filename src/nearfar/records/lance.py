"""Tables of LanceDB, the vector store: folders that are searched on disk. An extra."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nearfar.errors import DataError, RunError, complaint

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["is_lance", "open_lance", "require_lancedb", "write_lance"]


def is_lance(path: Path | str) -> bool:
    """Whether a path is that of a table of LanceDB, by its name."""
    return Path(path).suffix == ".lance"


def write_lance(table: "pa.Table", path: Path) -> None:
    """Writes a table; an older one in its place is there until the new one is whole.

    Args:
        table: the rows.
        path: a folder whose name ends in `.lance`.

    Raises:
        RunError: LanceDB is not installed.
    """
    with tempfile.TemporaryDirectory(dir=path.absolute().parent, prefix=f".{path.stem}-") as place:
        require_lancedb().connect(place).create_table(path.stem, table)
        shutil.rmtree(path, ignore_errors=True)
        os.replace(Path(place, path.name), path)


def open_lance(path: Path) -> Any:
    """Opens a table: a `lancedb.table.Table`.

    Args:
        path: a folder whose name ends in `.lance`.

    Raises:
        DataError: there is no such table.
        RunError: LanceDB is not installed.
    """
    if not os.path.isdir(path):
        next_step = f"Write it by `nearfar embed RUN DATA --out {path.name}`"
        raise DataError(complaint("lance", str(path), "a table that is there", "no such folder", next_step))
    try:
        return require_lancedb().connect(path.absolute().parent).open_table(path.stem)
    except (OSError, RuntimeError, ValueError) as error:
        reason, next_step = str(error).splitlines()[0], f"Write it again by `nearfar embed RUN DATA --out {path.name}`"
        raise DataError(complaint("lance", str(path), "a table of LanceDB", reason, next_step)) from None


def require_lancedb() -> Any:
    """The library.

    Raises:
        RunError: it is not installed.
    """
    os.environ.setdefault("LANCEDB_LOG", "error")  # it warns of every table that it creates
    try:
        import lancedb
    except ImportError:
        next_step = "Type pip install 'nearfar[store]', or take parquet"
        raise RunError(complaint("lance", "lancedb", "installed", "no such package", next_step)) from None
    return lancedb
