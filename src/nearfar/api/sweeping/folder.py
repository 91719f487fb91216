"""The folder of a sweep: new, or one that is gone on with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nearfar.engine.folder import check_outside, check_writable, make_folder
from nearfar.errors import RunError, complaint
from nearfar.records import SweepFolder, read_json, write_json

__all__ = ["open_folder"]

FIXED = {"method": "method", "fingerprint": "data", "split": "split", "test": "test", "probes": "probes"}
"""What stays the same in a folder, so that its trials compare, and what users call it."""


def open_folder(out: str | Path | None, asked: Mapping[str, Any]) -> SweepFolder:
    """Makes the folder and writes what was asked for, or finds what the same sweep left there.

    Args:
        out: where the user wants it; sweeps/METHOD-DATA when it is None.
        asked: the call, in the types of JSON.

    Raises:
        RunError: the folder holds something else or another sweep, or cannot be written.
    """
    name = f"{asked['method']}-{Path(asked['name']).expanduser().resolve().name or 'data'}"
    files = SweepFolder(Path("sweeps") / name if out is None else Path(out))
    if files.sweep.exists():
        former = read_json(files.sweep)
        _check_same(former["asked"], asked, files.path)
    else:
        former = {}
        check_outside("sweep", files.path, asked["data"])
        make_folder("sweep", files.path, constraint="a new folder, or that of a sweep")
    check_writable("sweep", "out", files.path)
    for folder in (files.runs, files.trials):
        folder.mkdir(exist_ok=True)
    write_json(files.sweep, former | {"asked": dict(asked)})
    return files


def _check_same(former: Mapping[str, Any], asked: Mapping[str, Any], path: Path) -> None:
    for known, argument in FIXED.items():
        if former[known] != asked[known]:
            before, now = (_shown(one, known) for one in (former, asked))
            constraint = f"what the sweep in {path} began with ({before})"
            raise RunError(complaint("sweep", argument, constraint, now, "Choose another --out"))


def _shown(asked: Mapping[str, Any], known: str) -> Any:
    return f"{asked['name']}, {asked[known][:12]}" if known == "fingerprint" else asked[known]
