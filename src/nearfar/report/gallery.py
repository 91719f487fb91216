"""The gallery's pictures and texts, made ready to be part of the page."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from nearfar.errors import RunError, complaint
from nearfar.report.texts import Seen, read_seen

__all__ = [
    "Inside",
    "Look",
    "Picture",
    "Shown",
    "Sprite",
    "data_url",
    "path_inside",
    "read_inside",
    "read_sprite",
    "read_views",
    "to_compare",
]

SPRITE_BYTES = 1_600_000
"""The most a sprite may take: inlined it grows by a third, and the page stays below 3 MB."""

VIEW_SIDE = 192
"""Views are shown at 96 px: twice that serves a fine screen."""

SMALL_SIDE = VIEW_SIDE // 2
"""Smaller pictures are shown enlarged, with their pixels sharp."""


@dataclass(frozen=True)
class Picture:
    """A picture as the page holds it.

    Attributes:
        url: a data URL.
        width: pixels.
        height: pixels.
    """

    url: str
    width: int
    height: int

    @property
    def is_small(self) -> bool:
        """Whether it is shown enlarged: then with its pixels sharp."""
        return max(self.width, self.height) < SMALL_SIDE


@dataclass(frozen=True)
class Sprite:
    """The thumbnails of a sample, row-major in one picture.

    Attributes:
        image: all tiles, RGB.
        url: the same as a data URL.
        tile: the side of a tile, in pixels.
        columns: tiles in a row.
    """

    image: Image.Image
    url: str
    tile: int
    columns: int

    def crop(self, row: int) -> Picture:
        """One example's thumbnail."""
        x, y = row % self.columns * self.tile, row // self.columns * self.tile
        return _picture(self.image.crop((x, y, x + self.tile, y + self.tile)))


def read_sprite(gallery: Path, about: Mapping[str, Any], *, examples: int) -> Sprite | None:
    """The sprite that `gallery.json` names; None where there is none.

    Args:
        gallery: the folder.
        about: what `gallery.json` holds.
        examples: how many tiles it must have.

    Raises:
        RunError: the sprite has too few tiles.
    """
    path = path_inside(gallery, about.get("sprite"))
    if path is None:
        return None
    raw = path.read_bytes()
    with Image.open(io.BytesIO(raw)) as opened:
        form, image = opened.format, opened.convert("RGB")
    tile, columns = int(about["tile"]), int(about["columns"])
    if image.width < tile * min(columns, examples) or image.height < tile * -(-examples // columns):
        raise RunError(
            complaint(
                "write_report",
                str(path),
                f"a sprite of {examples} tiles of {tile} px in {columns} columns",
                image.size,
                "Make the gallery anew",
            )
        )
    url = data_url(raw, form) if form in ("PNG", "WEBP", "JPEG") and len(raw) <= SPRITE_BYTES else _smaller(image)
    return Sprite(image, url, tile, columns)


def _smaller(image: Image.Image) -> str:
    raw = b""
    for quality in (85, 70, 50, 30):
        raw = _encoded(image, quality=quality)
        if len(raw) <= SPRITE_BYTES:
            break
    return data_url(raw, "WEBP")


@dataclass(frozen=True)
class Shown:
    """An example and the views that the network saw of it.

    Attributes:
        id: its name.
        original: the picture; None where it is none.
        views: those of the picture.
        words: its texts and what was read of them; None where it has none.
    """

    id: str
    original: Picture | None
    views: tuple[Picture, ...]
    words: Seen | None


def read_views(gallery: Path, about: Mapping[str, Any]) -> list[Shown]:
    """Each shown example whose pictures are all there."""
    shown = []
    for entry in about.get("views", []):
        names = [entry[key] for key in ("original",) if key in entry] + list(entry.get("views", ()))
        paths = [path_inside(gallery, name) for name in names]
        if all(paths):
            pictures = [_read(path) for path in paths if path]
            original = pictures[0] if pictures else None
            shown.append(Shown(str(entry["id"]), original, tuple(pictures[1:]), read_seen(entry)))
    return shown


@dataclass(frozen=True)
class Look:
    """Where the last attention of a network looks in a picture.

    Attributes:
        id: the picture's name.
        original: it.
        map: it in gray, under the attention to its patches.
        half: on how few patches half of the attention lies.
        patches: how many there are.
    """

    id: str
    original: Picture
    map: Picture
    half: int
    patches: int


@dataclass(frozen=True)
class Inside:
    """What is seen inside a network.

    Attributes:
        sheet: the filters of its first layer; None where there are none to see.
        filters: `shown` and `count`, the `side` of a filter and its `channels`.
        looks: where a transformer looks.
    """

    sheet: Picture | None
    filters: Mapping[str, Any]
    looks: tuple[Look, ...]


def read_inside(gallery: Path, about: Mapping[str, Any]) -> Inside | None:
    """What `gallery.json` says is inside the network; None where nobody has looked."""
    found = about.get("inside")
    if found is None:
        return None
    filters = found.get("filters") or {}
    path = path_inside(gallery, filters.get("image"))
    looks = []
    for entry in found.get("attention") or ():
        paths = [path_inside(gallery, entry[name]) for name in ("original", "map")]
        if all(paths):
            original, seen = (_read(path) for path in paths if path)
            looks.append(Look(str(entry["id"]), original, seen, int(entry["half"]), int(entry["patches"])))
    return Inside(None if path is None else _as_it_is(path), filters, tuple(looks))


def path_inside(gallery: Path, name: object) -> Path | None:
    """A file that the gallery names, if it is there; a name that leads out of the gallery is none of its files.

    Args:
        gallery: the folder.
        name: as it stands in `gallery.json`.
    """
    if not isinstance(name, str):
        return None
    path = (gallery / name).resolve()
    return path if path.is_relative_to(gallery.resolve()) and path.is_file() else None


def _read(path: Path) -> Picture:
    with Image.open(path) as image:
        picture = image.convert("RGB")
    picture.thumbnail((VIEW_SIDE, VIEW_SIDE))
    return _picture(picture)


def _as_it_is(path: Path) -> Picture:
    """A drawing, whose every pixel counts: neither made small nor compressed with loss."""
    with Image.open(path) as image:
        width, height, form = image.width, image.height, image.format
    return Picture(data_url(path.read_bytes(), form or "PNG"), width, height)


def to_compare(image: Image.Image) -> Picture:
    """A picture beside others that it is to be compared with: a small one to the last pixel, a larger one made small.

    Args:
        image: in RGB, or in RGBA where parts of it are not there.
    """
    if max(image.size) < SMALL_SIDE:
        return Picture(data_url(_encoded(image, lossless=True), "WEBP"), image.width, image.height)
    image.thumbnail((VIEW_SIDE, VIEW_SIDE))
    return _picture(image)


def _picture(image: Image.Image) -> Picture:
    return Picture(data_url(_encoded(image), "WEBP"), image.width, image.height)


def _encoded(image: Image.Image, *, quality: int = 88, lossless: bool = False) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", quality=quality, lossless=lossless, method=4)
    return file.getvalue()


def data_url(raw: bytes, form: str) -> str:
    """A picture file as a URL that needs no request."""
    return f"data:image/{form.lower()};base64,{base64.b64encode(raw).decode()}"
