"""Pictures in a zip, laid out like a folder; and what archives of any kind may not hold."""

import bz2
import io
import posixpath
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from nearfar.data._containers.layout import Layout, arrange, in_words, is_litter
from nearfar.data._containers.ranges import read_range
from nearfar.data._containers.store import Container, EncodedStore, is_picture, names_a_picture
from nearfar.data._containers.unusable import PictureError

__all__ = ["LARGEST", "LINK", "TOO_LARGE", "Member", "ZipStore", "chosen", "open_zip"]

LARGEST = 1 << 30
"""A member of more bytes than this is no picture, whatever it says."""

LINK = "is a link"
TOO_LARGE = "holds more than 1 GiB"

_LOCAL_HEADER = struct.Struct("<26xHH")
_UNPACK: dict[int, Callable[[bytes, int], bytes]] = {
    zipfile.ZIP_STORED: lambda data, size: data,
    zipfile.ZIP_DEFLATED: lambda data, size: zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, size or 1),
    zipfile.ZIP_BZIP2: lambda data, size: bz2.BZ2Decompressor().decompress(data, size),
}
_UNICODE_PATH = 0x7075


class Member(NamedTuple):
    """What an archive says of one of its files.

    Attributes:
        path: its name, with forward slashes.
        size: its number of bytes, unpacked.
        refused: why it is not looked at; None if it is.
        archive: which of several archives it is in.
    """

    path: str
    size: int
    refused: str | None = None
    archive: int = 0


class ZipStore(EncodedStore):
    """Files inside one zip, found by the numbers of its directory; nothing is kept open."""

    def __init__(self, path: Path, facts: Int[np.ndarray, "n 5"]) -> None:
        """Remembers where members are, and how they are packed.

        Args:
            path: the zip.
            facts: of each member its place, size packed, size unpacked, checksum and kind of packing.
        """
        self.path = path
        self.facts = facts

    def content(self, position: int) -> bytes:
        """The member's bytes.

        Raises:
            PictureError: they are damaged.
        """
        start, packed_size, size, checksum, packing = self.facts[position].tolist()
        header = read_range(self.path, start, 30)
        if not header.startswith(b"PK\x03\x04"):
            raise PictureError("is not where the zip's directory says")
        packed = read_range(self.path, start + 30 + sum(_LOCAL_HEADER.unpack(header)), packed_size)
        try:
            data = _UNPACK[packing](packed, size)
        except (zlib.error, OSError) as error:
            raise PictureError(f"cannot be unpacked: {error}") from error
        if len(data) != size or zlib.crc32(data) != checksum:
            raise PictureError("is damaged: its checksum is another")
        return data


def open_zip(path: Path, *, name: str) -> Container:
    """Lists the pictures in a zip.

    Args:
        path: the zip.
        name: what the user called it.

    Raises:
        zipfile.BadZipFile: it cannot be read.
    """
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
    facts = [(each.header_offset, each.compress_size, each.file_size, each.CRC, each.compress_type) for each in infos]
    store = ZipStore(path, np.array(facts, dtype=np.int64).reshape(-1, 5))
    members = [Member(_path(info), info.file_size, _zip_refusal(info)) for info in infos]
    order, layout, skipped = chosen(dict(enumerate(members)), store)
    store = ZipStore(path, store.facts[order])
    return Container(name, store, layout.ids, layout.labels, layout.class_names, layout.splits, skipped)


def chosen(
    members: Mapping[int, Member], store: EncodedStore
) -> tuple[np.ndarray, Layout, tuple[tuple[str, str], ...]]:
    """Which members of an archive are pictures, how they are laid out, and what was left out.

    Args:
        members: those to look at, by their place in the store.
        store: opens them.

    Returns:
        Places of the pictures, in the layout's order; their layout; path and reason of what was left out.
    """
    found: dict[tuple[int, str], int] = {}
    skipped = []
    for place, member in members.items():
        path = posixpath.normpath(member.path)
        if _leads_out(member.path):
            skipped.append((in_words(member.path), "leads out of the archive"))
        elif is_litter(path):
            continue
        elif member.refused is not None:
            if member.refused == LINK or names_a_picture(path):
                skipped.append((in_words(path), member.refused))
        elif names_a_picture(path) or _holds_picture(member, store, place):
            if (member.archive, path) in found:
                skipped.append((in_words(path), "is in the archive twice; the later one counts"))
            found[member.archive, path] = place
    layout = arrange([path for _, path in found])
    order = np.array(list(found.values()), dtype=np.int64)[list(layout.order)]
    return order, layout, (*skipped, *layout.skipped)


def _leads_out(path: str) -> bool:
    """Whether a path inside an archive names a place outside of it."""
    return path.startswith("/") or re.match("[A-Za-z]:", path) is not None or ".." in path.split("/")


def _holds_picture(member: Member, store: EncodedStore, place: int) -> bool:
    """Looks into a file whose name promises nothing; a promise is trusted, for people want to hear of one broken."""
    try:
        return member.size <= LARGEST and is_picture(io.BytesIO(store.content(place)))
    except (OSError, PictureError):
        return False


def _zip_refusal(info: zipfile.ZipInfo) -> str | None:
    if stat.S_ISLNK(info.external_attr >> 16):
        return LINK
    if info.flag_bits & 1:
        return "is encrypted"
    if info.compress_type not in _UNPACK:
        return f"is packed by method {info.compress_type}; pack it anew with deflate"
    return TOO_LARGE if max(info.file_size, info.compress_size) > LARGEST else None


def _path(info: zipfile.ZipInfo) -> str:
    """A member's name in the script it was given in.

    A zip has a flag for names in UTF-8 and a field for them; without either, names were meant in whatever the writer
    used. Most write UTF-8 all the same; what is none of it is read as the zip standard has it, in code page 437.
    """
    path = info.orig_filename.partition("\0")[0]
    if not info.flag_bits & 0x800:
        raw = path.encode("cp437")
        path = _unicode_path(info.extra, raw) or _decoded(raw) or path
    if info.create_system == 0 and "/" not in path:  # written on DOS or Windows, some with its separators
        path = path.replace("\\", "/")
    return path


def _decoded(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The name in UTF-8 that Info-ZIP keeps beside one in another code, if it belongs to that one."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and len(field) > 5 and struct.unpack_from("<BI", field) == (1, zlib.crc32(raw)):
            return _decoded(field[5:])
    return None
