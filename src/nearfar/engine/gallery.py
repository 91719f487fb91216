"""What the report shows of a run: views of some pictures, what is inside the network, and a sample of embeddings."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from PIL import Image
from torch import Tensor

from nearfar.data.decode import resize_center
from nearfar.data.pictures import Pictures
from nearfar.engine.encoder import Encoder
from nearfar.engine.image_spec import ImageSpec
from nearfar.engine.inside import attention, filter_sheet, overlay
from nearfar.engine.spec import EncoderSpec
from nearfar.records import SCHEMA, EmbeddingTable, RunFolder, write_json
from nearfar.views.draws import Draws
from nearfar.views.plan import ViewPlan
from nearfar.views.policy import Policy

__all__ = ["sample_rows", "write_inside", "write_sample", "write_views"]

SHOWN_PICTURES = 6
SAMPLE = 2000
TILE_LIMIT = 48
COLUMNS = 50


def write_views(files: RunFolder, source: Pictures, plan: ViewPlan, spec: EncoderSpec) -> None:
    """Writes some pictures and the views that the network saw of them.

    Args:
        files: the run's folder.
        source: the training pictures.
        plan: the views; those of full resolution are shown.
        spec: of the encoder.
    """
    assert isinstance(spec, ImageSpec)
    assert isinstance(plan.policy, Policy)
    size, seed = spec.size, spec.seed
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


def write_inside(files: RunFolder, encoder: Encoder) -> None:
    """Draws the filters of the first layer and, for vision transformers, the attention to the pictures of the views.

    Args:
        files: the run's folder; its gallery has the views, or attention is left out.
        encoder: what is looked into.
    """
    if not isinstance(encoder.spec, ImageSpec):
        return
    files.gallery.mkdir(exist_ok=True)
    found: dict[str, object] = {}
    sheet = filter_sheet(encoder.backbone)
    if sheet is not None:
        Image.fromarray(sheet.pixels).save(files.gallery / "filters.png")
        facts = {name: value for name, value in vars(sheet).items() if name != "pixels"}
        found["filters"] = {"image": "filters.png", **facts}
    maps = _write_attention(files, encoder, encoder.spec)
    if maps:
        found["attention"] = maps
    _extend(files, {"inside": found})


def _write_attention(files: RunFolder, encoder: Encoder, spec: ImageSpec) -> list[dict[str, object]]:
    """A map of attention over each picture of the views: what is known of it, for the page."""
    shown = _known(files).get("views", [])
    paths = [files.gallery / entry["original"] for entry in shown]
    if not paths or not all(path.exists() for path in paths):
        return []
    pictures = torch.stack([_opened(path, size=spec.size, channels=spec.channels) for path in paths])
    seen = attention(encoder.backbone, spec.view(pictures.to(encoder.device)))
    if seen is None:
        return []
    (files.gallery / "attention").mkdir(exist_ok=True)
    maps: list[dict[str, object]] = []
    for number, (entry, picture, each) in enumerate(zip(shown, pictures.numpy(), seen.maps, strict=True)):
        name = f"attention/{number}.png"
        Image.fromarray(overlay(picture, each, patch=seen.patch)).save(files.gallery / name)
        strongest = np.cumsum(np.sort(each.ravel())[::-1])
        half = int(np.searchsorted(strongest, 0.5)) + 1
        maps.append({"id": entry["id"], "original": entry["original"], "map": name, "half": half, "patches": each.size})
    return maps


def _opened(path: Path, *, size: int, channels: int) -> UInt8[Tensor, "c h w"]:
    with Image.open(path) as picture:
        return torch.from_numpy(resize_center(picture, size=size, channels=channels).copy())


def sample_rows(count: int, *, seed: int = 0) -> Int[np.ndarray, "m"]:
    """At most 2,000 rows out of `count`, in order.

    Args:
        count: how many rows there are.
        seed: of the choice.
    """
    return np.sort(np.random.default_rng(seed).permutation(count)[:SAMPLE])


def write_sample(
    files: RunFolder,
    source: Pictures,
    table: EmbeddingTable,
    *,
    name: str,
    predicted: Int[np.ndarray, "m"] | None = None,
    certainty: Float[np.ndarray, "m"] | None = None,
) -> None:
    """Writes the embeddings of some pictures and a sheet of their thumbnails.

    Args:
        files: the run's folder.
        source: the pictures; `sample_rows` chooses them.
        table: their embeddings, row by row.
        name: what they are, for people: "fashion-mini, test".
        predicted: the class that the linear probe gives each, as an index of the class names; -1 where it was not
            asked, because the picture has no label.
        certainty: the probability that it gives each picture's own class; 0 where it has no label.
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
    judged = {
        "predicted": None if predicted is None else predicted.tolist(),
        "certainty": None if certainty is None else [round(value, 4) for value in certainty.tolist()],
    }
    _extend(files, {"tile": tile, "columns": COLUMNS, "sprite": "sample.webp", "source": name, **judged})


def _extend(files: RunFolder, facts: dict[str, object]) -> None:
    """Puts facts beside those that are known; a fact that is None takes an older one away."""
    whole = {name: fact for name, fact in {**_known(files), **facts}.items() if fact is not None}
    write_json(files.gallery / "gallery.json", {**whole, "schema": SCHEMA})


def _known(files: RunFolder) -> dict[str, Any]:
    path: Path = files.gallery / "gallery.json"
    return json.loads(path.read_bytes()) if path.exists() else {}
