"""Records that are filled entry by entry, each by a process of its own, so that a run that is stopped goes on."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from machine import processor

__all__ = ["filled", "known"]


def known(path: Path) -> dict[str, Any]:
    """What is recorded; nothing where there is no file."""
    return json.loads(path.read_text()) if path.exists() else {}


def filled(path: Path, keys: Iterable[str], *, script: str) -> dict[str, Any]:
    """The record, with the entries that were missing.

    Args:
        path: the file.
        keys: of the entries.
        script: called as `script --one KEY`, it prints an entry as JSON in its last line.
    """
    for key in keys:
        if key not in known(path):
            done = subprocess.run([sys.executable, script, "--one", key], stdout=subprocess.PIPE, check=True)
            found = json.loads(done.stdout.decode().splitlines()[-1])
            entry = {key: found | {"processor": processor(), "torch": torch.__version__}}
            path.write_text(json.dumps(known(path) | entry, indent=1, sort_keys=True) + "\n")
    return known(path)
