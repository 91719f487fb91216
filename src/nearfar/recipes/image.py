"""Recipes for pictures.

    nearfar pretrain METHOD DATA

takes the recipe for the method and for the size of the pictures. Up to 64 pixels a side it is one for minutes on a CPU,
whose cost and score are in `benchmarks/README.md`; on a GPU, and for larger pictures, add
`--backbone resnet50 --batch-size 1024`. What is left out here, the heads' widths above all, is as in the papers.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nearfar.data.pictures import Pictures
from nearfar.data.plain import channel_statistics
from nearfar.data.source import Source
from nearfar.engine.image_spec import ImageSpec
from nearfar.engine.settings import Settings
from nearfar.engine.spec import EncoderSpec
from nearfar.errors import DataError, complaint
from nearfar.networks.published import PUBLISHED
from nearfar.networks.published_vit import PublishedViT, published_vit
from nearfar.recipes.book import Book
from nearfar.recipes.recipe import Recipe, with_counts
from nearfar.views.policies import byol, dino, simclr, swav, weak
from nearfar.views.policy import Policy

__all__ = ["SMALL_ONES", "PictureBook", "for_pictures", "view_size"]

SMALL_LIMIT = 64
"""Up to this many pixels a side the recipe for small pictures holds."""
LARGEST = 224

SMALL = Recipe(
    backbone="small",
    batch_size=128,
    optimizer="muon",
    learning_rate=0.02,
    weight_decay=0.0,
    warmup=0.05,
    epochs=50,
    stages=((0.0, 0.5), (0.5, 0.75), (0.8, 1.0)),
    start_stem=True,
    options={"hidden_dim": 512, "projection_dim": 128},
    views={"strength": 0.5, "crop_scale": (0.2, 1.0)},
)
"""What the methods share for pictures of 64 pixels and less.

The rate of Muon's matrices is 0.02 at a batch of 128 and follows the square root of the batch. On a CPU, in minutes,
more steps are worth more than more negatives.
"""

LARGE = replace(SMALL, backbone="resnet18", epochs=100, options={})
"""What the methods share for larger pictures."""

_ASYMMETRIC: Mapping[str, Any] = {"policy": byol, "views": {"crop_scale": (0.2, 1.0)}}
_ONE_WEAK: Mapping[str, Any] = {"policy": weak, "views": {"crop_scale": (0.5, 1.0)}}
_REBUILT: Mapping[str, Any] = {**_ONE_WEAK, "stages": ((0.0, 1.0),)}
# Tiles of a picture at half its size would be specks, and its colours would give places away.
_IN_PIECES: Mapping[str, Any] = {
    "policy": weak, "views": {"crop_scale": (0.5, 1.0), "grayscale": 0.25}, "stages": ((0.0, 1.0),),
}  # fmt: skip
_SMALL_CROPS = {"num_local": 4, "crop_scale": (0.4, 1.0), "local_scale": (0.1, 0.4)}

VIEWS: Mapping[str, Mapping[str, Any]] = {
    "mocov3": _ASYMMETRIC,
    "byol": _ASYMMETRIC,
    "vicreg": _ASYMMETRIC,
    "barlowtwins": _ASYMMETRIC,
    "instdisc": {"policy": simclr, "views": {"strength": 0.5, "crop_scale": (0.2, 1.0), "num_views": 1}},
    "deepinfomax": _ONE_WEAK,
    "supervised": _ONE_WEAK,
    "cpc": _IN_PIECES,
    "contextprediction": _IN_PIECES,
    "jigsaw": _IN_PIECES,
    "rotation": _ONE_WEAK,
    "autoencoder": _REBUILT,
    "denoisingautoencoder": _REBUILT,
    "vae": _REBUILT,
    "bigan": {**_REBUILT, "optimizer": "adamw", "learning_rate": 3e-4},
    "mae": {
        "policy": weak, "views": {"crop_scale": (0.2, 1.0)}, "stages": ((0.0, 1.0),), "start_stem": False,
        "backbone": "vit_tiny", "optimizer": "adamw", "learning_rate": 1e-3, "weight_decay": 0.05,
    },
}  # fmt: skip
"""Where a method is shown other views than SimCLR's two, at any size, and what goes with them."""

SMALL_ONES: Mapping[str, Mapping[str, Any]] = {
    "simclr": {"options": {"hidden_dim": 512, "projection_dim": 256, "temperature": 0.15}},
    "moco": {"options": {"hidden_dim": 512, "queue_size": 4096, "momentum": 0.99}},
    "mocov3": {"options": {"hidden_dim": 512, "projection_dim": 128}},
    "nnclr": {"options": {"hidden_dim": 512, "projection_dim": 128, "queue_size": 4096}},
    "instdisc": {"options": {"temperature": 0.1}},
    "byol": {"options": {"hidden_dim": 1024, "projection_dim": 256, "momentum": 0.99}},
    "simsiam": {"options": {"projection_dim": 1024, "hidden_dim": 256}},
    "dino": {
        "options": {"hidden_dim": 512, "projection_dim": 128, "num_prototypes": 1024, "momentum": 0.99},
        "policy": dino, "views": _SMALL_CROPS,
    },
    "swav": {
        "options": {"hidden_dim": 512, "num_prototypes": 300, "queue_size": 1024},
        "policy": swav, "views": {"strength": 0.5, **_SMALL_CROPS},
    },
    "vicreg": {"options": {"hidden_dim": 1024, "projection_dim": 1024}},
    "barlowtwins": {"options": {"hidden_dim": 1024, "projection_dim": 1024}},
    "lejepa": {"options": {"hidden_dim": 512, "num_directions": 256}, "policy": dino, "views": _SMALL_CROPS},
    "deepinfomax": {"options": {"embedding_dim": 256}},
    "autoencoder": {"options": {"latent_dim": 128}},
    "denoisingautoencoder": {"options": {"latent_dim": 256}},
    "vae": {"options": {"latent_dim": 128}},
    "bigan": {"options": {"latent_dim": 64}, "batch_size": 64},
    "mae": {"options": {"decoder_dim": 128, "decoder_depth": 2}},
    "contextprediction": {"options": {"hidden_dim": 512}},
    "jigsaw": {"options": {"num_orders": 30, "hidden_dim": 512}},
    "rotation": {"options": {}},
    "cpc": {"options": {"grid": 5, "patch": 0.375, "num_rows": 3, "latent_dim": 128}},
    "matchnet": {"options": {}},
    "supervised": {"options": {}},
}  # fmt: skip
"""Pictures of 64 pixels and less: heads for minutes on a CPU, and slow copies for thousands of steps."""

LARGE_ONES: Mapping[str, Mapping[str, Any]] = {
    "simclr": {"options": {"hidden_dim": 2048, "projection_dim": 128, "temperature": 0.2}},
    "moco": {"options": {"queue_size": 65536}},
    "nnclr": {"options": {"queue_size": 98304}},
    "dino": {"options": {"num_prototypes": 4096}, "policy": dino, "views": {"num_local": 6}},
    "swav": {"options": {"queue_size": 3840}, "policy": swav, "views": {}},
    "vicreg": {"options": {"hidden_dim": 2048, "projection_dim": 2048}},
    "barlowtwins": {"options": {"hidden_dim": 2048, "projection_dim": 2048}},
    "autoencoder": {"options": {"latent_dim": 256}},
    "denoisingautoencoder": {"options": {"latent_dim": 512}},
    "vae": {"options": {"latent_dim": 256}},
    "bigan": {"options": {"latent_dim": 128}},
    "mae": {"options": {"decoder_dim": 192, "decoder_depth": 4}},
    "jigsaw": {"options": {"num_orders": 100, "tile_dim": 256, "hidden_dim": 1024}},
    "contextprediction": {"options": {"hidden_dim": 1024}},
    "lejepa": {"policy": dino, "views": {"num_local": 6, "local_scale": (0.05, 0.3), "crop_scale": (0.3, 1.0)}},
}
"""Larger pictures: the papers' settings, but for what only a million pictures can fill."""


FINE: Mapping[str, Mapping[str, Any]] = {
    "supervised": {"learning_rate": 0.005, "epochs": 20, "least_steps": 300, "stages": ((0.0, 1.0),)},
}
"""What differs in a run that begins from trained weights: gentle steps, and enough of them for few labels."""


def for_pictures(method: str, *, size: int, source: Pictures | None = None, begun: bool = False) -> Recipe:
    """The recipe of a method for pictures of a size.

    Args:
        method: its name on the command line; one without settings of its own has the shared ones.
        size: side of the views in pixels.
        source: the training pictures, where the options that follow from their number are wanted.
        begun: whether the network begins from trained weights.
    """
    base, own = (SMALL, SMALL_ONES) if size <= SMALL_LIMIT else (LARGE, LARGE_ONES)
    fine = FINE.get(method, {}) if begun else {}
    recipe = replace(base, **{**VIEWS.get(method, {}), **own.get(method, {}), **fine})
    if source is None:
        return recipe
    return with_counts(recipe, source, shape=(source.channels, size, size))


def view_size(source: Pictures) -> int:
    """The side of the views for some pictures: the median of their shorter sides, within 16 and 224 pixels."""
    return int(np.clip(np.median(source.sizes.min(axis=1)), 16, LARGEST))


class PictureBook(Book):
    """Recipes for pictures, and the encoders and views that they are of."""

    flags = ("stem", "size", "without")

    def recipe(self, method: str, said: Mapping[str, Any], source: Source) -> Recipe:
        assert isinstance(source, Pictures)
        _check_init(said["init"])
        known = published_vit(said["init"])
        size = _size(said, source, known)
        recipe = for_pictures(method, size=size, source=source, begun=said["init"] is not None)
        if known is None or method != "mae":
            return recipe
        return replace(recipe, options={**recipe.options, **known.decoder})

    def spec(self, recipe: Recipe, said: Mapping[str, Any], source: Source, seed: int) -> ImageSpec:
        assert isinstance(source, Pictures)
        known = published_vit(said["init"])
        if known is None:
            mean, std = channel_statistics(source, source.channels)
        else:
            _check_channels("pretrain", source, known.channels, "the pictures of its weights")
            mean, std = known.mean, known.std
        return ImageSpec(
            backbone=_backbone(said, recipe, known), stem=_stem(said, known), size=_size(said, source, known),
            channels=source.channels, mean=mean, std=std, seed=seed, norm_eps=None if known is None else known.norm_eps,
        )  # fmt: skip

    def alike(self, spec: EncoderSpec, source: Source, seed: int) -> ImageSpec:
        assert isinstance(source, Pictures)
        assert isinstance(spec, ImageSpec)
        _check_channels("finetune", source, spec.channels, "the encoder's")
        return replace(spec, seed=seed)

    def again(self, settings: Settings) -> Recipe:
        spec = settings.spec
        assert isinstance(spec, ImageSpec)
        return for_pictures(settings.method, size=spec.size, begun=settings.init is not None)

    def policy(self, settings: Settings) -> Policy:
        spec = settings.spec
        assert isinstance(spec, ImageSpec)
        made = self.again(settings).policy(spec.size, mean=spec.mean, std=spec.std, **settings.views)
        assert isinstance(made, Policy)
        return made.without(settings.without)

    def shape(self, settings: Settings) -> str:
        spec = settings.spec
        assert isinstance(spec, ImageSpec)
        return f"{spec.backbone} at {spec.size} px"


def _check_init(init: str | None) -> None:
    """Refuses what names texts alone."""
    if init is not None and init.startswith(PUBLISHED):
        constraint = "a run, a file or folder of weights, or timm:NAME for pictures"
        next_step = f"Name a folder without {PUBLISHED}"
        raise ValueError(complaint("pretrain", "init", constraint, init, next_step))


def _check_channels(where: str, source: Pictures, channels: int, whose: str) -> None:
    """Refuses gray pictures for a network of coloured ones, and the other way round."""
    if source.channels != channels:
        kinds = {1: "gray", 3: "in colour"}
        constraint = f"{kinds.get(channels, f'of {channels} channels')}, as {whose} were"
        got, next_step = kinds[source.channels], "Give pictures of that kind"
        raise DataError(complaint(where, "data", constraint, got, next_step))


def _size(said: Mapping[str, Any], source: Pictures, known: PublishedViT | None) -> int:
    """What the user says, else what published positions are for, else the pictures' own."""
    if said["size"] is not None:
        return int(said["size"])
    return view_size(source) if known is None else known.size


def _backbone(said: Mapping[str, Any], recipe: Recipe, known: PublishedViT | None) -> str:
    if known is not None:
        return str(said["backbone"] or known.backbone)
    init = said["init"]
    if init is None or not init.startswith("timm:"):
        return str(said["backbone"] or recipe.backbone)
    name = init.removeprefix("timm:")
    if said["backbone"] not in (None, name):
        constraint, next_step = f"left out, or {name!r} as --init says", "Leave out one of the two"
        raise ValueError(complaint("pretrain", "backbone", constraint, said["backbone"], next_step))
    return str(name)


def _stem(said: Mapping[str, Any], known: PublishedViT | None) -> str | None:
    """What the user says, else that of published weights: the standard one by name, in a file as its patches tell."""
    if said["stem"] is not None or known is None:
        is_published = said["init"] is not None and said["init"].startswith("timm:")
        return said["stem"] or ("standard" if is_published else None)
    return known.stem
