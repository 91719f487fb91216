"""Pictures as a source, from whatever container they come."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Int, Shaped, UInt8
from PIL import Image
from torch import Tensor

from nearfar.data._containers.store import Container, Store, quiet_codecs, reason
from nearfar.data.decode import upright
from nearfar.data.source import Source
from nearfar.errors import DataError, complaint

__all__ = ["KEPT_BYTES", "Kept", "Pictures"]

KEPT_BYTES = 2 << 30
"""Pictures of one size that take no more than this when decoded are decoded once and kept."""


class Kept(NamedTuple):
    """Decoded pictures, shared by all selections from one opening.

    Attributes:
        pixels: all of the opening.
        rows: where in `pixels` each picture of the selection is.
    """

    pixels: UInt8[Tensor, "all c h w"]
    rows: Int[np.ndarray, "n"]


class Pictures(Source):
    """n pictures that were examined when they were opened.

    Attributes:
        sizes: (n, 2) int64, height and width of each picture in pixels, upright.
        channels: 1 if all pictures of the opening are gray, else 3.
    """

    modality = "image"

    def __init__(
        self,
        container: Container,
        positions: np.ndarray,
        *,
        sizes: np.ndarray,
        channels: int,
        skipped: tuple[tuple[str, str], ...],
        kept: Kept | None = None,
    ) -> None:
        """Is called by `open_source`, which examines.

        Args:
            container: what holds the pictures, and others.
            positions: which of the container's pictures these are.
            sizes: of each picture.
            channels: of all pictures.
            skipped: file and reason of what was found and could not be used.
            kept: the pictures, where they are kept decoded.
        """
        self.name = container.name
        self.ids = tuple(container.ids[position] for position in positions)
        self.labels = None if container.labels is None else container.labels[positions]
        self.class_names = container.class_names
        self.skipped = skipped
        self.sizes = sizes
        self.channels = channels
        self._container = container
        self._positions = positions
        self._kept = kept

    def __getstate__(self) -> dict[str, Any]:
        """Without the decoded pictures: a worker that needs one decodes it."""
        return {**self.__dict__, "_kept": None}

    @property
    def is_kept(self) -> bool:
        """Whether the pictures are kept decoded: they are of one size and take no more than `KEPT_BYTES`."""
        return self._kept is not None

    @property
    def truncated(self) -> tuple[str, ...]:
        """Names of the pictures whose end is missing and that are used as far as they go."""
        cut = self._store.cut
        return tuple(name for name, position in zip(self.ids, self._positions.tolist(), strict=True) if position in cut)

    @cached_property
    def hashes(self) -> Shaped[np.ndarray, "n"]:
        """(n,) S16: 16 bytes for each picture, the same for the same content and for no other in practice.

        They are the first of the SHA-256 of the picture's file or, where it never had one (arrays, idx, data sets in
        memory), of its shape and pixels. So pictures compare across folders, archives and tables, and across arrays,
        but not from the former to the latter. Each picture is read once, when they are first asked for; selections
        of a source that knows them know theirs.

        Raises:
            DataError: a picture cannot be read any more; the sentence names it.
        """
        hashes = np.zeros(len(self), dtype="S16")
        for row, position in enumerate(self._positions.tolist()):
            try:
                hashes[row] = hashlib.sha256(self._store.content(position)).digest()[:16]
            except Exception as error:
                raise self._unreadable(row, error) from error
        hashes.flags.writeable = False
        return hashes

    def pixels(self, rows: Int[np.ndarray, "m"]) -> UInt8[Tensor, "m c h w"]:
        """Kept pictures of some rows, in the order given; ask `is_kept` first."""
        assert self._kept is not None, "these pictures are not kept decoded"
        return self._kept.pixels.index_select(0, torch.from_numpy(self._kept.rows[rows]))

    @contextmanager
    def opened(self, row: int) -> Iterator[Image.Image]:
        """A picture of which only the header is read, for as long as it is needed.

        Raises:
            DataError: the picture cannot be opened, or be decoded while it is open; the sentence names it.
        """
        try:
            with self._store.open(int(self._positions[row])) as picture:
                yield picture
        except Exception as error:
            raise self._unreadable(row, error) from error

    def crops(self, row: int, wanted: Iterable[tuple[Sequence[float], int]]) -> list[UInt8[np.ndarray, "c _ _"]]:
        """Crops of a picture, which is decoded no further than they need.

        Args:
            row: which picture.
            wanted: for each crop its box (top, left, height and width in pixels of the upright picture) and its size.

        Raises:
            DataError: the picture cannot be read; the sentence names it.
        """
        try:
            return self._store.crops(int(self._positions[row]), wanted, channels=self.channels)
        except Exception as error:
            raise self._unreadable(row, error) from error

    def read(self, row: int) -> Image.Image:
        """A decoded picture, upright, without transparency, in mode L or RGB.

        Raises:
            DataError: the picture cannot be read; the sentence names it.
        """
        with quiet_codecs(), self.opened(row) as picture:
            picture.load()
            return upright(picture)

    def select(self, rows: np.ndarray) -> "Pictures":
        """The source of some rows, in the order given; decoded pictures are shared, not copied."""
        selected = Pictures(
            self._container,
            self._positions[rows],
            sizes=self.sizes[rows],
            channels=self.channels,
            skipped=self.skipped,
            kept=self._kept and self._kept._replace(rows=self._kept.rows[rows]),
        )
        if "hashes" in self.__dict__:
            selected.__dict__["hashes"] = self.hashes[rows]
        return selected

    @property
    def _store(self) -> Store:
        return self._container.store

    def _unreadable(self, row: int, error: Exception) -> DataError:
        where = f"{self.name}/{self.ids[row]}"
        return DataError(complaint(where, "picture", "readable", reason(error), "Restore the file, or remove it"))
