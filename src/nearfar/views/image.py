"""Single operations on the light of a batch of pictures, each with its own numbers for each picture.

Pictures are (n, c, h, w) with one or three channels, floats in [0, 1] before and after. Operations leave their input
alone and draw nothing at random: what is drawn comes in by keyword.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from nearfar.errors import complaint

__all__ = ["as_light", "gaussian_blur", "normalize", "recolor", "solarize"]

_GRAY = (0.299, 0.587, 0.114)  # ITU-R BT.601 luma, as Pillow and torchvision have it
_BLOCK = 56  # rows of a blurred picture that are made at once: a band leaves most of the whole product zero


def as_light(pictures: UInt8[Tensor, "*shape"] | Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Bytes as floats in [0, 1], planes contiguous; floats as they are."""
    if pictures.dtype == torch.uint8:
        # In two steps: bytes that lie otherwise are several times slower to convert than floats are to reorder.
        return pictures.float().contiguous().mul_(1 / 255)
    return pictures


def recolor(
    pictures: Float[Tensor, "n c h w"],
    *,
    brightness: Float[Tensor, "n"] | None = None,
    contrast: Float[Tensor, "n"] | None = None,
    saturation: Float[Tensor, "n"] | None = None,
    hue: Float[Tensor, "n"] | None = None,
    gray: Bool[Tensor, "n"] | None = None,
) -> Float[Tensor, "n c h w"]:
    """Changes of colour, all in one affine map of each picture's channels.

    x = clip(M x + (1 - contrast) * brightness * mean(gray(picture))), with
    M = contrast * brightness * (saturation * R(hue) + (1 - saturation) * gray), where R turns the YIQ colour plane.

    Each factor alone is torchvision's `adjust_brightness`, `adjust_contrast`, `adjust_saturation`; hue is not, because
    torchvision turns the hexagon of HSV and so lets the luma change, where R keeps it. Before clipping all of them
    commute, so no order need be drawn; torchvision clips after each, which differs only where a pixel leaves [0, 1] on
    the way. With one channel, saturation, hue and gray are the identity.

    Args:
        pictures: floats in [0, 1].
        brightness: factors; 1 changes nothing, 0 is black.
        contrast: factors about each picture's mean gray; 1 changes nothing, 0 is that gray.
        saturation: factors; 1 changes nothing, 0 is gray.
        hue: parts of a full turn, in [-0.5, 0.5]; 0 changes nothing. Red goes by yellow to green.
        gray: which pictures to take the colour from, after all else.

    Returns:
        Floats in [0, 1].

    Raises:
        ValueError: the pictures have neither one nor three channels.
    """
    n, channels = pictures.shape[:2]
    if channels not in (1, 3):
        got, next_step = tuple(pictures.shape), "Decode them as gray or as RGB"
        raise ValueError(complaint("recolor", "pictures", "of 1 or 3 channels", got, next_step))
    ones = pictures.new_ones(n)
    brightness = ones if brightness is None else brightness
    contrast = ones if contrast is None else contrast
    if channels == 1:
        luma, matrix = ones[:1, None], ones[:, None, None]
    else:
        luma, matrix = pictures.new_tensor(_GRAY)[None], _chroma(ones, saturation=saturation, hue=hue, gray=gray)
    mean_gray = (pictures.mean((2, 3)) * luma).sum(1)
    offset = ((1 - contrast) * brightness * mean_gray)[:, None, None]
    matrix = matrix * (contrast * brightness)[:, None, None]
    return torch.baddbmm(offset, matrix, pictures.flatten(2)).clamp_(0.0, 1.0).view_as(pictures)


def _chroma(ones: Tensor, *, saturation: Tensor | None, hue: Tensor | None, gray: Tensor | None) -> Tensor:
    """The (n, 3, 3) matrices that change colours and keep the luma."""
    to_gray = ones.new_tensor((_GRAY, _GRAY, _GRAY))
    matrix = torch.eye(3, device=ones.device).expand(len(ones), 3, 3)
    if hue is not None:
        turn = (2 * math.pi * hue)[:, None, None]
        matrix = to_gray + turn.cos() * (matrix - to_gray) + turn.sin() * ones.new_tensor(_QUARTER_TURN)
    if saturation is not None:
        matrix = to_gray + saturation[:, None, None] * (matrix - to_gray)
    if gray is not None:
        matrix = torch.where(gray[:, None, None], to_gray, matrix)
    return matrix


def _quarter_turn() -> list[list[float]]:
    """The YIQ colour plane turned by 90 degrees from red towards green, as a map of RGB."""
    yiq = torch.tensor((_GRAY, (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112)), dtype=torch.float64)
    yiq[1:] -= yiq[1:].mean(1, keepdim=True)  # the printed digits leave white a trace of colour
    turn = torch.tensor(((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)), dtype=torch.float64)
    return (torch.linalg.inv(yiq) @ turn @ yiq).tolist()


_QUARTER_TURN = _quarter_turn()


def gaussian_blur(pictures: Float[Tensor, "n c s s"], *, sigma: Float[Tensor, "n"]) -> Float[Tensor, "n c s s"]:
    """Square pictures smoothed by a Gaussian window, reflected at the borders.

    The window is cut at a twentieth of the picture's side on either hand, at least one pixel, as SimCLR cuts it (SimCLR
    pads with zeros). It is done as B @ picture @ B' with the banded matrix B of each picture, block by block.

    Args:
        pictures: the pictures.
        sigma: the window's standard deviation for each picture, in pixels; 0 changes nothing.

    Returns:
        Pictures of the same range.

    Source: Chen et al. 2020, arXiv 2002.05709, appendix A.
    """
    n, _, size, _ = pictures.shape
    radius = max(1, size // 20)
    offsets = torch.arange(radius + 1, device=sigma.device)
    window = torch.exp(-0.5 * (offsets / sigma.clamp_min(1e-3)[:, None]) ** 2)
    window = window / (2 * window.sum(1, keepdim=True) - 1)
    band = (window @ _reflected_shifts(size, radius, device=sigma.device)).view(n, size, size)
    spans = [
        (slice(max(0, start - radius), start + _BLOCK + radius), slice(start, start + _BLOCK))
        for start in range(0, size, _BLOCK)
    ]
    x = pictures.flatten(1, 2)
    x = torch.cat([torch.bmm(x[:, :, seen], band[:, made, seen].mT) for seen, made in spans], 2).view_as(pictures)
    return torch.cat([band[:, None, made, seen] @ x[:, :, seen] for seen, made in spans], 2)


def _reflected_shifts(size: int, radius: int, *, device: torch.device) -> Tensor:
    """For each offset k, the flat (size, size) matrix that adds the neighbours at distance k, reflected at the ends."""
    here = torch.arange(size, device=device)
    offsets = torch.arange(-radius, radius + 1, device=device)
    there = (here[:, None] + offsets).abs()
    there = torch.minimum(there, 2 * (size - 1) - there)
    table = torch.zeros(radius + 1, size, size, device=device)
    table.index_put_(
        (offsets.abs().expand(size, -1), here[:, None], there), torch.ones((), device=device), accumulate=True
    )
    return table.flatten(1)


def solarize(pictures: Float[Tensor, "*shape"], *, threshold: float = 0.5) -> Float[Tensor, "*shape"]:
    """Light at or above the threshold turned into its negative, 1 - x.

    Args:
        pictures: floats in [0, 1].
        threshold: the least light that is turned.
    """
    return torch.where(pictures >= threshold, 1 - pictures, pictures)


def normalize(
    pictures: Float[Tensor, "n c h w"], *, mean: Sequence[float], std: Sequence[float]
) -> Float[Tensor, "n c h w"]:
    """Each channel with its mean subtracted, divided by its std.

    Args:
        pictures: floats in [0, 1].
        mean: of each channel.
        std: of each channel.

    Raises:
        ValueError: the pictures have another number of channels.
    """
    if pictures.shape[1] != len(mean):
        raise ValueError(
            complaint(
                "normalize",
                "pictures",
                f"of {len(mean)} channel{'s' * (len(mean) > 1)}, as mean and std",
                tuple(pictures.shape),
                "Give mean and std one number for each channel of the pictures",
            )
        )
    center, spread = (pictures.new_tensor(numbers)[:, None, None] for numbers in (mean, std))
    return (pictures - center).div_(spread)
