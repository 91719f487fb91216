"""Views of series: noise, another scale, and pieces in another order."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from nearfar.errors import complaint
from nearfar.views.draws import Draws

__all__ = ["SeriesPolicy", "SeriesView", "permute_segments", "resample", "weak_series", "weak_strong", "whole_series"]

_SCALE, _ORDER, _JITTER = range(3)  # what the draws of one view are folded with


def resample(series: Float[Tensor, "n c t"], length: int) -> Float[Tensor, "n c {length}"]:
    """Series with another number of steps, between which lines are straight; what becomes shorter is smoothed before.

    Args:
        series: of any length.
        length: how many steps they get.
    """
    if series.shape[2] == length:
        return series
    rows = F.interpolate(series[:, :, None], (1, length), mode="bilinear", antialias=True, align_corners=False)
    return rows[:, :, 0]


def permute_segments(series: Float[Tensor, "n c t"], draws: Draws, *, most: int) -> Float[Tensor, "n c t"]:
    """Series cut into pieces that change places, all channels alike.

    Each is cut into 1 to `most` pieces, every number as likely, at places drawn evenly.

    Args:
        series: the series.
        draws: one key for each.
        most: pieces.

    Raises:
        ValueError: there would be no piece.

    Source: Um et al. 2017, arXiv 1706.00527; TS-TCC, Eldele et al. 2021, arXiv 2106.14112, section 3.1.
    """
    if most < 1:
        raise ValueError(complaint("permute_segments", "most", "at least 1", most, "Try 8"))
    length, place = series.shape[2], torch.arange(series.shape[2], device=series.device)
    count = 1 + (draws.fold(0).uniform(1) * most).long()
    cuts = 1 + (draws.fold(1).uniform(most) * (length - 1)).long()
    cuts = cuts.masked_fill(torch.arange(1, most + 1, device=series.device) >= count, length)
    piece = (place[:, None] >= cuts[:, None, :]).sum(dim=2)
    turn = draws.fold(2).uniform(most + 1).argsort(dim=1).argsort(dim=1)
    order = (turn.gather(1, piece) * length + place).argsort(dim=1)
    return series.gather(2, order[:, None].expand_as(series))


@dataclass(frozen=True, kw_only=True)
class SeriesView:
    """A series as a network sees it: of one length, normalised, and changed at random where that is asked for.

    Attributes:
        length: steps.
        mean: of each channel.
        std: of each channel.
        scale: standard deviation of the factor, about 1, by which each channel is multiplied; 0 for none.
        segments: pieces that change places, at most; 1 leaves them in order.
        jitter: standard deviation of the noise that is added, where the series' own is 1; 0 for none.
    """

    length: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    scale: float = 0.0
    segments: int = 1
    jitter: float = 0.0

    def __call__(self, series: Float[Tensor, "n c t"], draws: Draws | None = None) -> Float[Tensor, "n c _"]:
        """The view of each series.

        Args:
            series: as they were measured.
            draws: one key for each; None where nothing is drawn.
        """
        mean, std = (series.new_tensor(each)[:, None] for each in (self.mean, self.std))
        view = (resample(series, self.length) - mean) / std
        if draws is None:
            return view
        if self.segments > 1:
            view = permute_segments(view, draws.fold(_ORDER), most=self.segments)
        if self.scale:
            view = view * (1 + self.scale * draws.fold(_SCALE).normal(view.shape[1])[:, :, None].to(view.dtype))
        if self.jitter:
            noise = draws.fold(_JITTER).normal(view[0].numel()).view_as(view)
            view = view + self.jitter * noise.to(view.dtype)
        return view


@dataclass(frozen=True)
class SeriesPolicy:
    """The views of a batch of series, each with draws of its own.

    Attributes:
        views: how each view is made, in the order in which a method receives them.
    """

    views: tuple[SeriesView, ...]

    def __call__(self, series: Float[Tensor, "n c t"], draws: Draws) -> tuple[Float[Tensor, "n c _"], ...]:
        """Makes the views.

        Args:
            series: as they were measured.
            draws: one key for each.
        """
        return tuple(view(series, draws.fold(place)) for place, view in enumerate(self.views))

    def resized(self, factor: float) -> "SeriesPolicy":
        """The same: series have no resolution to save on."""
        return self


def whole_series(length: int, *, mean: tuple[float, ...], std: tuple[float, ...]) -> SeriesPolicy:
    """One view of a series: all of it, as it is.

    Args:
        length: steps of the view.
        mean: of each channel.
        std: of each channel.
    """
    return SeriesPolicy((SeriesView(length=length, mean=mean, std=std),))


def weak_series(
    length: int,
    *,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    scale: float = 0.2,
    jitter: float = 0.1,
    num_views: int = 1,
) -> SeriesPolicy:
    """Views that change little: another scale, and some noise, as in TS-TCC's weak view.

    Args:
        length: steps of a view.
        mean: of each channel.
        std: of each channel.
        scale: standard deviation of the factor.
        jitter: standard deviation of the noise.
        num_views: how many, each with draws of its own.

    Source: TS-TCC, Eldele et al. 2021, arXiv 2106.14112, section 3.1, which leaves the numbers to the data.
    """
    return SeriesPolicy((SeriesView(length=length, mean=mean, std=std, scale=scale, jitter=jitter),) * num_views)


def weak_strong(
    length: int,
    *,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    scale: float = 0.2,
    segments: int = 8,
    jitter: float = 0.1,
) -> SeriesPolicy:
    """TS-TCC's two views of a series: one scaled and a little noisy, the other in pieces that changed places.

    Args:
        length: steps of a view.
        mean: of each channel.
        std: of each channel.
        scale: standard deviation of the first view's factor.
        segments: pieces of the second view, at most.
        jitter: standard deviation of the noise in both.

    Source: TS-TCC, Eldele et al. 2021, arXiv 2106.14112, section 3.1, which leaves the numbers to the data.
    """
    (weak,) = weak_series(length, mean=mean, std=std, scale=scale, jitter=jitter).views
    return SeriesPolicy((weak, SeriesView(length=length, mean=mean, std=std, segments=segments, jitter=jitter)))
