"""The named compositions: which views a method is shown."""

from dataclasses import dataclass, replace

from jaxtyping import Float, Num
from torch import Tensor

from nearfar.errors import complaint
from nearfar.views.draws import Draws
from nearfar.views.image_view import ImageView

__all__ = ["Policy", "simclr"]


@dataclass(frozen=True)
class Policy:
    """The views of a batch of pictures, each with draws of its own.

    Attributes:
        views: how each view is made, in the order in which a method receives them.
    """

    views: tuple[ImageView, ...]

    def __call__(self, pictures: Tensor | tuple[Tensor, ...], draws: Draws) -> tuple[Tensor, ...]:
        """Makes the views.

        Args:
            pictures: one canvas (n, c, h, w) that every view crops, or one batch of crops for each view, as a loader
                makes them from `boxes`; bytes, or floats in [0, 1].
            draws: one key for each picture.

        Raises:
            ValueError: there are more or fewer batches of crops than views.
        """
        if isinstance(pictures, Tensor):
            return tuple(view(pictures, draws.fold(v)) for v, view in enumerate(self.views))
        if len(pictures) != len(self.views):
            raise ValueError(
                complaint(
                    "Policy",
                    "pictures",
                    f"one batch of crops for each of {len(self.views)} views",
                    len(pictures),
                    "Crop each picture once for each of `policy.boxes(...)`",
                )
            )
        pairs = zip(self.views, pictures, strict=True)
        return tuple(view.finish(crops, draws.fold(v)) for v, (view, crops) in enumerate(pairs))

    def boxes(
        self, heights: Num[Tensor, "n"], widths: Num[Tensor, "n"], draws: Draws
    ) -> tuple[tuple[Float[Tensor, "n 4"], int], ...]:
        """For each view, the boxes (top, left, height, width) to crop from the pictures and the size they get."""
        return tuple((view.boxes(heights, widths, draws.fold(v)), view.size) for v, view in enumerate(self.views))

    def resized(self, factor: float, *, multiple: int = 4) -> "Policy":
        """The same policy with every size scaled, to the nearest multiple: a step of a resolution schedule."""
        if factor == 1:
            return self
        sizes = (max(1, round(view.size * factor / multiple)) * multiple for view in self.views)
        return Policy(tuple(replace(view, size=size) for view, size in zip(self.views, sizes, strict=True)))


def simclr(
    size: int,
    *,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    strength: float = 0.5,
    crop_scale: tuple[float, float] = (0.2, 1.0),
    blur: float | None = None,
) -> Policy:
    """SimCLR's two views of a picture.

    Args:
        size: height and width of a view, in pixels.
        mean: of each channel.
        std: of each channel.
        strength: multiplies SimCLR's strengths of brightness, contrast, saturation (0.8 each) and hue (0.2); the paper
            takes 1 for ImageNet and 0.5 for CIFAR-10.
        crop_scale: least and greatest part of the picture's area; the paper's least is 0.08.
        blur: probability of a blur; without it, 0.5 above 64 pixels, as in the paper, and none up to there.

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
        blur=(0.5 if size > 64 else 0.0) if blur is None else blur,
    )
    return Policy((view, view))
