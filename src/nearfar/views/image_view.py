"""What one encoder pass sees of a picture: at random while learning, plainly while judged."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Num, UInt8
from torch import Tensor

from nearfar.errors import complaint
from nearfar.views.crop import crop_boxes, crop_resize, flip_columns
from nearfar.views.draws import Draws
from nearfar.views.image import as_light, gaussian_blur, normalize, recolor, solarize

__all__ = ["ImageView", "PlainView"]

_CROP, _FLIP, _JITTER, _GRAYSCALE, _BLUR, _SOLARIZE = range(6)  # what the draws of one view are folded with
_PIECE = 2**18  # numbers of one piece: 1 MiB of floats
_PIECE_PICTURES = 8  # and at least so many pictures


@dataclass(frozen=True, kw_only=True)
class ImageView:
    """A random view: crop, flip, colours, blur, solarize, normalise, in this order, each picture with its own numbers.

    Probabilities are for each picture. With one channel only brightness and contrast change the colours.

    Attributes:
        size: height and width, in pixels.
        mean: of each channel, subtracted at the end; its length is the number of channels.
        std: of each channel, divided by at the end.
        crop_scale: least and greatest part of the picture's area.
        crop_ratio: least and greatest width over height of the crop.
        flip: probability of the mirror.
        jitter: probability that the four strengths below apply.
        brightness: factors are drawn evenly from [max(0, 1 - brightness), 1 + brightness].
        contrast: likewise.
        saturation: likewise.
        hue: parts of a turn are drawn evenly from [-hue, hue].
        grayscale: probability that colour is dropped.
        blur: probability of a Gaussian blur.
        blur_sigma: least and greatest standard deviation of the blur, in pixels.
        solarize: probability that light above one half is inverted.

    Source: Chen et al. 2020, arXiv 2002.05709, appendix A; Grill et al. 2020, arXiv 2006.07733, appendix B.
    """

    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    crop_scale: tuple[float, float] = (0.2, 1.0)
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: float = 0.5
    jitter: float = 0.8
    brightness: float = 0.4
    contrast: float = 0.4
    saturation: float = 0.4
    hue: float = 0.1
    grayscale: float = 0.2
    blur: float = 0.0
    blur_sigma: tuple[float, float] = (0.1, 2.0)
    solarize: float = 0.0

    def __post_init__(self) -> None:
        for name in ("flip", "jitter", "grayscale", "blur", "solarize"):
            self._check(name, 0 <= getattr(self, name) <= 1, "a probability in [0, 1]", "Try 0.5")
        for name in ("brightness", "contrast", "saturation"):
            self._check(name, getattr(self, name) >= 0, "at least 0", "Try 0.4")
        self._check("mean", len(self.mean) in (1, 3), "of 1 or 3 channels", "Try (0.5, 0.5, 0.5)")
        self._check("size", self.size >= 4, "at least 4 pixels", "Try 32")
        self._check("hue", 0 <= self.hue <= 0.5, "a part of a turn in [0, 0.5]", "Try 0.1")
        self._check(
            "crop_scale", 0 < self.crop_scale[0] <= self.crop_scale[1] <= 1, "rising in (0, 1]", "Try (0.2, 1.0)"
        )
        self._check("crop_ratio", 0 < self.crop_ratio[0] <= self.crop_ratio[1], "rising above 0", "Try (3/4, 4/3)")
        self._check("blur_sigma", 0 <= self.blur_sigma[0] <= self.blur_sigma[1], "rising from 0 on", "Try (0.1, 2.0)")
        channels = len(self.mean)
        self._check(
            "std",
            len(self.std) == channels and min(self.std) > 0,
            f"positive, one for each of {channels} channels of mean",
            f"Try {(0.25,) * channels}",
        )

    def _check(self, name: str, holds: bool, constraint: str, next_step: str) -> None:
        if not holds:
            raise ValueError(complaint("ImageView", name, constraint, getattr(self, name), next_step))

    def __call__(
        self, pictures: UInt8[Tensor, "n c h w"] | Float[Tensor, "n c h w"], draws: Draws
    ) -> Float[Tensor, "n c {self.size} {self.size}"]:
        """The view of each picture.

        Args:
            pictures: whole pictures on one canvas: bytes, or floats in [0, 1].
            draws: one key for each picture.
        """
        boxes, chances = self._canvas_boxes(pictures, draws), self._chances(draws)

        def make(rows: slice) -> Tensor:
            mine = chances.of(rows)
            return self._develop(crop_resize(pictures[rows], boxes[rows], size=self.size, flip=mine.flip), mine)

        return _in_pieces(make, (*pictures.shape[:2], self.size, self.size), device=pictures.device)

    def boxes(self, heights: Num[Tensor, "n"], widths: Num[Tensor, "n"], draws: Draws) -> Float[Tensor, "n 4"]:
        """Top, left, height and width of each picture's crop, in pixels, for a loader that crops while it decodes."""
        return crop_boxes(heights, widths, scale=self.crop_scale, ratio=self.crop_ratio, draws=draws.fold(_CROP))

    def crop(
        self, pictures: UInt8[Tensor, "n c h w"] | Float[Tensor, "n c h w"], draws: Draws
    ) -> Float[Tensor, "n c {self.size} {self.size}"]:
        """The crops alone, not yet flipped: what a loader gives to `finish`."""
        return crop_resize(pictures, self._canvas_boxes(pictures, draws), size=self.size)

    def finish(
        self, crops: UInt8[Tensor, "n c s s"] | Float[Tensor, "n c s s"], draws: Draws
    ) -> Float[Tensor, "n c s s"]:
        """The view of crops that were made elsewhere: `view(x, draws)` is `view.finish(view.crop(x, draws), draws)`."""
        chances = self._chances(draws)

        def make(rows: slice) -> Tensor:
            mine = chances.of(rows)
            return self._develop(as_light(flip_columns(crops[rows], flip=mine.flip)), mine)

        return _in_pieces(make, tuple(crops.shape), device=crops.device)

    def _canvas_boxes(self, pictures: Tensor, draws: Draws) -> Tensor:
        heights, widths = (draws.keys.new_full((len(pictures),), side) for side in pictures.shape[2:])
        return self.boxes(heights, widths, draws)

    def _chances(self, draws: Draws) -> "_Chances":
        jitter = draws.fold(_JITTER).uniform(5)
        strengths = jitter.new_tensor((self.brightness, self.contrast, self.saturation, self.hue))
        changes = torch.where(jitter[:, :1] < self.jitter, (2 * jitter[:, 1:] - 1) * strengths, 0.0)
        brightness, contrast, saturation = (1 + changes[:, :3]).clamp_min(0.0).unbind(1)
        blur = draws.fold(_BLUR).uniform(2)
        low, high = self.blur_sigma
        return _Chances(
            flip=draws.fold(_FLIP).uniform(1)[:, 0] < self.flip,
            brightness=brightness,
            contrast=contrast,
            saturation=saturation,
            hue=changes[:, 3],
            gray=draws.fold(_GRAYSCALE).uniform(1)[:, 0] < self.grayscale,
            blur=blur[:, 0] < self.blur,
            sigma=low + (high - low) * blur[:, 1],
            solarize=draws.fold(_SOLARIZE).uniform(1)[:, 0] < self.solarize,
        )

    def _develop(self, x: Tensor, chances: "_Chances") -> Tensor:
        """All that follows crop and flip."""
        if self.jitter or self.grayscale:
            x = recolor(
                x,
                brightness=chances.brightness,
                contrast=chances.contrast,
                saturation=chances.saturation,
                hue=chances.hue,
                gray=chances.gray,
            )
        if self.blur:
            rows = torch.nonzero(chances.blur)[:, 0]
            x = x.index_copy(0, rows, gaussian_blur(x[rows], sigma=chances.sigma[rows]))
        if self.solarize:
            x = torch.where(chances.solarize[:, None, None, None], solarize(x), x)
        return normalize(x, mean=self.mean, std=self.std)


class _Chances(NamedTuple):
    """What was drawn for each picture."""

    flip: Tensor
    brightness: Tensor
    contrast: Tensor
    saturation: Tensor
    hue: Tensor
    gray: Tensor
    blur: Tensor
    sigma: Tensor
    solarize: Tensor

    def of(self, rows: slice) -> "_Chances":
        return _Chances(*(drawn[rows] for drawn in self))


def _in_pieces(make: Callable[[slice], Tensor], shape: tuple[int, ...], *, device: torch.device) -> Tensor:
    """On a CPU a batch is made in pieces that stay in its cache; other devices want it whole."""
    piece = max(_PIECE_PICTURES, _PIECE // math.prod(shape[1:]))
    if device.type != "cpu" or shape[0] <= piece:
        return make(slice(None))
    made = torch.empty(shape, device=device)
    for start in range(0, shape[0], piece):
        rows = slice(start, start + piece)
        made[rows] = make(rows)
    return made


@dataclass(frozen=True, kw_only=True)
class PlainView:
    """The view that is judged: the middle square of a picture, brought to size and normalised.

    Attributes:
        size: height and width, in pixels.
        mean: of each channel, subtracted at the end.
        std: of each channel, divided by at the end.
    """

    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def boxes(self, heights: Num[Tensor, "n"], widths: Num[Tensor, "n"]) -> Float[Tensor, "n 4"]:
        """Top, left, height and width of each picture's middle square, in pixels."""
        side = torch.minimum(heights, widths)
        return torch.stack(((heights - side) // 2, (widths - side) // 2, side, side), 1).float()

    def __call__(
        self, pictures: UInt8[Tensor, "n c h w"] | Float[Tensor, "n c h w"]
    ) -> Float[Tensor, "n c {self.size} {self.size}"]:
        """The view of each picture; pictures that already have the size are not resampled."""
        if pictures.shape[2:] == (self.size, self.size):
            return normalize(as_light(pictures), mean=self.mean, std=self.std)
        heights, widths = (torch.full((len(pictures),), side, device=pictures.device) for side in pictures.shape[2:])
        crops = crop_resize(pictures, self.boxes(heights, widths), size=self.size)
        return normalize(crops, mean=self.mean, std=self.std)
