"""Recipes for pictures."""

from dataclasses import replace

import numpy as np

from nearfar.data.pictures import Pictures
from nearfar.recipes.recipe import Recipe

__all__ = ["for_pictures", "view_size"]

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
    options={"hidden_dim": 512, "projection_dim": 128, "temperature": 0.2},
    views={"strength": 0.5, "crop_scale": (0.2, 1.0)},
)
"""Pictures of 64 pixels and less: `nearfar pretrain simclr DATA`.

Cost and score are in `benchmarks/README.md`, under "Accuracy per minute". The rate of Muon's matrices is 0.02 at a
batch of 128 and follows the square root of the batch. On a CPU, in minutes, more steps are worth more than more
negatives.
"""

LARGE = replace(
    SMALL, backbone="resnet18", epochs=100, options={"hidden_dim": 2048, "projection_dim": 128, "temperature": 0.2}
)
"""Larger pictures: `nearfar pretrain simclr DATA`; on a GPU add `--backbone resnet50 --batch-size 1024`."""


def for_pictures(method: str, *, size: int) -> Recipe:
    """The recipe of a method for pictures of a size.

    Args:
        method: its name on the command line; methods share these settings until one needs its own.
        size: side of the views in pixels.
    """
    return SMALL if size <= SMALL_LIMIT else LARGE


def view_size(source: Pictures) -> int:
    """The side of the views for some pictures: the median of their shorter sides, within 16 and 224 pixels."""
    return int(np.clip(np.median(source.sizes.min(axis=1)), 16, LARGEST))
