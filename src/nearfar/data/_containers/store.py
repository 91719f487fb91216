"""What every container of pictures comes down to: a store that opens them by position, and what is known of each."""

import copy
import io
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from nearfar.data._containers.captions import CaptionReader
from nearfar.data._containers.unusable import TruncatedError, check_png, explained, reason
from nearfar.data.decode import crops, is_gray, upright, upright_size

__all__ = ["Container", "EncodedStore", "Header", "Store", "is_picture", "names_a_picture", "quiet_codecs", "reason"]

# Rasters alone: Pillow would hand an EPS or a WMF to another program. The first begin with bytes that nothing else
# begins with; the others are looked for only where a file's name promises a picture.
_UNMISTAKABLE = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "JPEG2000", "AVIF", "PSD", "DDS", "QOI")
_RASTERS = (
    *_UNMISTAKABLE,
    *("PPM", "TGA", "ICO", "PCX", "SGI"),
    *("BLP", "CUR", "DCX", "DIB", "ICNS", "MSP", "SUN", "XBM", "XPM"),
)
_UNREADABLE = frozenset({".heic", ".heif", ".jxl", ".svg", ".eps", ".pdf", ".dng", ".nef", ".cr2", ".cr3", ".arw"})
_BEGINNING_OF_PNG = b"\x89PNG\r\n\x1a\n"
_END_OF_JPEG = b"\xff\xd9"
_MOST_MENDED = 1 << 24  # bytes
_SIDEWAYS_PNG = (b"eXIf", b"XML:com.adobe.xmp", b"Raw profile type exif")


class Header(NamedTuple):
    """What is known of a picture before it is decoded.

    Attributes:
        height: in pixels, upright.
        width: in pixels, upright.
        gray: whether one channel holds all of it.
    """

    height: int
    width: int
    gray: bool


class Store(ABC):
    """Pictures by position, in whatever they are kept; cheap to send to another process.

    Attributes:
        cut: positions of pictures whose end is missing and that are opened all the same.
    """

    cut: frozenset[int] = frozenset()

    @abstractmethod
    def open(self, position: int) -> Image.Image:
        """A picture, not yet decoded where its format allows that."""

    def crops(
        self, position: int, wanted: Iterable[tuple[Sequence[float], int]], *, channels: int
    ) -> list[UInt8[np.ndarray, "c _ _"]]:
        """Crops of a picture, as `decode.crops` takes and gives them."""
        with self.open(position) as picture:
            return crops(picture, wanted, channels=channels)

    @abstractmethod
    def content(self, position: int) -> bytes:
        """The bytes that stand for the picture in a fingerprint."""

    @abstractmethod
    def examine(self, position: int) -> Header:
        """Looks whether a picture can be used, and how large it is.

        Raises:
            TruncatedError: its end is missing, and it is not among those that are used all the same.
            Exception: it cannot be used; `reason` turns the exception into words.
        """

    def explained(self, position: int, error: Exception) -> Exception:
        """The error to speak of where a picture was opened and could not be decoded."""
        return error

    def using(self, positions: Iterable[int]) -> "Store":
        """The same store, which opens these pictures although their end is missing."""
        store = copy.copy(self)
        store.cut = self.cut | frozenset(positions)
        return store


class EncodedStore(Store):
    """Pictures kept as the bytes of picture files."""

    def file(self, position: int) -> io.BufferedIOBase:
        """The bytes as a file that can be read in part."""
        return io.BytesIO(self.content(position))

    def open(self, position: int) -> Image.Image:
        """A picture of which only the header is read; it holds its bytes and no open file.

        Raises:
            PictureError: it is a PNG that is damaged.
        """
        data = self.content(position)
        if position in self.cut:
            return _mended(data)
        if data.startswith(_BEGINNING_OF_PNG):
            check_png(data)
        return _open(io.BytesIO(data))

    def examine(self, position: int) -> Header:
        """Reads the header and makes sure that the rest is there.

        A JPEG that ends as it should and a PNG whose checksums agree are taken at their word; others are decoded.
        """
        if position in self.cut:
            return _seen(self.content(position))
        with self.file(position) as file:
            try:
                return _sound(file)
            except Exception as error:  # codecs raise anything
                file.seek(0)
                raise explained(file.read(), error) from error

    def explained(self, position: int, error: Exception) -> Exception:
        """What the decoder's error means for these bytes."""
        try:
            return explained(self.content(position), error)
        except Exception:  # the bytes themselves cannot be had
            return error


@dataclass(frozen=True)
class Container:
    """What was found in one container, before any picture of it was opened.

    Attributes:
        name: what the user called it.
        store: opens the pictures.
        ids: one name a position.
        labels: (n,) int64, -1 where unknown; None where nothing is known.
        class_names: the name of each label.
        splits: (n,) names of splits; None where the container has none.
        skipped: file and reason of what cannot belong.
        captions: reads the captions of the pictures; None where the container can have none.
    """

    name: str
    store: Store
    ids: tuple[str, ...]
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    splits: np.ndarray | None = None
    skipped: tuple[tuple[str, str], ...] = ()
    captions: CaptionReader | None = None


def names_a_picture(path: str) -> bool:
    """Whether a file's name promises a picture: if it holds none, people want to hear of it."""
    suffix = path[path.rfind(".") :].lower() if "." in path else ""
    return suffix in _UNREADABLE or Image.registered_extensions().get(suffix) in _formats(_RASTERS)


def is_picture(file: io.BufferedIOBase) -> bool:
    """Whether a file holds a picture, whatever its name."""
    try:
        with file, _open(file, _UNMISTAKABLE):
            return True
    except Exception:  # whatever it is, it is no picture
        return False


@contextmanager
def quiet_codecs() -> Iterator[None]:
    """Keeps codecs from warning about what is decided here: odd EXIF blocks, large pictures, early ends of files.

    Python's warning filters belong to the process, so only its main thread may enter this.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _open(file: io.BufferedIOBase, formats: tuple[str, ...] = _RASTERS) -> Image.Image:
    return Image.open(file, formats=_formats(formats))  # type: ignore[arg-type]  # which only reads and seeks


@cache
def _formats(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Those that this build of Pillow can read."""
    Image.init()
    return tuple(name for name in wanted if name in Image.OPEN)


def _sound(file: io.BufferedIOBase) -> Header:
    """The header of a picture that is whole."""
    with _open(file) as picture:
        if picture.format == "PNG":
            data = _all_of(file)
            check_png(data)
            if not any(mark in data for mark in _SIDEWAYS_PNG):  # Pillow would decode it all to look for EXIF
                return Header(picture.height, picture.width, is_gray(picture))
        header = Header(*upright_size(picture), is_gray(picture))
        if not (picture.format == "PNG" or (picture.format in {"JPEG", "MPO"} and _ends_as_jpeg(file))):
            _decoded(picture)
    return header


def _decoded(picture: Image.Image) -> Image.Image:
    picture.load()
    return upright(picture)


def _mended(data: bytes) -> Image.Image:
    """A picture whose end is missing, which shows what is there; the rest is gray or black.

    Pillow's own switch for this belongs to the whole process, and would hide the next file that breaks.
    """
    if data.startswith(b"\xff\xd8"):
        return _open(io.BytesIO(data + _END_OF_JPEG))  # libjpeg fills up what an early end leaves out
    if data.startswith(b"RIFF"):
        promised = 8 + int.from_bytes(data[4:8], "little")
        return _open(io.BytesIO(data.ljust(min(promised, len(data) + _MOST_MENDED), b"\0")))
    picture = _open(io.BytesIO(data))
    try:
        picture.load()
    except Exception:  # what was decoded before the bytes ran out is in place
        picture.tile = []  # type: ignore[attr-defined]  # of picture files
        if picture.format == "TIFF":
            picture.load_end()  # type: ignore[attr-defined]  # which turns it
    return picture


def _seen(data: bytes) -> Header:
    """The header of a mended picture, if anything of it can be seen."""
    try:
        with _mended(data) as picture:
            seen = _decoded(picture)
            header = Header(seen.height, seen.width, is_gray(picture))
    except Exception as error:  # codecs raise anything
        raise TruncatedError("is truncated, and not one pixel can be decoded") from error
    if all(least == most for least, most in np.reshape(seen.getextrema(), (-1, 2))):
        raise TruncatedError("is truncated before anything of it can be seen")
    return header


def _ends_as_jpeg(file: io.BufferedIOBase) -> bool:
    """Looks at a file's end; its position stays as it was."""
    position = file.tell()
    file.seek(-len(_END_OF_JPEG), io.SEEK_END)
    ending = file.read()
    file.seek(position)
    return ending == _END_OF_JPEG


def _all_of(file: io.BufferedIOBase) -> bytes:
    """A file from its beginning; its position stays as it was."""
    position = file.tell()
    file.seek(0)
    data = file.read()
    file.seek(position)
    return data
