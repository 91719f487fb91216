"""Backbones by name: what they promise, and the adapter to timm."""

from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor, nn

from nearfar.errors import complaint, suggestion
from nearfar.networks.positions import start_positions
from nearfar.networks.small import SmallResNet

__all__ = ["Backbone", "TimmBackbone", "backbone", "backbone_names", "dim_of", "first_convolution"]

AVERAGED = {"vit_tiny": "vit_tiny_patch16_224"}
"""Names of ours for ViTs of timm that average over patches: of a class token MAE asks little."""
SMALL_STEM_LIMIT = 64
"""Pictures of this many pixels a side and less get the small-image stem unless told otherwise."""


@runtime_checkable
class Backbone(Protocol):
    """The network that is kept.

    Attributes:
        dim: the width d of the representation.
        location_dim: the width e of the locations.
    """

    dim: int
    location_dim: int

    def __call__(self, view: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """The representation of each view."""
        ...

    def locations(self, view: Float[Tensor, "n c h w"]) -> Float[Tensor, "n positions e"]:
        """The last feature map, one vector per position, before pooling."""
        ...

    def with_locations(
        self, view: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n positions e"]]:
        """The representation and the locations, in one pass."""
        ...


class TimmBackbone(nn.Module):
    """Any picture model of timm as a backbone, without its classifier.

    The positions of a ViT start as sines and cosines, and are learned on, where timm would draw them.

    Args:
        name: a timm model, e.g. "resnet18" or "vit_tiny_patch16_224".
        size: the side of the pictures in pixels.
        channels: of the pictures, 1 or 3; the first layer is built for them.
        small_stem: for ResNets a 3x3 stem of stride 1 without max-pooling (SimCLR, Chen et al. 2020, appendix B.9), for
            ViTs patches of an eighth of the side; pictures of 64 pixels and less lose too much in the usual stems.
        pretrained: whether timm's weights are downloaded and loaded; excludes `small_stem`.
        average: whether a ViT's representation is the mean over its patches, instead of what timm takes.

    Attributes:
        arguments: by which, beside its name, timm makes the network.
    """

    def __init__(
        self,
        name: str,
        *,
        size: int = 224,
        channels: int = 3,
        small_stem: bool = False,
        pretrained: bool = False,
        average: bool = False,
    ) -> None:
        import timm

        super().__init__()
        if not timm.is_model(name):
            raise ValueError(_unknown(name))
        settings: dict[str, Any] = {"pretrained": pretrained, "in_chans": channels, "num_classes": 0}
        is_vit = "vit" in name.split("_")[0] and "patch" in name
        if is_vit:
            settings |= {"img_size": size, "dynamic_img_size": True, "dynamic_img_pad": True}
            if small_stem:
                settings["patch_size"] = max(1, round(size / 8))
            if average:
                settings["global_pool"] = "avg"
        self.net: Any = timm.create_model(name, **settings)
        self.arguments = {key: value for key, value in settings.items() if key not in ("pretrained", "num_classes")}
        if small_stem and not is_vit:
            _replace_stem(self.net, name, channels)
        if is_vit and not pretrained:
            start_positions(self.net)
        self.dim = self.net.head_hidden_size if hasattr(self.net, "head_hidden_size") else self.net.num_features
        self.location_dim = self.net.num_features

    def locations(self, view: Float[Tensor, "n c h w"]) -> Float[Tensor, "n positions e"]:
        """The last feature map or the patch tokens, one vector per position."""
        return self._by_position(self.net.forward_features(view))

    def with_locations(
        self, view: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n positions e"]]:
        """The representation and the locations, in one pass."""
        features = self.net.forward_features(view)
        return self.net.forward_head(features), self._by_position(features)

    def _by_position(self, features: Tensor) -> Tensor:
        if features.ndim == 4:
            channels_last = getattr(self.net, "output_fmt", "NCHW") == "NHWC"
            return features.flatten(1, 2) if channels_last else features.flatten(2).transpose(1, 2)
        return features[:, self.net.num_prefix_tokens :]

    def forward(self, view: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """The pooled features, as timm pools them for this model."""
        return self.net(view)


def _replace_stem(net: Any, name: str, channels: int) -> None:
    if not (isinstance(getattr(net, "conv1", None), nn.Conv2d) and hasattr(net, "maxpool")):
        raise ValueError(
            complaint(
                "backbone", "stem", f"'standard' for {name}", "small", "The small stem exists for ResNets and ViTs"
            )
        )
    width = net.conv1.out_channels
    net.conv1 = nn.Conv2d(channels, width, 3, stride=1, padding=1, bias=False)
    nn.init.kaiming_normal_(net.conv1.weight, mode="fan_out", nonlinearity="relu")
    net.maxpool = nn.Identity()


def _has_small_stem(name: str) -> bool:
    """Whether the small-image stem exists for a timm model: for ResNets and plain ViTs."""
    return name.startswith(("resnet", "resnext", "wide_resnet", "seresnet")) or (
        "vit" in name.split("_")[0] and "patch" in name
    )


def backbone(
    name: str,
    *,
    size: int,
    channels: int,
    stem: str | None = None,
    pretrained: bool = False,
    norm_eps: float | None = None,
) -> nn.Module:
    """A fresh backbone by name.

    Args:
        name: "small" (ours, for small pictures on a CPU), "vit_tiny" (a ViT that averages over patches) or any timm
            model.
        size: the side of the pictures in pixels.
        channels: of the pictures, 1 or 3.
        stem: "small", "standard", or None: "small" for pictures of 64 pixels and less where the model has one.
        pretrained: whether to start from timm's published weights.
        norm_eps: what layer norms add to the variance, for weights that were trained with another than timm's.

    Raises:
        ValueError: the name or the stem is unknown, or the model has no small stem.
    """
    if stem not in (None, "small", "standard"):
        raise ValueError(
            complaint("backbone", "stem", "'small' or 'standard'", stem, suggestion(stem, ["small", "standard"]))
        )
    if name == "small":
        return SmallResNet(channels=channels)
    of_timm = AVERAGED.get(name, name)
    small = stem == "small" if stem else size <= SMALL_STEM_LIMIT and not pretrained and _has_small_stem(of_timm)
    network = TimmBackbone(
        of_timm, size=size, channels=channels, small_stem=small, pretrained=pretrained, average=name in AVERAGED
    )
    for module in network.modules():
        if norm_eps is not None and isinstance(module, nn.LayerNorm):
            module.eps = norm_eps
    return network


def backbone_names() -> list[str]:
    """The names that `backbone` takes."""
    import timm

    return ["small", *AVERAGED, *timm.list_models()]


def _unknown(name: str) -> str:
    return complaint("backbone", "name", "'small' or a timm model", name, suggestion(name, backbone_names()))


def dim_of(network: nn.Module) -> int:
    """The width d of a backbone's representation.

    Raises:
        TypeError: the network does not say; it is no backbone.
    """
    dim = getattr(network, "dim", None)
    if not isinstance(dim, int):
        got = type(network).__name__
        raise TypeError(complaint("backbone", "dim", "the width of the representation", got, "Set network.dim = width"))
    return dim


def first_convolution(network: nn.Module) -> nn.Conv2d | None:
    """The convolution that sees the pixels; None where the network does not start with one."""
    return next((module for module in network.modules() if isinstance(module, nn.Conv2d)), None)
