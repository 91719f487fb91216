"""What the report shows of a run: views of some pictures, and a sample of embeddings with thumbnails."""

import json
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from PIL import Image
from torch import Tensor

from nearfar.data.decode import resize_center
from nearfar.data.pictures import Pictures
from nearfar.records import SCHEMA, EmbeddingTable, RunFolder, write_json
from nearfar.views.draws import Draws
from nearfar.views.plan import ViewPlan

__all__ = ["sample_rows", "write_sample", "write_views"]

SHOWN_PICTURES = 6
SAMPLE = 2000
TILE_LIMIT = 48
COLUMNS = 50


def write_views(files: RunFolder, source: Pictures, plan: ViewPlan, *, size: int, seed: int) -> None:
    """Writes some pictures and the views that the network saw of them.

    Args:
        files: the run's folder.
        source: the training pictures.
        plan: the views; those of full resolution are shown.
        size: side of the views in pixels.
        seed: of the choice.
    """
    folder = files.gallery / "views"
    folder.mkdir(parents=True, exist_ok=True)
    rows = np.sort(np.random.default_rng(seed).choice(len(source), min(SHOWN_PICTURES, len(source)), replace=False))
    shown = []
    for number, row in enumerate(rows):
        picture = torch.from_numpy(resize_center(source.read(int(row)), size=size, channels=source.channels).copy())
        views = plan.policy(picture[None], Draws.of(seed, 0, torch.tensor([int(row)])))
        names = [f"views/{number}_{chr(ord('a') + v)}.png" for v in range(len(views))]
        _image(picture).save(files.gallery / f"views/{number}_original.png")
        for name, view, made in zip(names, views, plan.policy.views, strict=True):
            _image(_bytes(view[0], made.mean, made.std)).save(files.gallery / name)
        shown.append({"id": source.ids[row], "original": f"views/{number}_original.png", "views": names})
    _extend(files, {"views": shown})


def _bytes(view: Float[Tensor, "c h w"], mean: tuple[float, ...], std: tuple[float, ...]) -> UInt8[Tensor, "c h w"]:
    """A normalised view as a picture again."""
    light = view * torch.tensor(std)[:, None, None] + torch.tensor(mean)[:, None, None]
    return (light.clamp(0, 1) * 255).round().to(torch.uint8)


def _image(picture: UInt8[Tensor, "c h w"]) -> Image.Image:
    pixels = picture.permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def sample_rows(count: int, *, seed: int = 0) -> Int[np.ndarray, "m"]:
    """At most 2,000 rows out of `count`, in order.

    Args:
        count: how many rows there are.
        seed: of the choice.
    """
    return np.sort(np.random.default_rng(seed).permutation(count)[:SAMPLE])


def write_sample(files: RunFolder, source: Pictures, table: EmbeddingTable, *, name: str) -> None:
    """Writes the embeddings of some pictures and a sheet of their thumbnails.

    Args:
        files: the run's folder.
        source: the pictures; `sample_rows` chooses them.
        table: their embeddings, row by row.
        name: what they are, for people: "fashion-mini, test".
    """
    files.gallery.mkdir(exist_ok=True)
    tile = int(min(TILE_LIMIT, np.median(source.sizes.min(axis=1))))
    sheet = np.zeros((source.channels, -(-len(source) // COLUMNS) * tile, COLUMNS * tile), dtype=np.uint8)
    for place in range(len(source)):
        top, left = tile * (place // COLUMNS), tile * (place % COLUMNS)
        picture = resize_center(source.read(place), size=tile, channels=source.channels)
        sheet[:, top : top + tile, left : left + tile] = picture
    _image(torch.from_numpy(sheet)).save(files.gallery / "sample.webp", quality=80)
    table.write(files.gallery / "sample.parquet")
    _extend(files, {"tile": tile, "columns": COLUMNS, "sprite": "sample.webp", "source": name})


def _extend(files: RunFolder, facts: dict[str, object]) -> None:
    path: Path = files.gallery / "gallery.json"
    known = json.loads(path.read_bytes()) if path.exists() else {}
    write_json(path, {**known, **facts, "schema": SCHEMA})
