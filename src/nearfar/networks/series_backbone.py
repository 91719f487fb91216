"""Backbones for series, by name."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from nearfar.errors import complaint, suggestion
from nearfar.networks.masked import as_map
from nearfar.networks.positions import start_positions
from nearfar.networks.small import SmallResNet

__all__ = ["SERIES_BACKBONES", "SeriesViT", "patch_length", "series_backbone", "whole_patches"]

SERIES_BACKBONES = ("small", "vit")
"""The names that `series_backbone` takes."""
PATCHES = 25
"""About as many patches has a series."""


def whole_patches(length: int) -> int:
    """The length next to one that about 25 patches of whole steps fill.

    Args:
        length: steps.
    """
    patch = max(1, round(length / PATCHES))
    return round(length / patch) * patch


def patch_length(length: int) -> int:
    """The steps of a patch for series of a length: what divides it, and makes the number of patches nearest to 25.

    Args:
        length: steps.
    """
    divisors = [each for each in range(1, length + 1) if length % each == 0]
    return min(divisors, key=lambda each: max(each * PATCHES / length, length / (each * PATCHES)))


class SeriesViT(nn.Module):
    """A vision transformer over a series, as over a picture one pixel high: its patches are runs of steps.

    The representation is the mean over the patches.

    Args:
        length: steps of the series.
        channels: of the series.
        patch: steps of a patch, which divide the length.
        dim: width.
        depth: blocks.
        heads: of a block's attention.

    Source: ViT, Dosovitskiy et al. 2020, arXiv 2010.11929; patches of series as in PatchTST, Nie et al. 2022,
    arXiv 2211.14730, here of all channels together and without overlap.
    """

    def __init__(
        self, *, length: int, channels: int, patch: int | None = None, dim: int = 128, depth: int = 4, heads: int = 4
    ) -> None:
        from timm.models.vision_transformer import VisionTransformer

        super().__init__()
        shape: Any = {"img_size": (1, length), "patch_size": (1, patch or patch_length(length))}
        self.net: Any = VisionTransformer(
            **shape, in_chans=channels, num_classes=0, global_pool="avg", embed_dim=dim, depth=depth, num_heads=heads
        )
        start_positions(self.net)
        self.dim = self.location_dim = dim

    def locations(self, view: Float[Tensor, "n c t"]) -> Float[Tensor, "n positions e"]:
        """The last block's vector of each patch."""
        return self.with_locations(view)[1]

    def with_locations(
        self, view: Float[Tensor, "n c t"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n positions e"]]:
        """The representation and the locations, in one pass."""
        features = self.net.forward_features(as_map(view))
        return self.net.forward_head(features), features[:, self.net.num_prefix_tokens :]

    def forward(self, view: Float[Tensor, "n c t"]) -> Float[Tensor, "n d"]:
        """The mean over the patches."""
        return self.net(as_map(view))


def series_backbone(name: str, *, length: int, channels: int) -> nn.Module:
    """A fresh backbone for series by name.

    Args:
        name: "small", a residual network of convolutions, or "vit", a transformer over runs of steps.
        length: steps of the series.
        channels: of the series.

    Raises:
        ValueError: the name is unknown.
    """
    if name not in SERIES_BACKBONES:
        constraint = f"one of {', '.join(SERIES_BACKBONES)} for series"
        raise ValueError(complaint("backbone", "name", constraint, name, suggestion(name, SERIES_BACKBONES)))
    return SmallResNet(channels=channels, axes=1) if name == "small" else SeriesViT(length=length, channels=channels)
