"""Looking at pictures before anything relies on them."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from nearfar.data._containers.store import Container, Header, Store, quiet_codecs
from nearfar.data._containers.unusable import TruncatedError, reason
from nearfar.data.decode import decode, is_gray, upright_size
from nearfar.data.pictures import KEPT_BYTES, Kept, Pictures
from nearfar.data.reading import Reading
from nearfar.errors import DataError, complaint

__all__ = ["examined"]

_AT_ONCE = 64  # pictures that a thread takes at a time
_MOST_THREADS = 8  # each may hold a large picture
_LISTED = 20  # files that an error names


def examined(
    container: Container, positions: Int[np.ndarray, "n"], *, reading: Reading | None = None, where: str
) -> Pictures:
    """Looks at each picture, leaves out what cannot be used, and keeps small sets decoded.

    Args:
        container: what was found.
        positions: which of its pictures are wanted.
        reading: whether pictures whose end is missing are used, and whether anything may be left out.
        where: who asks, for error sentences.

    Raises:
        DataError: not one picture can be used, or one cannot that has to.
    """
    reading = reading or Reading()
    with quiet_codecs():
        found = _alike(container.store, positions) or _looked_at(container.store, positions)
        cut = [position for position, error in found.errors.items() if isinstance(error, TruncatedError)]
        if cut and reading.truncated == "use":
            container = replace(container, store=container.store.using(cut))
            again = None if found.pixels is None else _alike(container.store, positions)
            found = again or _corrected(found, _looked_at(container.store, np.array(cut)))
    errors = [(container.ids[position], reason(found.errors[position])) for position in sorted(found.errors)]
    skipped = (*container.skipped, *errors)
    rows = np.flatnonzero([position in found.headers for position in positions.tolist()])
    if not len(rows):
        raise DataError(_nothing(container.name, skipped, where))
    if skipped and reading.strict:
        raise DataError(_list(container.name, skipped, where))
    headers = [found.headers[position] for position in positions[rows].tolist()]
    return Pictures(
        container,
        positions[rows],
        sizes=np.array([header[:2] for header in headers], dtype=np.int64),
        channels=1 if all(header.gray for header in headers) else 3,
        skipped=skipped,
        kept=None if found.pixels is None else Kept(found.pixels, rows),
    )


@dataclass
class _Found:
    """What looking at pictures brought, by position; and where all are alike and small, their pixels by row."""

    headers: dict[int, Header] = field(default_factory=dict)
    errors: dict[int, Exception] = field(default_factory=dict)
    pixels: UInt8[Tensor, "n c h w"] | None = None


def _looked_at(store: Store, positions: Int[np.ndarray, "n"]) -> _Found:
    """The header of each picture."""
    found = _Found()

    def look(rows: Int[np.ndarray, "m"]) -> None:
        for position in positions[rows].tolist():
            try:
                found.headers[position] = store.examine(position)
            except Exception as error:  # codecs raise anything
                found.errors[position] = error

    _in_threads(look, len(positions))
    return found


def _alike(store: Store, positions: Int[np.ndarray, "n"]) -> _Found | None:
    """All pictures decoded, which is the best look at them; None where they are too many or one differs in size."""
    first = _first(store, positions)
    if first is None:
        return None
    for channels in (1, 3) if first.gray else (3,):
        if len(positions) * channels * first.height * first.width > KEPT_BYTES:
            return None
        found = _decoded(store, positions, (channels, first.height, first.width))
        if found is not None:
            return found
    return None


def _decoded(store: Store, positions: Int[np.ndarray, "n"], shape: tuple[int, int, int]) -> _Found | None:
    """All pictures of one shape; None as soon as one is of another, or has colours that one channel cannot hold."""
    pixels = np.zeros((len(positions), *shape), dtype=np.uint8)
    found = _Found(pixels=torch.from_numpy(pixels))
    differs: list[int] = []

    def fill(rows: Int[np.ndarray, "m"]) -> None:
        for row in rows.tolist() if not differs else ():
            position = int(positions[row])
            try:
                if position in store.cut:
                    store.examine(position)  # whether anything of it can be seen
                with store.open(position) as picture:
                    header = Header(*upright_size(picture), is_gray(picture))
                    if header[:2] != shape[1:] or (shape[0] == 1 and not header.gray):
                        differs.append(position)
                        return
                    pixels[row] = decode(picture, channels=shape[0])
                found.headers[position] = header
            except Exception as error:  # codecs raise anything
                found.errors[position] = store.explained(position, error)

    _in_threads(fill, len(positions))
    return None if differs else found


def _first(store: Store, positions: Int[np.ndarray, "n"]) -> Header | None:
    """The header of the first picture that can be used."""
    for position in positions.tolist():
        try:
            return store.examine(position)
        except Exception:  # codecs raise anything, and will be heard when all are looked at
            continue
    return None


def _corrected(found: _Found, later: _Found) -> _Found:
    """What was found, and what a later look at some of the pictures found in its place."""
    headers = found.headers | later.headers
    errors = found.errors | later.errors
    return _Found(headers, {position: error for position, error in errors.items() if position not in headers})


def _in_threads(look: Callable[[Int[np.ndarray, "m"]], None], count: int) -> None:
    """Calls a function for all rows, some at a time; an interrupt waits for no more than those at work."""
    pool = ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1))
    try:
        for _ in pool.map(look, np.array_split(np.arange(count), -(-count // _AT_ONCE) or 1)):
            pass
    finally:
        pool.shutdown(cancel_futures=True)


def _nothing(name: str, skipped: tuple[tuple[str, str], ...], where: str) -> str:
    got = f"{name}: {skipped[0][0]} {skipped[0][1]}" if skipped else name
    next_step = "Name a folder, zip or parquet file of pictures"
    return complaint(where, "data", "a container of at least one readable picture", got, next_step)


def _list(name: str, skipped: tuple[tuple[str, str], ...], where: str) -> str:
    got = f"{name}: {len(skipped):,} cannot be"
    next_step = "Repair or remove these, or leave out strict"
    sentence = complaint(where, "data", "usable to the last file, as strict has it", got, next_step)
    lines = [f"  {file} {why}" for file, why in skipped[:_LISTED]]
    more = len(skipped) - len(lines)
    return "\n".join([f"{sentence[:-1]}:", *lines, *([f"  and {more:,} more"] if more > 0 else [])])
