"""Recipes for series.

    nearfar pretrain METHOD series.npz

takes minutes on a CPU. Channels are brought to mean 0 and variance 1 over all training series.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nearfar.data.modality import KINDS
from nearfar.data.series import Series
from nearfar.data.source import Source
from nearfar.engine.encoder import Encoder
from nearfar.engine.series_spec import SeriesSpec
from nearfar.engine.settings import Settings
from nearfar.engine.spec import EncoderSpec
from nearfar.errors import DataError, complaint
from nearfar.networks.series_backbone import whole_patches
from nearfar.recipes.book import Book
from nearfar.recipes.image import FINE, SMALL_ONES
from nearfar.recipes.recipe import Recipe, with_counts
from nearfar.records import RunFolder
from nearfar.views.series import SeriesPolicy, weak_series, weak_strong, whole_series

__all__ = ["SeriesBook", "channel_statistics", "for_series"]

SHARED = Recipe(
    backbone="small",
    batch_size=64,
    optimizer="muon",
    learning_rate=0.02,
    weight_decay=0.0,
    warmup=0.05,
    epochs=50,
    least_steps=500,
    policy=weak_strong,
)
"""What the methods share. Methods of two views see a weak and a strong one."""

OWN: Mapping[str, Mapping[str, Any]] = {
    "instdisc": {"policy": weak_series},
    "supervised": {"policy": weak_series},
    "autoencoder": {"policy": whole_series, "options": {"latent_dim": 64}},
    "denoisingautoencoder": {"policy": whole_series, "options": {"latent_dim": 64}},
    "vae": {"policy": whole_series, "options": {"latent_dim": 32}},
    "mae": {
        "policy": whole_series,
        "backbone": "vit", "optimizer": "adamw", "learning_rate": 1e-3, "weight_decay": 0.05,
        "options": {"mask_ratio": 0.75, "normalize": False},
    },
}  # fmt: skip
"""What a method takes otherwise."""
MOST_STEPS = 2048
"""Longer series are brought to this length unless the user says another."""
_SAMPLE = 1000


def for_series(method: str, *, begun: bool = False) -> Recipe:
    """The recipe of a method for series.

    Args:
        method: its name on the command line; one without settings of its own has the shared ones.
        begun: whether the network begins from trained weights.
    """
    fine = FINE.get(method, {}) if begun else {}
    heads = {"options": SMALL_ONES[method]["options"]} if method in SMALL_ONES else {}
    return replace(SHARED, **{**heads, **OWN.get(method, {}), **fine})


def channel_statistics(source: Series) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, over up to 1,000 series.

    Args:
        source: the series.

    Returns:
        The means and the standard deviations; of a channel that never changes, 1.
    """
    rows = np.unique(np.linspace(0, len(source) - 1, min(_SAMPLE, len(source))).round().astype(np.int64))
    values = source.values(rows).double()
    std = values.std((0, 2), correction=0)
    return tuple(values.mean((0, 2)).tolist()), tuple(std.masked_fill(std < 1e-8, 1.0).tolist())


class SeriesBook(Book):
    """Recipes for series, and the encoders and views that they are of."""

    flags = ("size",)

    def recipe(self, method: str, said: Mapping[str, Any], source: Source) -> Recipe:
        assert isinstance(source, Series)
        recipe = for_series(method, begun=said["init"] is not None)
        return with_counts(recipe, source, shape=(source.channels, self._size(said, source, recipe)))

    def spec(self, recipe: Recipe, said: Mapping[str, Any], source: Source, seed: int) -> SeriesSpec:
        assert isinstance(source, Series)
        begun, size = _begun(said["init"]), recipe.options["shape"][1]
        if begun is not None:
            begun.check(source, where="pretrain")
            return replace(begun, seed=seed, size=size)
        mean, std = channel_statistics(source)
        return SeriesSpec(
            backbone=said["backbone"] or recipe.backbone, seed=seed, size=size,
            channels=source.channels, mean=mean, std=std,
        )  # fmt: skip

    def alike(self, spec: EncoderSpec, source: Source, seed: int) -> SeriesSpec:
        assert isinstance(spec, SeriesSpec)
        spec.check(source, where="finetune")
        return replace(spec, seed=seed)

    def again(self, settings: Settings) -> Recipe:
        return for_series(settings.method, begun=settings.init is not None)

    def policy(self, settings: Settings) -> SeriesPolicy:
        spec = settings.spec
        assert isinstance(spec, SeriesSpec)
        made = self.again(settings).policy(spec.size, mean=spec.mean, std=spec.std, **settings.views)
        assert isinstance(made, SeriesPolicy)
        return made

    def shape(self, settings: Settings) -> str:
        spec = settings.spec
        assert isinstance(spec, SeriesSpec)
        return f"{spec.backbone} of {spec.size:,} steps"

    @staticmethod
    def _size(said: Mapping[str, Any], source: Series, recipe: Recipe) -> int:
        """What the user says, else that of the encoder to begin with, else the series' own, in whole patches."""
        if said["size"] is not None:
            return int(said["size"])
        begun = _begun(said["init"])
        if begun is not None:
            return begun.size
        length = min(source.length, MOST_STEPS)
        return whole_patches(length) if (said["backbone"] or recipe.backbone) == "vit" else length


def _begun(init: str | None) -> SeriesSpec | None:
    """The encoder of a run on series to begin with; None where the run begins from chance.

    Raises:
        DataError: it is another encoder, or none.
    """
    if init is None:
        return None
    folder = Path(init)
    spec = Encoder.load(folder).spec if RunFolder(folder).encoder.exists() else None
    if not isinstance(spec, SeriesSpec):
        got = init if spec is None else f"{init}, one on {KINDS[spec.modality].many}"
        raise DataError(complaint("pretrain", "init", "a run on series", got, "Name the folder of such a run"))
    return spec
