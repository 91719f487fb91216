"""A policy: which views of a batch of pictures a method is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from jaxtyping import Float, Num
from torch import Tensor

from nearfar.errors import complaint, suggestion
from nearfar.views.draws import Draws
from nearfar.views.image_view import ImageView

__all__ = ["AUGMENTATIONS", "Policy"]

AUGMENTATIONS: dict[str, dict[str, Any]] = {
    "crop": {"crop_scale": (1.0, 1.0), "crop_ratio": (1.0, 1.0)},
    "flip": {"flip": 0.0},
    "color": {"jitter": 0.0},
    "grayscale": {"grayscale": 0.0},
    "blur": {"blur": 0.0},
    "solarize": {"solarize": 0.0},
}
"""What may be left out of views, and the settings of a view without it."""


@dataclass(frozen=True)
class Policy:
    """The views of a batch of pictures, each with draws of its own.

    Attributes:
        views: how each view is made, in the order in which a method receives them.
        salts: what the draws of each view are told apart by; its place when not given. Equal views of one salt are the
            same picture.
    """

    views: tuple[ImageView, ...]
    salts: tuple[int, ...] = ()

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
            return tuple(view(pictures, own) for view, own in self._with(draws))
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
        pairs = zip(self._with(draws), pictures, strict=True)
        return tuple(view.finish(crops, own) for (view, own), crops in pairs)

    def boxes(
        self, heights: Num[Tensor, "n"], widths: Num[Tensor, "n"], draws: Draws
    ) -> tuple[tuple[Float[Tensor, "n 4"], int], ...]:
        """For each view, the boxes (top, left, height, width) to crop from the pictures and the size they get."""
        return tuple((view.boxes(heights, widths, own), view.size) for view, own in self._with(draws))

    def resized(self, factor: float, *, multiple: int = 4) -> "Policy":
        """The same policy with every size scaled, to the nearest multiple: a step of a resolution schedule."""
        if factor == 1:
            return self
        sizes = (max(1, round(view.size * factor / multiple)) * multiple for view in self.views)
        views = (replace(view, size=size) for view, size in zip(self.views, sizes, strict=True))
        return replace(self, views=tuple(views))

    @property
    def augmentations(self) -> tuple[str, ...]:
        """Which of `AUGMENTATIONS` change some view; gray pictures have no colour to drop."""
        gray = all(len(view.mean) == 1 for view in self.views)
        return tuple(
            name for name in AUGMENTATIONS if self.without((name,)) != self and not (gray and name == "grayscale")
        )

    def without(self, names: Sequence[str]) -> "Policy":
        """The same policy, less some augmentations.

        Args:
            names: of "crop" (views are of the whole picture, or of its largest square), "flip", "color" (brightness,
                contrast, saturation, hue), "grayscale", "blur" and "solarize". What the policy does not have anyway
                may be named.

        Raises:
            ValueError: a name is unknown.
        """
        for name in names:
            if name not in AUGMENTATIONS:
                constraint = f"of {', '.join(AUGMENTATIONS)}"
                raise ValueError(complaint("Policy", "without", constraint, name, suggestion(str(name), AUGMENTATIONS)))
        changes = {setting: value for name in names for setting, value in AUGMENTATIONS[name].items()}
        return replace(self, views=tuple(replace(view, **changes) for view in self.views))

    def _with(self, draws: Draws) -> list[tuple[ImageView, Draws]]:
        """Each view with its draws."""
        salts = self.salts or range(len(self.views))
        return [(view, draws.fold(salt)) for view, salt in zip(self.views, salts, strict=True)]
