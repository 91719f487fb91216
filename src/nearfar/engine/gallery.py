"""What the report shows of a run: views of some examples, what is inside the network, and a sample of embeddings."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from PIL import Image
from torch import Tensor

from nearfar.data.captioned import Captioned
from nearfar.data.decode import resize_center
from nearfar.data.pictures import Pictures
from nearfar.data.running import RunningText
from nearfar.data.sentences import Sentences
from nearfar.data.series import Series
from nearfar.data.some import HeldOut
from nearfar.data.source import Source
from nearfar.engine.encoder import Encoder
from nearfar.engine.gallery_made import examples_wanted, panels_of, solved_of, write_panels
from nearfar.engine.gallery_pictures import picture_views, whole_pictures, write_sprite
from nearfar.engine.gallery_series import series_views, thumbnails
from nearfar.engine.gallery_texts import encoded, given, shortened, text_views
from nearfar.engine.image_spec import ImageSpec
from nearfar.engine.inside import attention, filter_sheet, overlay
from nearfar.engine.series_spec import SeriesSpec
from nearfar.engine.spec import EncoderSpec
from nearfar.methods.method import Method
from nearfar.records import SCHEMA, EmbeddingTable, RunFolder, write_json
from nearfar.views.draws import Draws
from nearfar.views.pair_policy import PairPolicy
from nearfar.views.plan import ViewPlan
from nearfar.views.policy import Policy
from nearfar.views.series import SeriesPolicy
from nearfar.views.text_policy import TextPolicy
from nearfar.views.tokens import Tokens

__all__ = ["sample_rows", "write_inside", "write_made", "write_sample", "write_views"]

SHOWN_EXAMPLES = 6
SAMPLE = 2000


def write_views(files: RunFolder, source: Source, plan: ViewPlan, spec: EncoderSpec) -> None:
    """Writes some examples and the views that the network saw of them.

    Args:
        files: the run's folder.
        source: the training data.
        plan: the views; those of full resolution are shown.
        spec: of the encoder.
    """
    files.gallery.mkdir(parents=True, exist_ok=True)
    rows = _usable(source, plan.policy)
    rows = np.sort(np.random.default_rng(spec.seed).choice(rows, min(SHOWN_EXAMPLES, len(rows)), replace=False))
    shown = _views(files, source, rows, plan.policy, spec) if len(rows) else []
    _extend(files, {"views": [{"id": source.ids[row], **entry} for row, entry in zip(rows, shown, strict=True)]})


def _usable(source: Source, policy: Any) -> Int[np.ndarray, "m"]:
    """The rows of which the views can be made: of sentences whose next one is read too, those that have one."""
    if isinstance(policy, TextPolicy) and "next" in policy.takes:
        assert isinstance(source, Sentences)
        return RunningText.of(source).followed
    return np.arange(len(source))


def _views(files: RunFolder, source: Any, rows: Int[np.ndarray, "n"], policy: Any, spec: Any) -> list[dict[str, Any]]:
    """What is shown of each example: its picture, its texts or both, and the views of them."""
    draws = Draws.of(spec.seed, 0, torch.from_numpy(rows))
    if isinstance(policy, Policy):
        pictures = whole_pictures(source.select(rows), size=spec.size)
        return picture_views(files, pictures, policy(pictures, draws), policy.views)
    if isinstance(policy, SeriesPolicy):
        series = source.values(rows)
        return series_views(files, spec.view(series), policy(series, draws))
    if isinstance(policy, TextPolicy):
        texts = given(source, rows, takes=policy.takes, seed=spec.seed)
        return text_views(texts, policy(encoded(texts, spec), draws), spec)
    assert isinstance(policy, PairPolicy)
    some = source.select(rows)
    pictures, texts = whole_pictures(some.pictures, size=spec.image.size), {"text": some.captions.texts()}
    captions = encoded(texts, spec.text)
    assert isinstance(captions, Tokens)
    picture, text = policy((pictures, captions), draws)
    seen, read = picture_views(files, pictures, (picture,), policy.image.views), text_views(texts, (text,), spec.text)
    return [one | other for one, other in zip(seen, read, strict=True)]


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


def write_made(
    files: RunFolder, method: Method, spec: EncoderSpec, source: Source, *, held_out: HeldOut | None
) -> None:
    """Writes what a method makes of pictures or series: those it rebuilds or makes up, and the puzzles it solves.

    The same weights, seed and examples give the same files.

    Args:
        files: the run's folder.
        method: trained; of one that makes nothing, nothing is written.
        spec: of its encoder.
        source: the training examples, which stand in where none are held out.
        held_out: examples that the run has not learned from.
    """
    count = examples_wanted(method)
    if not count or not isinstance(spec, ImageSpec | SeriesSpec):
        return
    if held_out is None:
        some = source.select(np.random.default_rng(spec.seed).permutation(len(source))[:count])
    else:
        some = held_out.examples
    made = {"source": source.name, "split": None if held_out is None else held_out.split, "seed": spec.seed}
    panels = write_panels(files, panels_of(method, some, spec), spec)
    _extend(files, {"made": {**made, "solved": solved_of(method, some, spec), "panels": panels}})


def sample_rows(count: int, *, seed: int = 0) -> Int[np.ndarray, "m"]:
    """At most 2,000 rows out of `count`, in order.

    Args:
        count: how many rows there are.
        seed: of the choice.
    """
    return np.sort(np.random.default_rng(seed).permutation(count)[:SAMPLE])


def write_sample(
    files: RunFolder,
    source: Source,
    table: EmbeddingTable,
    *,
    name: str,
    predicted: Int[np.ndarray, "m"] | None = None,
    certainty: Float[np.ndarray, "m"] | None = None,
    captions: EmbeddingTable | None = None,
) -> None:
    """Writes the embeddings of some examples and what people see of each: its thumbnail, its text or both.

    Args:
        files: the run's folder.
        source: the examples; `sample_rows` chooses them.
        table: their embeddings, row by row.
        name: what they are, for people: "fashion-mini, test".
        predicted: the class that the linear probe gives each, as an index of the class names; -1 where it was not
            asked, because the example has no label.
        certainty: the probability that it gives each example's own class; 0 where it has no label.
        captions: of pictures with captions the embeddings of the captions, row by row; None leaves out what is found
            by them.
    """
    files.gallery.mkdir(exist_ok=True)
    pictures, texts = _halves(source)
    thumbnails = {"tile": None, "columns": None, "sprite": None} if pictures is None else write_sprite(files, pictures)
    words = None if texts is None else [shortened(text) for text in texts.texts()]
    table.write(files.gallery / "sample.parquet")
    if captions is None:
        (files.gallery / "sample-text.parquet").unlink(missing_ok=True)
    else:
        captions.write(files.gallery / "sample-text.parquet")
    judged = {
        "predicted": None if predicted is None else predicted.tolist(),
        "certainty": None if certainty is None else [round(value, 4) for value in certainty.tolist()],
    }
    _extend(files, {**thumbnails, "texts": words, "source": name, **judged})


def _halves(source: Source) -> tuple[Pictures | None, Sentences | None]:
    """The pictures and the texts of a source, where it has any; series are drawn."""
    if isinstance(source, Pictures):
        return source, None
    if isinstance(source, Series):
        return thumbnails(source), None
    if isinstance(source, Sentences):
        return None, source
    assert isinstance(source, Captioned)
    return source.pictures, source.captions


def _extend(files: RunFolder, facts: dict[str, object]) -> None:
    """Puts facts beside those that are known; a fact that is None takes an older one away."""
    whole = {name: fact for name, fact in {**_known(files), **facts}.items() if fact is not None}
    write_json(files.gallery / "gallery.json", {**whole, "schema": SCHEMA})


def _known(files: RunFolder) -> dict[str, Any]:
    path: Path = files.gallery / "gallery.json"
    return json.loads(path.read_bytes()) if path.exists() else {}
