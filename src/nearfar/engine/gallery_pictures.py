"""Pictures as the report shows them: views as the network saw them, and a sheet of thumbnails."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from nearfar.data.decode import resize_center
from nearfar.data.pictures import Pictures
from nearfar.records import RunFolder
from nearfar.views.image_view import ImageView

__all__ = ["picture_views", "whole_pictures", "write_sprite"]

TILE_LIMIT = 48
COLUMNS = 50


def whole_pictures(source: Pictures, *, size: int) -> UInt8[Tensor, "n c h w"]:
    """All pictures, from which views are made.

    Args:
        source: few of them.
        size: pixels a side; of a picture that is no square its middle.
    """
    pictures = [resize_center(source.read(row), size=size, channels=source.channels) for row in range(len(source))]
    return torch.from_numpy(np.stack(pictures))


def picture_views(
    files: RunFolder,
    pictures: UInt8[Tensor, "n c h w"],
    views: Sequence[Float[Tensor, "n c s t"]],
    made: Sequence[ImageView],
) -> list[dict[str, Any]]:
    """Writes pictures and the views that the network saw of them.

    Args:
        files: the run's folder.
        pictures: the whole ones.
        views: of all of them, as often as they are seen.
        made: how each view is made.

    Returns:
        Of each picture the names of the files: `original` and `views`.
    """
    (files.gallery / "views").mkdir(exist_ok=True)
    shown = []
    for number, picture in enumerate(pictures):
        names = [f"views/{number}_{chr(ord('a') + place)}.png" for place in range(len(views))]
        _image(picture).save(files.gallery / f"views/{number}_original.png")
        for name, view, how in zip(names, views, made, strict=True):
            _image(_bytes(view[number], how.mean, how.std)).save(files.gallery / name)
        shown.append({"original": f"views/{number}_original.png", "views": names})
    return shown


def _bytes(view: Float[Tensor, "c h w"], mean: tuple[float, ...], std: tuple[float, ...]) -> UInt8[Tensor, "c h w"]:
    """A normalised view as a picture again."""
    light = view * torch.tensor(std)[:, None, None] + torch.tensor(mean)[:, None, None]
    return (light.clamp(0, 1) * 255).round().to(torch.uint8)


def _image(picture: UInt8[Tensor, "c h w"]) -> Image.Image:
    pixels = picture.permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def write_sprite(files: RunFolder, source: Pictures) -> dict[str, Any]:
    """Writes the thumbnails of pictures in one picture, row after row.

    Args:
        files: the run's folder.
        source: the pictures.

    Returns:
        The file's name, `sprite`, the side of a thumbnail in pixels, `tile`, and how many stand in a row, `columns`.
    """
    tile = int(min(TILE_LIMIT, np.median(source.sizes.min(axis=1))))
    sheet = np.zeros((source.channels, -(-len(source) // COLUMNS) * tile, COLUMNS * tile), dtype=np.uint8)
    for place in range(len(source)):
        top, left = tile * (place // COLUMNS), tile * (place % COLUMNS)
        picture = resize_center(source.read(place), size=tile, channels=source.channels)
        sheet[:, top : top + tile, left : left + tile] = picture
    _image(torch.from_numpy(sheet)).save(files.gallery / "sample.webp", quality=80)
    return {"tile": tile, "columns": COLUMNS, "sprite": "sample.webp"}
