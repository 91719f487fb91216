"""Why a picture cannot be used, in words that follow its name."""

import struct
import zlib
from collections.abc import Iterator

from PIL import Image, UnidentifiedImageError

__all__ = ["PictureError", "TruncatedError", "check_png", "explained", "reason"]

_OUT_OF_BYTES = ("truncated", "not enough image data")
_PICTURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"8BPS": "PSD",
    b"qoif": "QOI",
    b"DDS ": "DDS",
}
_OTHERS = {
    b"PK\x03\x04": "a zip archive",
    b"version https://git-lfs": "a pointer of Git LFS, which `git lfs pull` turns into the picture",
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript drawing",
    b"\xff\x0a": "JPEG XL, to be converted to JPEG or PNG",
    b"\0\0\0\x0cJXL ": "JPEG XL, to be converted to JPEG or PNG",
}
_DECODED_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT"})
_HEIF = (b"ftyphei", b"ftyphev", b"ftypmif1", b"ftypmsf1")
_TIFF_STRIPS = ((273, 279), (324, 325))  # tags of the offsets and sizes of strips, or of tiles
_LONGEST = 160  # characters of what a decoder says


class PictureError(Exception):
    """A picture cannot be used; the message goes on from its name."""


class TruncatedError(PictureError):
    """A picture's end is missing."""

    def __init__(self, message: str = "is truncated: its end is missing") -> None:
        super().__init__(message)


def reason(error: Exception) -> str:
    """Why a picture could not be used, in one line."""
    if isinstance(error, PictureError):
        return str(error)
    if isinstance(error, Image.DecompressionBombError):
        return f"has more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels"
    if isinstance(error, UnidentifiedImageError):
        return "holds no picture in a known format"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    if isinstance(error, MemoryError):
        return "takes more memory than there is"
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."


def explained(data: bytes, error: Exception) -> Exception:
    """What a decoder's error means for a file: the error to raise in its place.

    Args:
        data: the whole file.
        error: what its decoder raised.
    """
    if isinstance(error, PictureError | MemoryError | Image.DecompressionBombError):
        return error
    if any(words in str(error).lower() for words in _OUT_OF_BYTES) or _ends_early(data):
        return TruncatedError()
    if not data:
        return PictureError("is empty")
    kind = _kind(data)
    if kind is not None:
        detail = "" if isinstance(error, UnidentifiedImageError) else f": {reason(error)}"
        return PictureError(f"holds {kind} that cannot be decoded{detail}")
    if isinstance(error, UnidentifiedImageError):
        what = _what(data)
        return PictureError(f"{reason(error)}{f', but {what}' if what else ''}")
    return PictureError(f"cannot be decoded: {reason(error)}")


def check_png(data: bytes) -> None:
    """Makes sure that a PNG is whole: Pillow decodes pixels without a look at their checksums.

    Raises:
        PictureError: a chunk is cut or damaged.
    """
    view = memoryview(data)
    for kind, start, end in _chunks(data):
        if end > len(data):
            raise TruncatedError
        checksum = int.from_bytes(view[end - 4 : end], "big")
        if kind in _DECODED_CHUNKS and zlib.crc32(view[start + 4 : end - 4]) != checksum:
            raise PictureError(f"is a PNG that is damaged: the checksum of its {kind.decode()} is another")


def _kind(data: bytes) -> str | None:
    """The format that a file's beginning promises."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:12] in {b"ftypavif", b"ftypavis"}:
        return "AVIF"
    if data.startswith(b"\xff\x4f\xff\x51") or data[4:8] == b"jP  ":
        return "JPEG 2000"
    return next((kind for beginning, kind in _PICTURES.items() if data.startswith(beginning)), None)


def _what(data: bytes) -> str | None:
    """What a file holds that is no picture, where its beginning tells."""
    beginning = data[:1024].lstrip(b"\xef\xbb\xbf\r\n\t ").lower()
    if not any(data):
        return "nothing but zeros"
    if data[4:].startswith(_HEIF):
        return "HEIC, to be converted to JPEG or PNG"
    if beginning.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if b"<svg" in beginning:
        return "an SVG drawing, to be rendered to PNG"
    known = next((what for start, what in _OTHERS.items() if data.startswith(start)), None)
    return known or ("text" if _is_text(data[:1024]) else None)


def _is_text(data: bytes) -> bool:
    try:
        return all(letter.isprintable() or letter.isspace() for letter in data.decode("utf-8"))
    except UnicodeDecodeError as error:
        return error.start > 0 and error.start >= len(data) - 3 and _is_text(data[: error.start])  # cut in a letter


def _ends_early(data: bytes) -> bool:
    """Whether a file stops before the place where its own structure says that it ends."""
    kind = _kind(data)
    if kind == "JPEG":
        return b"\xff\xda" not in data
    if kind == "PNG":
        return any(end > len(data) for _, _, end in _chunks(data))
    if kind == "WebP":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    if kind == "TIFF":
        return _tiff_ends_early(data)
    if kind == "JPEG 2000" and data.startswith(b"\xff\x4f"):
        return not data.endswith(b"\xff\xd9")
    pixels = b"mdat" if kind == "AVIF" else b"jp2c"
    return kind in {"AVIF", "JPEG 2000"} and (pixels not in data or max(_boxes(data)) > len(data))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk of a PNG, up to the last that belongs."""
    kind, end = b"", 8
    while kind != b"IEND" and end <= len(data):
        kind, start = data[end + 4 : end + 8], end
        end += 12 + int.from_bytes(data[start : start + 4], "big")
        yield kind, start, end


def _boxes(data: bytes) -> Iterator[int]:
    """Where each box of an ISO media file ends."""
    end = 0
    while end < len(data):
        size = int.from_bytes(data[end : end + 4], "big")
        if size == 1:
            size = int.from_bytes(data[end + 8 : end + 16], "big")
        end = len(data) if size == 0 else end + max(size, 8)
        yield end


def _tiff_ends_early(data: bytes) -> bool:
    """Whether the first page of a TIFF, or its strips of pixels, lie beyond the file's end."""
    order = "<" if data.startswith(b"I") else ">"
    try:
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, start)
        entries = [struct.unpack_from(f"{order}HHI", data, start + 2 + 12 * entry) for entry in range(count)]
        values = {}
        for entry, (tag, kind, number) in enumerate(entries):
            if kind in {3, 4}:  # 16 and 32 bits
                size, letter = (2, "H") if kind == 3 else (4, "I")
                place = start + 10 + 12 * entry
                if number * size > 4:
                    (place,) = struct.unpack_from(f"{order}I", data, place)
                values[tag] = struct.unpack_from(f"{order}{number}{letter}", data, place)
    except struct.error:
        return True
    strips = [values[tag] for pair in _TIFF_STRIPS if set(pair) <= set(values) for tag in pair]
    return any(sum(ends) > len(data) for ends in zip(*strips[:2], strict=False))
