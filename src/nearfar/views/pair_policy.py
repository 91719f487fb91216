"""The views of pictures with captions: one of the picture and one of its caption."""

from dataclasses import dataclass, replace
from typing import Any

from jaxtyping import Float, Num
from torch import Tensor

from nearfar.errors import complaint
from nearfar.views.draws import Draws
from nearfar.views.policy import Policy
from nearfar.views.text_policy import TextPolicy
from nearfar.views.tokens import Tokens

__all__ = ["PairPolicy"]

_IMAGE, _TEXT = range(2)  # what the draws of the two are folded with


@dataclass(frozen=True)
class PairPolicy:
    """A view of each picture beside one of its caption, with draws of their own.

    Attributes:
        image: makes the one view of a picture.
        text: makes the one view of a caption.
    """

    image: Policy
    text: TextPolicy

    def __post_init__(self) -> None:
        """Checks that there is one view of each.

        Raises:
            ValueError: there are more, or none.
        """
        for name, policy in (("image", self.image), ("text", self.text)):
            if len(policy.views) != 1:
                next_step = "Give a policy of one view"
                raise ValueError(complaint("PairPolicy", name, "of one view", len(policy.views), next_step))

    def __call__(
        self, pairs: tuple[Tensor | tuple[Tensor, ...], Tokens], draws: Draws
    ) -> tuple[Float[Tensor, "n c _ _"], Any]:
        """Makes the two views.

        Args:
            pairs: the pictures, as `Policy` takes them, and their captions.
            draws: one key for each pair.
        """
        pictures, captions = pairs
        (picture,), (caption,) = self.image(pictures, draws.fold(_IMAGE)), self.text(captions, draws.fold(_TEXT))
        return picture, caption

    def boxes(
        self, heights: Num[Tensor, "n"], widths: Num[Tensor, "n"], draws: Draws
    ) -> tuple[tuple[Float[Tensor, "n 4"], int], ...]:
        """For the view of the picture, the boxes to crop and the size they get, as `Policy.boxes` gives them."""
        return self.image.boxes(heights, widths, draws.fold(_IMAGE))

    def resized(self, factor: float) -> "PairPolicy":
        """The same with the picture's size scaled: a step of a resolution schedule."""
        return replace(self, image=self.image.resized(factor))
