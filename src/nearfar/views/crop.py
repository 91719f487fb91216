"""Which part of each picture is seen, and how it is brought to size."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Num, UInt8
from torch import Tensor

from nearfar.views.draws import Draws
from nearfar.views.image import as_light

__all__ = ["crop_boxes", "crop_resize", "flip_columns"]

_TRIES = 10
_MANY_PIXELS = 64 * 64


def crop_boxes(
    heights: Num[Tensor, "n"],
    widths: Num[Tensor, "n"],
    *,
    scale: tuple[float, float],
    ratio: tuple[float, float],
    draws: Draws,
) -> Float[Tensor, "n 4"]:
    """The boxes of Inception's random resized crop, one for each picture.

    Ten candidates are drawn for each picture: an area evenly in `scale`, a shape log-evenly in `ratio`; the first that
    fits is placed evenly. This is torchvision's `RandomResizedCrop`, whose rejection of what does not fit makes nearly
    whole pictures rarer than an even area would. Where none of the ten fits, the largest box of an allowed shape is
    taken, as there, but placed evenly where torchvision centres it.

    Args:
        heights: the height of each picture, in pixels.
        widths: the width of each picture, in pixels.
        scale: least and greatest part of the picture's area, within (0, 1].
        ratio: least and greatest width over height.
        draws: the keys of this operation.

    Returns:
        Top, left, height and width of each box: whole numbers of pixels, inside the picture.

    Source: Szegedy et al. 2014, arXiv 1409.4842, section 6.
    """
    height, width = heights[:, None].float(), widths[:, None].float()
    u = draws.uniform(2 * _TRIES + 2)
    areas = height * width * (scale[0] + (scale[1] - scale[0]) * u[:, :_TRIES])
    low, high = math.log(ratio[0]), math.log(ratio[1])
    shapes = torch.exp(low + (high - low) * u[:, _TRIES : 2 * _TRIES])
    box_heights, box_widths = torch.sqrt(areas / shapes).round_(), torch.sqrt(areas * shapes).round_()
    fits = (box_heights >= 1) & (box_heights <= height) & (box_widths >= 1) & (box_widths <= width)
    first = fits.byte().argmax(1, keepdim=True)
    any_fits = fits.any(1, keepdim=True)
    box_height = torch.where(any_fits, box_heights.gather(1, first), _largest(height, width / ratio[0]))
    box_width = torch.where(any_fits, box_widths.gather(1, first), _largest(width, height * ratio[1]))
    top = torch.floor(u[:, -2:-1] * (height - box_height + 1))
    left = torch.floor(u[:, -1:] * (width - box_width + 1))
    return torch.cat((top, left, box_height, box_width), 1)


def _largest(side: Tensor, allowed: Tensor) -> Tensor:
    return torch.minimum(side, allowed.round().clamp_min(1))


def flip_columns(pictures: Num[Tensor, "n c h w"], *, flip: Bool[Tensor, "n"]) -> Num[Tensor, "n c h w"]:
    """The pictures, left and right exchanged in those that are marked.

    Args:
        pictures: the pictures.
        flip: which of them to show in the mirror.
    """
    if pictures.device.type != "cpu":
        return torch.where(flip[:, None, None, None], pictures.flip(3), pictures)
    made = torch.empty_like(pictures)  # one by one, bytes in channels-last memory take a tenth of the time
    for place, picture, mirrored in zip(made, pictures, flip.tolist(), strict=True):
        place.copy_(picture.flip(2) if mirrored else picture)
    return made


def crop_resize(
    pictures: UInt8[Tensor, "n c h w"] | Float[Tensor, "n c h w"],
    boxes: Float[Tensor, "n 4"],
    *,
    size: int,
    flip: Bool[Tensor, "n"] | None = None,
) -> Float[Tensor, "n c {size} {size}"]:
    """Each picture's box, brought to one size, in the mirror where `flip` says so.

    The filter is a triangle that widens when the box shrinks (bilinear with antialiasing) and sees nothing outside the
    box: torchvision's `resized_crop(..., antialias=True)`. It is done as rows @ picture @ columns, two small products a
    picture that any device does in one batch, the mirror being in `columns`. On a CPU, pictures of more
    than 64 x 64 pixels go one by one through torch's own resampler instead, which needs several times less time (least
    on bytes in channels-last memory) and rounds bytes to bytes.

    Args:
        pictures: bytes, or floats in [0, 1].
        boxes: top, left, height and width of each box, in whole pixels, inside the picture.
        size: height and width of what is returned, in pixels.
        flip: which pictures to show in the mirror.

    Returns:
        Floats in [0, 1].
    """
    height, width = pictures.shape[2:]
    if pictures.is_cpu and height * width > _MANY_PIXELS:
        return _resample_each(pictures, boxes, size=size, flip=flip)
    light = pictures.to(torch.float32, memory_format=torch.contiguous_format)
    rows = _triangles(boxes[:, 0], boxes[:, 2], length=height, size=size)
    columns = _triangles(boxes[:, 1], boxes[:, 3], length=width, size=size, flip=flip)
    if pictures.dtype == torch.uint8:
        columns = columns.mul_(1 / 255)
    narrow = torch.bmm(light.flatten(1, 2), columns.mT).view(*pictures.shape[:3], size)
    return rows[:, None] @ narrow


def _triangles(start: Tensor, extent: Tensor, *, length: int, size: int, flip: Tensor | None = None) -> Tensor:
    """The (n, size, length) weights of one axis: each row is a triangle over the box's pixels that sums to one."""
    step = extent / size
    support = step.clamp_min(1.0)
    centers = (torch.arange(size, device=start.device) + 0.5) * step[:, None]
    if flip is not None:
        centers = torch.where(flip[:, None], extent[:, None] - centers, centers)
    centers = centers + start[:, None]
    pixels = torch.arange(length, device=start.device) + 0.5
    inside = (pixels > start[:, None]) & (pixels < (start + extent)[:, None])
    pixels = torch.where(inside, pixels, torch.inf)
    distance = torch.addcmul(-(centers / support[:, None])[:, :, None], pixels[:, None], (1 / support)[:, None, None])
    weights = distance.abs_().neg_().add_(1.0).clamp_min_(0.0)
    return weights.div_(weights.sum(2, keepdim=True))


def _resample_each(pictures: Tensor, boxes: Tensor, *, size: int, flip: Tensor | None) -> Tensor:
    flips = [False] * len(pictures) if flip is None else flip.tolist()
    crops = []
    for row, ((top, left, height, width), mirrored) in enumerate(zip(boxes.int().tolist(), flips, strict=True)):
        box = pictures[row : row + 1, :, top : top + height, left : left + width]
        crop = F.interpolate(box, (size, size), mode="bilinear", antialias=True)
        crops.append(crop.flip(3) if mirrored else crop)
    return as_light(torch.cat(crops))
