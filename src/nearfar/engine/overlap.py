"""Examples that an encoder has seen: those it learned from are remembered in the run's folder, by a hash of each."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt64

from nearfar.data.source import Source
from nearfar.engine.intake import named
from nearfar.errors import RunError, complaint
from nearfar.records import SCHEMA, RunFolder, atomic_write

__all__ = ["overlap", "read_seen", "warnings_of", "write_seen"]

NAMED = 5
"""How many ids stand for all pictures that are in two parts."""


def write_seen(files: RunFolder, source: Source) -> None:
    """Writes `seen.npz`: 8 bytes of the hash of each picture, sorted.

    Args:
        files: the run's folder.
        source: the training pictures.
    """
    with atomic_write(files.seen) as file:
        np.savez(file, schema=SCHEMA, hashes=np.unique(_short(source)))


def read_seen(files: RunFolder) -> UInt64[np.ndarray, "n"] | None:
    """What `write_seen` wrote; None where the run has no such file.

    Raises:
        RunError: the file is damaged or newer.
    """
    if not files.seen.exists():
        return None
    try:
        with files.seen.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            schema, hashes = int(arrays["schema"]), arrays["hashes"].astype(np.uint64)
    except Exception as error:  # a damaged zip fails in any way
        reason = str(error).partition("\n")[0] or type(error).__name__
        next_step = "Restore it, or remove it and do without its warning"
        raise RunError(
            complaint("evaluate", str(files.seen), "the hashes of training pictures", reason, next_step)
        ) from None
    if schema > SCHEMA:
        raise RunError(
            complaint("evaluate", str(files.seen), f"of schema {SCHEMA} or older", schema, "Upgrade nearfar")
        )
    return hashes


def overlap(train: Source, test: Source, seen: UInt64[np.ndarray, "n"] | None) -> dict[str, dict[str, Any] | None]:
    """Which test pictures are, byte for byte, in the data that something was learned from.

    Args:
        train: what probes are fitted on.
        test: what they are scored on.
        seen: the hashes of what the encoder learned from; None where they are not known.

    Returns:
        Under "encoder" (None where it is not known) and "probes": how many `examples`, and the `ids` of some.
    """
    hashes = _short(test)

    def found(among: UInt64[np.ndarray, "n"]) -> dict[str, Any]:
        twice: Bool[np.ndarray, m] = np.isin(hashes, among)
        ids = [test.ids[row] for row in np.flatnonzero(twice)[:NAMED]]
        return {"examples": int(twice.sum()), "ids": ids}

    return {"encoder": None if seen is None else found(seen), "probes": found(_short(train))}


def warnings_of(shared: Mapping[str, Mapping[str, Any] | None], *, tests: int, many: str = "pictures") -> list[str]:
    """What people have to know of an overlap, a line each.

    Args:
        shared: what `overlap` gave.
        tests: the number of test examples.
        many: what they are called.
    """
    meanings = {
        "encoder": "in the data that the encoder learned from",
        "probes": "also among those that the probes are fitted on",
    }
    lines = []
    for learner, meaning in meanings.items():
        found = shared[learner]
        if found is not None and found["examples"]:
            verb = "is" if found["examples"] == 1 else "are"
            names = named(found["ids"], of=found["examples"])
            lines.append(f"Warning: {found['examples']:,} of {tests:,} test {many} {verb} {meaning} ({names}).")
    return lines


def _short(source: Source) -> UInt64[np.ndarray, "n"]:
    """The first 8 bytes of each picture's hash: enough to tell thousands of millions apart."""
    rows = np.ascontiguousarray(source.hashes).reshape(len(source), -1)
    return np.ascontiguousarray(rows.view(np.uint8)[:, :8]).view(np.uint64).ravel()
