"""Encoders of pictures as models of timm."""

from pathlib import Path
from typing import Any

from torch import nn

from nearfar.engine.encoder import Encoder
from nearfar.engine.image_spec import ImageSpec
from nearfar.networks.backbone import TimmBackbone

__all__ = ["has_small_stem", "is_timm", "write_timm"]


def is_timm(encoder: Encoder) -> bool:
    """Whether timm can make the network by its name.

    One with the stem for small pictures, a ResNet's, it cannot, nor one with the layer norms of another library.
    """
    is_usual = isinstance(encoder.spec, ImageSpec) and encoder.spec.norm_eps is None
    return is_usual and isinstance(encoder.backbone, TimmBackbone) and not has_small_stem(encoder.backbone)


def has_small_stem(network: nn.Module) -> bool:
    """Whether a network is a ResNet of timm whose stem was replaced."""
    return isinstance(network, TimmBackbone) and isinstance(getattr(network.net, "maxpool", None), nn.Identity)


def write_timm(encoder: Encoder, out: Path) -> None:
    """Writes weights and `config.json` in the layout of the hub, with what the encoder does to a picture.

    Args:
        encoder: a picture model of timm.
        out: the folder to make.
    """
    from timm.models import save_for_hf

    spec, network = encoder.spec, encoder.backbone
    assert isinstance(spec, ImageSpec)
    assert isinstance(network, TimmBackbone)
    seen: dict[str, Any] = {
        "input_size": (spec.channels, spec.size, spec.size),
        "mean": spec.mean,
        "std": spec.std,
        "interpolation": "bilinear",
        "crop_pct": 1.0,
        "crop_mode": "center",
    }
    save_for_hf(
        network.net,
        str(out),
        model_config={"pretrained_cfg": seen},
        model_args=network.arguments,
        safe_serialization=True,
    )
