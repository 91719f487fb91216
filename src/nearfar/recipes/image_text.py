"""Recipes for pictures with captions.

    nearfar pretrain clip DATA

learns two small networks from chance, in minutes on a CPU. On a GPU, and for larger pictures, add
`--backbone resnet50+transformer --batch-size 1024`.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nearfar.data.captioned import Captioned
from nearfar.data.source import Source
from nearfar.engine.encoder import Encoder
from nearfar.engine.image_spec import ImageSpec
from nearfar.engine.image_text_spec import ImageTextSpec
from nearfar.engine.settings import Settings
from nearfar.engine.spec import EncoderSpec
from nearfar.engine.text_spec import TextSpec
from nearfar.errors import complaint
from nearfar.networks.published import PUBLISHED
from nearfar.networks.published_vit import published_vit
from nearfar.recipes.book import Book
from nearfar.recipes.image import PictureBook
from nearfar.recipes.recipe import Recipe, with_counts
from nearfar.recipes.text import TextBook, begun, learned
from nearfar.records import RunFolder
from nearfar.views.image_view import ImageView
from nearfar.views.pair_policy import PairPolicy
from nearfar.views.policy import Policy
from nearfar.views.text_policy import twins

__all__ = ["ImageTextBook", "for_image_text"]

BETWEEN = "+"
"""What stands between the names of the two towers."""

SHARED = Recipe(
    backbone="small+transformer",
    network={"dim": 256, "depth": 2, "max_length": 32, "pooling": "mean", "vocab_size": 8000},
    batch_size=128,
    optimizer="muon",
    learning_rate=0.02,
    weight_decay=0.0,
    warmup=0.05,
    epochs=50,
    least_steps=300,
    start_stem=False,
    stages=((0.0, 0.5), (0.5, 0.75), (0.8, 1.0)),
    views={"crop_scale": (0.6, 1.0)},
)
"""What the methods share. Pictures are cropped and never mirrored: captions speak of left and right."""


def for_image_text(method: str, *, begun: bool = False) -> Recipe:
    """The recipe of a method for pictures with captions.

    Args:
        method: its name on the command line; one without settings of its own has the shared ones.
        begun: whether a network begins from trained weights.
    """
    return replace(SHARED, learning_rate=0.005, stages=((0.0, 1.0),)) if begun else SHARED


class ImageTextBook(Book):
    """Recipes for pictures with captions, and the encoders and views that they are of."""

    flags = (*PictureBook.flags, *TextBook.flags)

    def recipe(self, method: str, said: Mapping[str, Any], source: Source) -> Recipe:
        return with_counts(for_image_text(method, begun=said["init"] is not None), source)

    def spec(self, recipe: Recipe, said: Mapping[str, Any], source: Source, seed: int) -> ImageTextSpec:
        assert isinstance(source, Captioned)
        known = _known(said["init"])
        if isinstance(known, ImageTextSpec):
            return replace(known, seed=seed)
        names = _names(said["backbone"] or recipe.backbone)
        image, text = (dict(said) | {"backbone": name, "init": None} for name in names)
        if (said["init"] or "").startswith("timm:") or published_vit(said["init"]) is not None:
            image |= {"init": said["init"], "backbone": None}
        book = PictureBook()
        if isinstance(known, ImageSpec):
            of_pictures = book.alike(known, source.pictures, known.seed)
        else:
            of_pictures = book.spec(recipe, image, source.pictures, seed)
        of_texts = _text(said, text, recipe, source, seed, known)
        name = f"{of_pictures.backbone}{BETWEEN}{of_texts.backbone}"
        return ImageTextSpec(backbone=name, seed=seed, image=of_pictures, text=of_texts)

    def alike(self, spec: EncoderSpec, source: Source, seed: int) -> ImageTextSpec:
        assert isinstance(spec, ImageTextSpec)
        return replace(spec, seed=seed)

    def again(self, settings: Settings) -> Recipe:
        return for_image_text(settings.method, begun=settings.init is not None)

    def policy(self, settings: Settings) -> PairPolicy:
        spec = settings.spec
        assert isinstance(spec, ImageTextSpec)
        image = spec.image
        view = ImageView(
            size=image.size, mean=image.mean, std=image.std, flip=0.0, jitter=0.0, grayscale=0.0, **settings.views
        )
        return PairPolicy(Policy((view,)).without(settings.without), twins(1))

    def shape(self, settings: Settings) -> str:
        spec = settings.spec
        assert isinstance(spec, ImageTextSpec)
        return (
            f"{spec.image.backbone} at {spec.image.size} px, {spec.text.backbone} of {len(spec.text.tokens):,} tokens"
        )


def _known(init: str | None) -> EncoderSpec | None:
    """The spec of a run to begin from; None where there is none."""
    if init is None or not RunFolder(Path(init)).encoder.exists():
        return None
    return Encoder.load(Path(init)).spec


def _text(
    said: Mapping[str, Any], tower: Mapping[str, Any], recipe: Recipe, source: Captioned, seed: int,
    known: EncoderSpec | None,
) -> TextSpec:  # fmt: skip
    """The tower of texts."""
    if isinstance(known, TextSpec):
        return known
    if said["init"] is not None and said["init"].startswith(PUBLISHED):
        return begun({**tower, "init": said["init"], "backbone": None}, seed)
    return learned(said, recipe, source.captions, backbone=tower["backbone"], seed=seed)


def _names(both: str) -> list[str]:
    """The names of the two networks."""
    names = both.split(BETWEEN)
    if len(names) != 2 or not all(names):
        constraint = "the networks of pictures and of texts"
        raise ValueError(complaint("pretrain", "backbone", constraint, both, "Try small+transformer"))
    return names
