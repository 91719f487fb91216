"""Two towers: a network of pictures and one of texts that end in one space."""

from typing import Literal, TypeAlias, get_args

from jaxtyping import Float
from torch import Tensor, nn

from nearfar.errors import complaint, suggestion
from nearfar.networks.backbone import dim_of
from nearfar.networks.pooling import TokenRows

__all__ = ["Frozen", "TwoTowers", "two_towers"]

Frozen: TypeAlias = Literal["none", "image", "text"]
"""Which tower, if any, stays as it is."""


class TwoTowers(nn.Module):
    """A backbone of pictures and one of texts, each with a linear projection into the same space.

    It is one backbone: what it is shown says which tower reads it.

    Args:
        image: reads pictures.
        text: reads tokens.
        dim: width of the space.

    Source: CLIP, Radford et al. 2021, arXiv 2103.00020, section 2.3: linear projections, and no layer between.
    """

    def __init__(self, image: nn.Module, text: nn.Module, *, dim: int) -> None:
        super().__init__()
        self.dim = dim
        self.image, self.text = image, text
        self.image_projection = nn.Linear(dim_of(image), dim, bias=False)
        self.text_projection = nn.Linear(dim_of(text), dim, bias=False)
        self.frozen: Frozen = "none"

    def forward(self, view: Tensor | TokenRows) -> Float[Tensor, "n {self.dim}"]:
        """Where each picture, or each text, lies in the space that both share."""
        if isinstance(view, Tensor):
            return self.image_projection(self.image(view))
        return self.text_projection(self.text(view))

    def train(self, mode: bool = True) -> "TwoTowers":
        """As any module; a frozen tower stays in evaluation mode."""
        super().train(mode)
        if self.frozen != "none":
            getattr(self, self.frozen).eval()
        return self


def two_towers(backbone: nn.Module, *, frozen: Frozen, where: str) -> TwoTowers:
    """The backbone of a method of pictures and texts, with one of its towers frozen where that is wanted.

    A frozen tower gets no gradient, drops nothing out and moves no statistic of a norm; its projection is trained.

    Args:
        backbone: what the method was given; it is changed in place.
        frozen: "none", "image" or "text".
        where: who asks, for error sentences.

    Raises:
        ValueError: it is another network, or there is no such tower.

    Source: LiT, Zhai et al. 2021, arXiv 2111.07991, which locks the image tower.
    """
    if not isinstance(backbone, TwoTowers):
        constraint, next_step = "two towers, of pictures and of texts", "Give TwoTowers(image, text, dim=256)"
        raise ValueError(complaint(where, "backbone", constraint, type(backbone).__name__, next_step))
    known = get_args(Frozen)
    if frozen not in known:
        constraint = f"one of {', '.join(known)}"
        raise ValueError(complaint(where, "frozen", constraint, frozen, suggestion(frozen, known)))
    backbone.frozen = frozen
    backbone.image.requires_grad_(frozen != "image")
    backbone.text.requires_grad_(frozen != "text")
    return backbone
