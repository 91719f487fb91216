"""The named compositions: which views a method is shown."""

from dataclasses import replace

from nearfar.views.image_view import ImageView
from nearfar.views.policy import Policy

__all__ = ["byol", "dino", "repeat", "simclr", "swav", "weak"]

_SMALL = 64  # pixels a side; blur and colour inversion take more from small pictures than they give


def simclr(
    size: int,
    *,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    strength: float = 0.5,
    crop_scale: tuple[float, float] = (0.2, 1.0),
    blur: float | None = None,
    num_views: int = 2,
) -> Policy:
    """SimCLR's views of a picture, two unless told otherwise.

    Args:
        size: height and width of a view, in pixels.
        mean: of each channel.
        std: of each channel.
        strength: multiplies SimCLR's strengths of brightness, contrast, saturation (0.8 each) and hue (0.2); the paper
            takes 1 for ImageNet and 0.5 for CIFAR-10.
        crop_scale: least and greatest part of the picture's area; the paper's least is 0.08.
        blur: probability of a blur; without it, 0.5 above 64 pixels, as in the paper, and none up to there.
        num_views: how many, each with draws of its own.

    Source: Chen et al. 2020, arXiv 2002.05709, appendices A and B.9.
    """
    view = ImageView(
        size=size,
        mean=mean,
        std=std,
        crop_scale=crop_scale,
        brightness=0.8 * strength,
        contrast=0.8 * strength,
        saturation=0.8 * strength,
        hue=0.2 * strength,
        blur=_blur(size, 0.5) if blur is None else blur,
    )
    return Policy((view,) * num_views)


def _blur(size: int, probability: float) -> float:
    """The paper's probability of a blur, for pictures that can spare detail."""
    return probability if size > _SMALL else 0.0


def byol(
    size: int,
    *,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    crop_scale: tuple[float, float] = (0.08, 1.0),
    solarize: float = 0.2,
) -> Policy:
    """BYOL's two views of a picture, which are not made alike: one is always blurred, one sometimes inverted.

    Above 64 pixels the first view is blurred always and the second in one case of ten; up to there neither is, as in
    `simclr`. Barlow Twins, MoCo v3, VICReg and LeJEPA's global views use the same pair.

    Args:
        size: height and width of a view, in pixels.
        mean: of each channel.
        std: of each channel.
        crop_scale: least and greatest part of the picture's area.
        solarize: probability that light above one half is inverted in the second view.

    Source: Grill et al. 2020, arXiv 2006.07733, appendix B, table 6.
    """
    view = ImageView(
        size=size, mean=mean, std=std, crop_scale=crop_scale,
        brightness=0.4, contrast=0.4, saturation=0.2, hue=0.1, blur=_blur(size, 1.0),
    )  # fmt: skip
    return Policy((view, replace(view, blur=_blur(size, 0.1), solarize=solarize)))


def swav(
    size: int,
    *,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    strength: float = 1.0,
    num_local: int = 6,
    local_size: int | None = None,
    crop_scale: tuple[float, float] = (0.14, 1.0),
    local_scale: tuple[float, float] = (0.05, 0.14),
) -> Policy:
    """SwAV's multi-crop: two views of much of a picture, and several small ones of little.

    Args:
        size: height and width of the two global views, in pixels.
        mean: of each channel.
        std: of each channel.
        strength: as for `simclr`; the paper's is 1.
        num_local: how many small views.
        local_size: height and width of the small views, in pixels; three sevenths of `size`, as in the paper, when it
            is not given.
        crop_scale: least and greatest part of the picture's area in a global view.
        local_scale: the same of a small view.

    Source: SwAV, Caron et al. 2020, arXiv 2006.09882, section 3.2 and appendix A.
    """
    views = simclr(size, mean=mean, std=std, strength=strength, crop_scale=crop_scale).views
    local = replace(views[0], size=local_size or _local_size(size), crop_scale=local_scale)
    return Policy((*views, *[local] * num_local))


def dino(
    size: int,
    *,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    num_local: int = 8,
    local_size: int | None = None,
    crop_scale: tuple[float, float] = (0.4, 1.0),
    local_scale: tuple[float, float] = (0.05, 0.4),
) -> Policy:
    """DINO's multi-crop: BYOL's two views of much of a picture, and several small ones of less.

    Args:
        size: height and width of the two global views, in pixels.
        mean: of each channel.
        std: of each channel.
        num_local: how many small views.
        local_size: height and width of the small views, in pixels; three sevenths of `size`, as in the paper, when it
            is not given.
        crop_scale: least and greatest part of the picture's area in a global view.
        local_scale: the same of a small view.

    Source: DINO, Caron et al. 2021, arXiv 2104.14294, section 3.1 and its code.
    """
    views = byol(size, mean=mean, std=std, crop_scale=crop_scale).views
    local = replace(
        views[0], size=local_size or _local_size(size), crop_scale=local_scale, blur=_blur(size, 0.5), solarize=0.0
    )
    return Policy((*views, *[local] * num_local))


def _local_size(size: int) -> int:
    """96 for 224, in multiples of four."""
    return max(2, round(size * 3 / 28)) * 4


def weak(
    size: int,
    *,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    crop_scale: tuple[float, float] = (0.5, 1.0),
    grayscale: float = 0.0,
    num_views: int = 1,
) -> Policy:
    """Views that change little: a generous crop and the mirror, without a change of colours.

    Args:
        size: height and width of a view, in pixels.
        mean: of each channel.
        std: of each channel.
        crop_scale: least and greatest part of the picture's area.
        grayscale: probability that colour is dropped.
        num_views: how many, each with draws of its own.

    Source: the crop is that of Szegedy et al. 2014, arXiv 1409.4842, section 6.
    """
    view = ImageView(size=size, mean=mean, std=std, crop_scale=crop_scale, jitter=0.0, grayscale=grayscale)
    return Policy((view,) * num_views)


def repeat(policy: Policy, times: int) -> Policy:
    """The same views again, unchanged: what differs between them is left to the network, to its dropout.

    Args:
        policy: the views.
        times: how often each is seen.

    Source: SimCSE, Gao et al. 2021, arXiv 2104.08821, section 3, does so with sentences.
    """
    salts = policy.salts or tuple(range(len(policy.views)))
    return Policy(policy.views * times, salts * times)
