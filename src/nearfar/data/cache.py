"""Pictures decoded once: shrunk to what the views need, and kept on disk for all processes, epochs and later runs."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL
import torch
import torch.nn.functional as F
from jaxtyping import Int, UInt8
from PIL import Image

from nearfar.data._cache_file import CacheFile
from nearfar.data._containers.store import EncodedStore, Header, Store
from nearfar.data.decode import cut, upright, upright_size
from nearfar.data.pictures import Pictures
from nearfar.data.reading import Reading
from nearfar.errors import complaint

__all__ = ["CACHE_BYTES", "CachedStore", "cache_folder", "cached", "cached_side"]

CACHE_BYTES = 64 << 30
"""The caches in one folder take no more of the disk than this, all together."""

_SPARE_BYTES = 5 << 30  # of the disk that a cache leaves free
_WORTH_BYTES = 64 << 20  # of decoded pictures: an epoch decodes fewer in a fraction of a second
_SIDE = 1.5  # of a view: a crop of 4/9 of the picture still has a pixel for each of the view's
_FORMAT = 1


def cache_folder(reading: Reading) -> Path | None:
    """Where decoded pictures are kept: what the reading names, else `NEARFAR_CACHE`, else the user's cache folder.

    Args:
        reading: what the user chose.

    Returns:
        None where nothing is to be kept.
    """
    if reading.cache == "never":
        return None
    if reading.cache != "auto":
        return Path(reading.cache).expanduser()
    if chosen := os.environ.get("NEARFAR_CACHE"):
        return Path(chosen).expanduser()
    usual = {"win32": ("LOCALAPPDATA", "~/AppData/Local"), "darwin": ("XDG_CACHE_HOME", "~/Library/Caches")}
    variable, otherwise = usual.get(sys.platform, ("XDG_CACHE_HOME", "~/.cache"))
    return Path(os.environ.get(variable) or otherwise).expanduser() / "nearfar"


def cached_side(
    pictures: Pictures, *, size: int, epochs: float, reading: Reading, say: Callable[[str], None]
) -> int | None:
    """The shorter side to which a run's pictures are shrunk so that they can be cached; None reads the originals.

    It is one and a half times the views' side, and no picture is enlarged. So crops of at least 4/9 of a picture's area
    lose nothing; of smaller ones, a crop of 0.2 of the area is enlarged by 1.5 and shows that much less detail than one
    from a large original would. The side decides what a run computes, so it belongs to the run's settings.

    With `cache="auto"` that pays for encoded pictures which are not kept in memory, when a run sees them twice and they
    take at least 64 MiB decoded. A named folder is used whenever pictures are encoded and not kept.

    Args:
        pictures: the training pictures.
        size: of the largest view in pixels.
        epochs: how often the run will see each picture.
        reading: what the user chose.
        say: is told in one sentence why pictures that should be cached are not.

    Raises:
        ValueError: the folder that the user named cannot be written.
    """
    folder = cache_folder(reading)
    if folder is None or pictures.is_kept or not isinstance(pictures._container.store, EncodedStore):
        return None
    decoded = int(pictures.sizes.prod(axis=1).sum()) * pictures.channels
    if reading.cache == "auto" and (epochs < 2 or decoded < _WORTH_BYTES):
        return None
    side = int(_SIDE * size)
    return side if _has_room(_file(pictures, side, folder, reading), reading, say) else None


def cached(pictures: Pictures, *, side: int | None, reading: Reading, say: Callable[[str], None]) -> Pictures:
    """The same pictures, no larger than a side, from the cache.

    What is not in the cache yet is decoded when it is first asked for, shrunk and put there. The pixels are the same
    whether they come out of the cache or not, so a run may begin, go on or be shared by others with any part of it.
    Least recently used caches make room. Where there is none, or nothing may be kept, pictures are decoded each time.

    Args:
        pictures: the training pictures.
        side: what `cached_side` gave when the run began; None returns the pictures as they are.
        reading: what the user chose.
        say: is told in one sentence why nothing is kept.
    """
    if side is None:
        return pictures
    folder = cache_folder(reading)
    file = None if folder is None else _file(pictures, side, folder, reading)
    if file is not None and not (_has_room(file, reading, say) and _prepared(file, say)):
        file = None
    sizes = _shrunk(pictures.sizes, side)
    container, positions = pictures._container, pictures._positions
    store = CachedStore(container.store, positions, sizes=sizes, channels=pictures.channels, file=file)
    container = replace(container, store=store)
    small = Pictures(container, positions, sizes=sizes, channels=pictures.channels, skipped=pictures.skipped)
    known = {name: value for name, value in vars(pictures).items() if name in ("hashes", "fingerprint")}
    vars(small).update(known)  # or they would be read again
    return small


class CachedStore(Store):
    """Pictures of another store, shrunk, out of a file where they are in it."""

    def __init__(
        self, store: Store, positions: Int[np.ndarray, "n"], *, sizes: Int[np.ndarray, "n 2"], channels: int,
        file: CacheFile | None,
    ) -> None:  # fmt: skip
        """Is called by `cached`.

        Args:
            store: the originals.
            positions: which of them there are, in the order of the file.
            sizes: height and width of each once it is shrunk.
            channels: 1 for gray or 3 for RGB.
            file: the cache; None decodes each time.
        """
        self._store, self._sizes, self._channels, self._cache = store, sizes, channels, file
        self._numbers = np.zeros(int(positions.max()) + 1, dtype=np.int64)
        self._numbers[positions] = np.arange(len(positions))

    def open(self, position: int) -> Image.Image:
        """The shrunk picture, decoded."""
        pixels = self._pixels(position)
        return Image.fromarray(pixels[:, :, 0] if self._channels == 1 else pixels)

    def crops(
        self, position: int, wanted: Iterable[tuple[Sequence[float], int]], *, channels: int
    ) -> list[UInt8[np.ndarray, "c _ _"]]:
        """Crops of the shrunk picture."""
        return cut(self._pixels(position), wanted)

    def content(self, position: int) -> bytes:
        """The original's bytes, so that the fingerprint stays."""
        return self._store.content(position)

    def examine(self, position: int) -> Header:
        """The shrunk picture's size."""
        height, width = self._sizes[self._numbers[position]].tolist()
        return Header(height, width, self._channels == 1)

    def explained(self, position: int, error: Exception) -> Exception:
        """What the error means for the original."""
        return self._store.explained(position, error)

    def _pixels(self, position: int) -> UInt8[np.ndarray, "h w c"]:
        number = int(self._numbers[position])
        height, width = self._sizes[number].tolist()
        data = None if self._cache is None else self._cache.get(number)
        if data is None:
            data = self._decoded(position, height, width).reshape(-1)
            if self._cache is not None:
                self._cache.put(number, data)
        return data.reshape(height, width, self._channels)

    def _decoded(self, position: int, height: int, width: int) -> UInt8[np.ndarray, "h w c"]:
        with self._store.open(position) as picture:
            tall, wide = upright_size(picture)
            scale = min(tall / height, wide / width)
            if scale >= 2:  # only a JPEG has any use for this
                picture.draft(picture.mode, (int(picture.width / scale), int(picture.height / scale)))
            picture = upright(picture)
            mode = "L" if self._channels == 1 else "RGB"
            pixels = np.array(picture if picture.mode == mode else picture.convert(mode))
        if pixels.shape[:2] == (height, width):
            return pixels.reshape(height, width, self._channels)
        planes = torch.from_numpy(pixels.reshape(1, *pixels.shape[:2], self._channels)).permute(0, 3, 1, 2)
        planes = F.interpolate(planes, (height, width), mode="bilinear", antialias=True)  # fast, as channels come last
        return planes[0].permute(1, 2, 0).contiguous().numpy()


def _shrunk(sizes: Int[np.ndarray, "n 2"], side: int) -> Int[np.ndarray, "n 2"]:
    """Sizes whose shorter side is at most `side`, of the same shape to the nearest pixel."""
    scale = np.minimum(1.0, side / sizes.min(axis=1, keepdims=True))
    return np.maximum(1, np.rint(sizes * scale)).astype(np.int64)


def _file(pictures: Pictures, side: int, folder: Path, reading: Reading) -> CacheFile:
    """The cache of these pictures, named by everything that decides its bytes."""
    decides = (_FORMAT, pictures.fingerprint, side, pictures.channels, reading.truncated)
    versions = (PIL.__version__, torch.__version__)
    key = hashlib.sha256(repr((*decides, *versions)).encode()).hexdigest()[:40]
    lengths = _shrunk(pictures.sizes, side).prod(axis=1) * pictures.channels
    return CacheFile(folder / f"{key}.pictures", key=key, lengths=lengths)


def _has_room(file: CacheFile, reading: Reading, say: Callable[[str], None]) -> bool:
    folder = file.path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(f"{folder} cannot be written")
    except OSError as error:
        if reading.cache != "auto":
            got = f"{reading.cache} ({error.strerror or error})"
            next_step = "Name another folder, or 'never'"
            raise ValueError(complaint("Reading", "cache", "a folder that can be written", got, next_step)) from None
        say(f"Decodes pictures in every epoch: the cache folder {folder} cannot be written.")
        return False
    if _in_the_way(file) is None:
        free = shutil.disk_usage(folder).free
        say(
            f"Decodes pictures in every epoch: their cache takes {file.bytes / 2**30:,.1f} GiB, and {folder} has room "
            f"for {min(CACHE_BYTES, max(0, free - _SPARE_BYTES)) / 2**30:,.1f} GiB."
        )
        return False
    return True


def _prepared(file: CacheFile, say: Callable[[str], None]) -> bool:
    try:
        for other in _in_the_way(file) or ():
            other.unlink(missing_ok=True)
        file.prepare()
    except OSError as error:  # a file of another user, or one that Windows holds
        say(f"Decodes pictures in every epoch: {file.path} cannot be written ({error.strerror}).")
        return False
    return True


def _in_the_way(file: CacheFile) -> list[Path] | None:
    """The least recently used caches that must go to make room for a file; None where not even that would do."""
    found = {path: path.stat() for path in file.path.parent.glob("*.pictures")}
    own = found.pop(file.path, None)
    free = shutil.disk_usage(file.path.parent).free - _SPARE_BYTES + (_on_disk(own) if own else 0)
    held = sum(entry.st_size for entry in found.values())
    going = []
    for path, entry in sorted(found.items(), key=lambda item: item[1].st_mtime):
        if file.bytes <= free and file.bytes + held <= CACHE_BYTES:
            break
        going.append(path)
        free, held = free + _on_disk(entry), held - entry.st_size
    return going if file.bytes <= free and file.bytes + held <= CACHE_BYTES else None


def _on_disk(entry: os.stat_result) -> int:
    """The bytes that a file takes; files begin empty and are filled by and by."""
    return getattr(entry, "st_blocks", entry.st_size // 512) * 512
