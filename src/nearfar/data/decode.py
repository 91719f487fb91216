"""From an opened picture to uint8 pixels: upright, gray or RGB, and no more of it decoded than is wanted."""

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Shaped, UInt8
from PIL import Image, ImageCms
from torch import Tensor

__all__ = ["crop_resize", "crops", "cut", "decode", "is_gray", "resize_center", "upright", "upright_size"]

_ORIENTATION = 0x0112
_FULL_SCALES = {"F": (1.0, 255.0, 65_535.0), "I": (255.0, 4_095.0, 65_535.0), "I;16": (255.0, 4_095.0, 65_535.0)}
_OVERSHOOT = 1.1  # of floating-point values, as resampling leaves it
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def is_gray(picture: Image.Image) -> bool:
    """Whether one channel holds all of the picture; a palette counts as colour."""
    return picture.mode in {"1", "L", "LA", "La", "I", "F"} or picture.mode.startswith("I;16")


def upright_size(picture: Image.Image) -> tuple[int, int]:
    """Height and width that the picture has once it stands upright, read from its header where that says so."""
    width, height = picture.size
    return (width, height) if _orientation(picture) >= 5 else (height, width)


def upright(picture: Image.Image) -> Image.Image:
    """The picture as people see it, in mode L or RGB.

    EXIF orientation is applied; transparency lies on white; colour profiles are ignored, so that numbers mean sRGB.
    Values of more than 8 bits are divided by the least of these that holds them all: 255, 4,095 and 65,535 for
    integers, 1, 255 and 65,535 for floating point (an overshoot of a tenth is cut), or their maximum. What is negative
    or not finite is black.
    """
    orientation = _orientation(picture)
    picture = _flattened(picture)
    if orientation > 1:
        picture = picture.transpose(_TURNS[orientation])
        picture.info.clear()  # or the orientation would be applied again by whoever opens the copy
    return picture


def decode(picture: Image.Image, *, channels: int) -> UInt8[np.ndarray, "c h w"]:
    """All pixels of a picture.

    Args:
        picture: any opened picture.
        channels: 1 for gray or 3 for RGB.
    """
    return np.ascontiguousarray(_pixels(upright(picture), channels).transpose(2, 0, 1))


def resize_center(picture: Image.Image, *, size: int, channels: int) -> UInt8[np.ndarray, "c {size} {size}"]:
    """The centre square of a picture at one size: what evaluation and embedding see.

    The shorter side becomes `size`, with antialiasing; a picture that has the size already stays as it is.

    Args:
        picture: any opened picture; a JPEG that is not yet decoded is decoded at a reduced scale.
        size: height and width of the result in pixels.
        channels: 1 for gray or 3 for RGB.
    """
    height, width = upright_size(picture)
    side = float(min(height, width))
    return crop_resize(picture, ((height - side) / 2, (width - side) / 2, side, side), size=size, channels=channels)


def crop_resize(
    picture: Image.Image, box: Sequence[float], *, size: int, channels: int
) -> UInt8[np.ndarray, "c {size} {size}"]:
    """One crop of a picture, resampled with antialiasing.

    Args:
        picture: any opened picture; a JPEG that is not yet decoded is decoded at the least scale that the crop needs.
        box: top, left, height and width of the crop in pixels of the upright picture.
        size: height and width of the result in pixels.
        channels: 1 for gray or 3 for RGB.
    """
    return crops(picture, [(box, size)], channels=channels)[0]


def crops(
    picture: Image.Image, wanted: Iterable[tuple[Sequence[float], int]], *, channels: int
) -> list[UInt8[np.ndarray, "c _ _"]]:
    """Several crops of a picture, which is decoded once, at the scale that the most demanding crop needs.

    Args:
        picture: any opened picture.
        wanted: box and size of each crop, as `crop_resize` takes them.
        channels: 1 for gray or 3 for RGB.
    """
    wanted = list(wanted)
    height, width = upright_size(picture)
    _draft(picture, min(min(box[2], box[3]) / size for box, size in wanted))
    pixels = _pixels(upright(picture), channels)
    down, across = pixels.shape[0] / height, pixels.shape[1] / width
    return cut(pixels, ((np.multiply(box, (down, across, down, across)), size) for box, size in wanted))


def cut(
    pixels: UInt8[np.ndarray, "h w c"], wanted: Iterable[tuple[Sequence[float] | np.ndarray, int]]
) -> list[UInt8[np.ndarray, "c _ _"]]:
    """Crops of decoded pixels, resampled with antialiasing.

    It is the filter of `views.crop_resize`, which sees nothing outside the box, by torch: several times Pillow's speed.

    Args:
        pixels: channels last, as torch resamples them fastest.
        wanted: box and size of each crop; boxes are brought to whole pixels.
    """
    planes = torch.from_numpy(pixels).unsqueeze(0).permute(0, 3, 1, 2)  # numpy's new axis would hide the memory's order
    return [_resampled(planes, box, size) for box, size in wanted]


def _draft(picture: Image.Image, scale: float) -> None:
    """Lets a JPEG decode at 1/2, 1/4 or 1/8, whichever is the least that keeps the crop no smaller than its output."""
    if scale >= 2 and picture.format in {"JPEG", "MPO"}:
        picture.draft(picture.mode, (max(1, int(picture.width / scale)), max(1, int(picture.height / scale))))


def _resampled(
    planes: UInt8[Tensor, "1 c h w"], box: Sequence[float] | np.ndarray, size: int
) -> UInt8[np.ndarray, "c {size} {size}"]:
    top, left, height, width = (float(edge) for edge in box)
    rows, columns = _whole(top, height, planes.shape[2]), _whole(left, width, planes.shape[3])
    part = planes[:, :, rows, columns]
    if part.shape[2:] != (size, size):
        part = F.interpolate(part, (size, size), mode="bilinear", antialias=True)
    return part[0].numpy()


def _whole(start: float, extent: float, length: int) -> slice:
    """At least one pixel, inside."""
    count = max(1, min(length, round(extent)))
    first = max(0, min(length - count, round(start)))
    return slice(first, first + count)


def _pixels(picture: Image.Image, channels: int) -> UInt8[np.ndarray, "h w c"]:
    mode = "L" if channels == 1 else "RGB"
    pixels = np.array(picture if picture.mode == mode else picture.convert(mode))  # convert copies whatever the mode
    return pixels.reshape(*pixels.shape[:2], channels)


def _orientation(picture: Image.Image) -> int:
    if picture.format == "TIFF":  # Pillow turns these itself
        return 1
    try:
        orientation = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # EXIF blocks hold anything, and their reader raises anything; the pixels are fine without them
        return 1
    return orientation if orientation in _TURNS else 1


def _flattened(picture: Image.Image) -> Image.Image:
    """In mode L or RGB, without transparency."""
    mode = "L" if is_gray(picture) else "RGB"
    if picture.mode in {"I", "F"} or picture.mode.startswith("I;16"):
        return Image.fromarray(_eight_bit(np.asarray(picture), picture.mode, picture.info.get("transparency")))
    if picture.has_transparency_data:
        picture = picture.convert("LA" if mode == "L" else "RGBA")
        white = Image.new(mode, picture.size, "white")
        white.paste(picture.convert(mode), mask=picture.getchannel("A"))
        return white
    if picture.mode == "LAB":
        return _lab_to_rgb().apply(picture)
    return picture if picture.mode == mode else picture.convert(mode)


@cache
def _lab_to_rgb() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")


def _eight_bit(values: Shaped[np.ndarray, "h w"], mode: str, transparent: object) -> UInt8[np.ndarray, "h w"]:
    """Gray of 8 bits from gray of more; the one value that a PNG may call transparent becomes white."""
    scaled = np.nan_to_num(values.astype(np.float32), copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    top = float(scaled.max())
    slack = _OVERSHOOT if mode == "F" else 1.0
    full = next((scale for scale in _FULL_SCALES[mode[:4]] if slack * scale >= top), top)
    pixels = np.rint(np.clip(scaled * (255 / full), 0, 255, out=scaled), out=scaled).astype(np.uint8)
    if isinstance(transparent, int):
        pixels[values == transparent] = 255
    return pixels
