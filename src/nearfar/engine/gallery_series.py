"""Series as the report shows them: whole, as the network saw them, and a sheet of thumbnails."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from nearfar.data.opening import open_source
from nearfar.data.pictures import Pictures
from nearfar.data.series import Series
from nearfar.engine.drawing import drawn
from nearfar.records import RunFolder

__all__ = ["drawn_rows", "series_views", "thumbnails"]

TILE = 48


def drawn_rows(rows: Sequence[Float[Tensor, "m c t"]], *, together: bool) -> list[UInt8[Tensor, "m 3 h w"]]:
    """Rows of series as pictures of one scale.

    Args:
        rows: series below one another.
        together: whether those that stand below one another, which are of one example, have a scale of their own.
    """
    ends = [_ends(row) for row in rows]
    low, high = torch.stack([low for low, _ in ends]).amin(0), torch.stack([high for _, high in ends]).amax(0)
    if not together:
        low, high = low.min().expand_as(low), high.max().expand_as(high)
    return [drawn(row, low=low, high=high) for row in rows]


def _ends(series: Float[Tensor, "m c t"]) -> tuple[Float[Tensor, "m"], Float[Tensor, "m"]]:
    """The least and the greatest number of each series; 0 where it has none."""
    known = series.isfinite()
    low = series.masked_fill(~known, torch.inf).amin((1, 2))
    high = series.masked_fill(~known, -torch.inf).amax((1, 2))
    return low.where(low.isfinite(), 0), high.where(high.isfinite(), 0)


def series_views(
    files: RunFolder, whole: Float[Tensor, "n c t"], views: Sequence[Float[Tensor, "n c t"]]
) -> list[dict[str, Any]]:
    """Draws series and the views that the network saw of them.

    Args:
        files: the run's folder.
        whole: the series, normalised.
        views: of all of them, as often as they are seen.

    Returns:
        Of each series the names of the files: `original` and `views`.
    """
    (files.gallery / "views").mkdir(exist_ok=True)
    names = ["original", *(chr(ord("a") + place) for place in range(len(views)))]
    pictures = drawn_rows([whole, *views], together=True)
    shown = []
    for number in range(len(whole)):
        paths = [f"views/{number}_{name}.png" for name in names]
        for path, row in zip(paths, pictures, strict=True):
            Image.fromarray(row[number].permute(1, 2, 0).contiguous().numpy()).save(files.gallery / path)
        shown.append({"original": paths[0], "views": paths[1:]})
    return shown


def thumbnails(source: Series) -> Pictures:
    """The series as small pictures, every channel brought to variance 1 over all of them.

    Args:
        source: the series.
    """
    series = source.values(np.arange(len(source)))
    std, mean = torch.std_mean(series, dim=(0, 2), keepdim=True)
    alike = (series - mean) / std.clamp_min(1e-6)
    low, high = _ends(alike)
    made = drawn(alike, low=low, high=high, height=TILE, width=TILE)
    pictures = open_source(made.permute(0, 2, 3, 1).contiguous().numpy())
    assert isinstance(pictures, Pictures)
    return pictures
