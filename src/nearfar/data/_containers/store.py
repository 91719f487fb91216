"""What every container of pictures comes down to: a store that opens them by position, and what is known of each."""

import io
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from nearfar.data.decode import is_gray, upright_size

__all__ = ["Container", "EncodedStore", "Header", "Store", "is_picture", "names_a_picture", "quiet_codecs", "reason"]

# Rasters alone: Pillow would hand an EPS or a WMF to another program.
_RASTERS = (
    *("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "JPEG2000", "AVIF"),
    *("PPM", "TGA", "ICO", "DDS", "QOI", "PCX", "SGI", "PSD"),
)
_END_OF_JPEG = b"\xff\xd9"


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
    """Pictures by position, in whatever they are kept; cheap to send to another process."""

    @abstractmethod
    def open(self, position: int) -> Image.Image:
        """A picture, not yet decoded where its format allows that."""

    @abstractmethod
    def content(self, position: int) -> bytes:
        """The bytes that stand for the picture in a fingerprint."""

    @abstractmethod
    def examine(self, position: int) -> Header:
        """Looks whether a picture can be used, and how large it is.

        Raises:
            Exception: it cannot be used; `reason` turns the exception into words.
        """


class EncodedStore(Store):
    """Pictures kept as the bytes of picture files."""

    def file(self, position: int) -> io.BufferedIOBase:
        """The bytes as a file that can be read in part."""
        return io.BytesIO(self.content(position))

    def open(self, position: int) -> Image.Image:
        """A picture of which only the header is read; it holds its bytes and no open file."""
        return _open(io.BytesIO(self.content(position)))

    def examine(self, position: int) -> Header:
        """Reads the header and makes sure that the rest is there.

        A JPEG that ends as it should and a PNG whose checksums agree are taken at their word; others are decoded.
        """
        with self.file(position) as file, _open(file) as picture:
            if picture.format == "PNG" and b"eXIf" not in _rest(file):  # Pillow would decode it all to look for EXIF
                header = Header(picture.height, picture.width, is_gray(picture))
                picture.verify()
                return header
            header = Header(*upright_size(picture), is_gray(picture))
            if picture.format != "JPEG" or not _ends_as_jpeg(file):
                picture.load()
        return header


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
    """

    name: str
    store: Store
    ids: tuple[str, ...]
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    splits: np.ndarray | None = None
    skipped: tuple[tuple[str, str], ...] = ()


def names_a_picture(path: str) -> bool:
    """Whether a file's name promises a picture: if it holds none, people want to hear of it."""
    suffix = path[path.rfind(".") :].lower() if "." in path else ""
    return Image.registered_extensions().get(suffix) in _formats()


def is_picture(file: io.BufferedIOBase) -> bool:
    """Whether a file holds a picture, whatever its name."""
    try:
        with file, _open(file):
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


def reason(error: Exception) -> str:
    """Why a picture could not be used, in words."""
    if isinstance(error, UnidentifiedImageError):
        return "holds no picture in a known format"
    if isinstance(error, Image.DecompressionBombError):
        return f"has more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels"
    return str(error) or type(error).__name__


def _open(file: io.BufferedIOBase) -> Image.Image:
    return Image.open(file, formats=_formats())  # type: ignore[arg-type]  # which only reads and seeks


@cache
def _formats() -> tuple[str, ...]:
    """Those that this build of Pillow can read."""
    Image.init()
    return tuple(name for name in _RASTERS if name in Image.OPEN)


def _ends_as_jpeg(file: io.BufferedIOBase) -> bool:
    """Looks at a file's end; its position stays as it was."""
    position = file.tell()
    file.seek(-len(_END_OF_JPEG), io.SEEK_END)
    ending = file.read()
    file.seek(position)
    return ending == _END_OF_JPEG


def _rest(file: io.BufferedIOBase) -> bytes:
    """What follows in a file, whose position stays as it was."""
    position = file.tell()
    rest = file.read()
    file.seek(position)
    return rest
