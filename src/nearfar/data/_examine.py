"""Looking at pictures before anything relies on them."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from nearfar.data._containers.store import Container, Header, Store, quiet_codecs, reason
from nearfar.data.decode import decode
from nearfar.data.pictures import KEPT_BYTES, Kept, Pictures
from nearfar.errors import DataError, complaint

__all__ = ["examined"]


def examined(container: Container, positions: Int[np.ndarray, "n"], *, where: str) -> Pictures:
    """Looks at each picture's header, leaves out what cannot be used, and keeps small sets decoded.

    Args:
        container: what was found.
        positions: which of its pictures are wanted.
        where: who asks, for error sentences.

    Raises:
        DataError: not one picture can be used.
    """
    with quiet_codecs():
        headers, skipped = _headers(container, positions)
        usable = np.array(list(headers), dtype=np.int64)
        sizes = np.array([header[:2] for header in headers.values()], dtype=np.int64).reshape(-1, 2)
        channels = 1 if all(header.gray for header in headers.values()) else 3
        kept = None
        if len(usable) and (sizes == sizes[0]).all() and len(usable) * sizes[0].prod() * channels <= KEPT_BYTES:
            pixels, broken = _decoded(container.store, usable, (channels, *sizes[0].tolist()))
            skipped += [(container.ids[usable[row]], why) for row, why in broken.items()]
            good = np.setdiff1d(np.arange(len(usable)), list(broken))
            usable, sizes, kept = usable[good], sizes[good], Kept(pixels, good)
    skipped = [*container.skipped, *skipped]
    if not len(usable):
        got = f"{container.name}: {skipped[0][0]} {skipped[0][1]}" if skipped else container.name
        next_step = "Name a folder, zip or parquet file of pictures"
        raise DataError(complaint(where, "data", "a container of at least one readable picture", got, next_step))
    return Pictures(container, usable, sizes=sizes, channels=channels, skipped=tuple(skipped), kept=kept)


def _headers(container: Container, positions: Int[np.ndarray, "n"]) -> tuple[dict[int, Header], list[tuple[str, str]]]:
    """The header of each usable picture by its position, and name and reason of the others."""
    headers, skipped = {}, []
    for position in positions.tolist():
        try:
            headers[position] = container.store.examine(position)
        except Exception as error:  # codecs raise anything
            skipped.append((container.ids[position], reason(error)))
    return headers, skipped


def _decoded(
    store: Store, positions: Int[np.ndarray, "n"], shape: Sequence[int]
) -> tuple[UInt8[Tensor, "n c h w"], dict[int, str]]:
    """All pictures in one tensor, and row and reason of those that cannot be decoded."""
    pixels = np.zeros((len(positions), *shape), dtype=np.uint8)
    broken = {}

    def fill(rows: np.ndarray) -> None:
        for row in rows:
            try:
                with store.open(int(positions[row])) as picture:
                    pixels[row] = decode(picture, channels=shape[0])
            except Exception as error:  # codecs raise anything
                broken[int(row)] = reason(error)

    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(fill, np.array_split(np.arange(len(positions)), 4 * workers)))
    return torch.from_numpy(pixels), broken
