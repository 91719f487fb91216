"""Published vision transformers: what their files call things, and of what shape they say the network is."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nearfar.errors import RunError, complaint
from nearfar.networks.positions import sine_cosine
from nearfar.networks.weights import read_config, read_weights

__all__ = ["PublishedViT", "at_size", "decoder_weights", "in_timms_names", "published_vit"]

KINDS = {
    192: ("vit_tiny", 12, 3), 384: ("vit_small", 12, 6), 768: ("vit_base", 12, 12), 1024: ("vit_large", 24, 16),
    1280: ("vit_huge", 32, 16),
}  # fmt: skip
"""The vision transformers of the field by their width: timm's name, blocks, heads."""
HEAD_DIM = 32
"""Numbers of one head of the decoder, which weights do not show: as MAE's authors have it, 512 wide with 16 heads."""
EPS = 1e-6
"""What layer norms add to the variance, in timm and in the authors' code."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the channels of ImageNet's pictures, which most are trained on."""

_TRANSFORMERS = "embeddings.patch_embeddings.projection.weight"
_RENAMED = (
    (r"^(?:vit|decoder)\.", ""),
    (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^embeddings\.", ""),
    (r"^(?:encoder\.layer|layers)\.", "blocks."),
    (r"^decoder_(?:encoder\.layer|layers)\.", "decoder_blocks."),
    (r"\.attention\.(?:attention\.)?([qkv])[a-z_]+\.", r".attn.\1."),
    (r"\.attention\.(?:output\.dense|o_proj)\.", ".attn.proj."),
    (r"\.intermediate\.dense\.", ".mlp.fc1."),
    (r"\.output\.dense\.", ".mlp.fc2."),
    (r"\.layernorm_before\.", ".norm1."),
    (r"\.layernorm_after\.", ".norm2."),
    (r"^layernorm\.", "norm."),
)
"""From the names of transformers, of version 5 and of those before, to timm's and the authors'."""
_DECODER = (
    (r"^decoder_(embed|norm|blocks)\.", r"\1."),
    (r"^decoder_pred\.", "predict."),
    (r"^mask_token$", "hidden"),
)
"""From the authors' names to those of `PatchDecoder`."""


@dataclass(frozen=True, kw_only=True)
class PublishedViT:
    """What a file says of the vision transformer whose weights it holds.

    Attributes:
        path: of the file, or of the folder that it is in.
        width: of its vectors.
        depth: its blocks.
        patch: height and width of a patch, in pixels.
        size: side of the pictures that its positions are for, in pixels.
        channels: of the pictures.
        mean: of each channel of the pictures that it was trained on; ImageNet's where nothing is said of it.
        std: likewise.
        decoder: the options of MAE that give the decoder its shape; empty where the file holds none.
        stated: what the folder says of the network beside that.
    """

    path: str
    width: int
    depth: int
    patch: int
    size: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    decoder: Mapping[str, int]
    stated: Mapping[str, Any] = field(default_factory=dict)

    @property
    def norm_eps(self) -> float | None:
        """What its layer norms add to the variance, where that is another than timm's."""
        eps = float(self.stated.get("layer_norm_eps", EPS))
        return None if eps == EPS else eps

    @property
    def backbone(self) -> str:
        """The network by timm's name.

        Raises:
            RunError: timm has no such network.
        """
        import timm

        kind, depth, heads = KINDS.get(self.width, ("", 0, 0))
        name = f"{kind}_patch{self.patch}_224"
        if self.stem == "small":
            name = f"{kind}_patch{14 if kind == 'vit_huge' else 16}_224"
        other = {"num_attention_heads": heads, "hidden_act": "gelu"}
        differs = [f"{key} {self.stated[key]}" for key, value in other.items() if self.stated.get(key, value) != value]
        if depth != self.depth or not timm.is_model(name) or differs:
            widths = ", ".join(str(width) for width in KINDS)
            got = ", ".join([f"width {self.width}, {self.depth} blocks, patches of {self.patch}", *differs])
            constraint = f"a vision transformer of one of timm's shapes, {widths} wide"
            raise RunError(complaint("pretrain", "init", constraint, f"{self.path}: {got}", "Name its --backbone"))
        return name

    @property
    def stem(self) -> str:
        """The stem with patches of that size: "standard", or "small" for an eighth of the side."""
        import timm

        kind = KINDS.get(self.width, ("",))[0]
        is_usual = timm.is_model(f"{kind}_patch{self.patch}_224")
        return "standard" if is_usual or self.patch != max(1, round(self.size / 8)) else "small"


def published_vit(init: str | Path | None) -> PublishedViT | None:
    """What a file, or a folder of transformers or timm, says of the vision transformer that it holds.

    Args:
        init: what a run starts from; None for nothing.

    Returns:
        None where it is something else, or cannot be read.
    """
    path = Path(init or "").expanduser()
    if init is None or not (path.is_file() or read_config(path)):
        return None
    try:
        weights = _renamed(read_weights(path))
    except ValueError:
        return None
    if not {"cls_token", "pos_embed", "patch_embed.proj.weight"} <= set(weights):
        return None
    width, channels, patch, _ = weights["patch_embed.proj.weight"].shape
    size = math.isqrt(max(0, weights["pos_embed"].shape[1] - 1)) * patch
    stated = read_config(path)
    mean, std = _normalisation(path, stated, channels)
    return PublishedViT(
        path=str(init), width=width, depth=_depth("blocks", weights), patch=patch, size=size, channels=channels,
        mean=mean, std=std, decoder=_decoder_options(weights, stated), stated=stated,
    )  # fmt: skip


def _depth(name: str, weights: Mapping[str, Tensor]) -> int:
    return len({key.split(".")[1] for key in weights if key.startswith(f"{name}.")})


def _decoder_options(weights: Mapping[str, Tensor], stated: Mapping[str, Any]) -> dict[str, int]:
    if "decoder_embed.weight" not in weights:
        return {}
    width = len(weights["decoder_embed.weight"])
    heads = stated.get("decoder_num_attention_heads", max(1, width // HEAD_DIM))
    return {"decoder_dim": width, "decoder_depth": _depth("decoder_blocks", weights), "decoder_heads": heads}


def _normalisation(path: Path, stated: Mapping[str, Any], channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation as transformers or timm state them, or ImageNet's."""
    found = read_config(path, "preprocessor_config.json")
    if "image_mean" in found and "image_std" in found:
        mean, std = found["image_mean"], found["image_std"]
    else:
        of_timm = stated.get("pretrained_cfg", {})
        mean, std = of_timm.get("mean", MEAN), of_timm.get("std", STD)
    return _of_channels(mean, channels), _of_channels(std, channels)


def _of_channels(values: Sequence[float], channels: int) -> tuple[float, ...]:
    return tuple(values) if len(values) == channels else (sum(values) / len(values),) * channels


def in_timms_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of transformers' vision transformers by the names of timm and of MAE's authors; others as they are.

    Args:
        weights: as the file has them.

    Raises:
        ValueError: queries, keys or values are missing; the message is the reason alone.
    """
    renamed = _renamed(weights)
    joined: dict[str, Tensor] = {}
    for name, value in renamed.items():
        head, part, kind = name.rpartition(".q.")
        if part:
            names = [f"{head}.{each}.{kind}" for each in "qkv"]
            if missing := [each for each in names if each not in renamed]:
                reason = f"no weights for {missing[0]}"  # inside the caller's sentence
                raise ValueError(reason)
            joined[f"{head}.qkv.{kind}"] = torch.cat([renamed[each] for each in names])
        elif not re.search(r"\.attn\.[kv]\.", name):
            joined[name] = value
    return joined


def _renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    is_transformers = any(name.endswith(_TRANSFORMERS) for name in weights)
    return {_by(_RENAMED, name) if is_transformers else name: value for name, value in weights.items()}


def _by(rules: Sequence[tuple[str, str]], name: str) -> str:
    for pattern, other in rules:
        name = re.sub(pattern, other, name)
    return name


def decoder_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The decoder of a published MAE by the names of `PatchDecoder`.

    Nothing where there is none, or where its positions are others than those of `PatchDecoder`.

    Args:
        weights: by the names of MAE's authors.
    """
    positions = weights.get("decoder_pos_embed")
    if positions is not None and not _is_fixed(positions):
        return {}
    own = {name: value for name, value in weights.items() if name.startswith("decoder_") or name == "mask_token"}
    found = {_by(_DECODER, name): value for name, value in own.items() if name != "decoder_pos_embed"}
    if "hidden" in found:
        found["hidden"] = found["hidden"].flatten()
    return found


def _is_fixed(positions: Tensor) -> bool:
    """Whether positions are the sines and cosines that `PatchDecoder` adds, behind the class token's, which is 0."""
    side = math.isqrt(positions.shape[1] - 1)
    if positions.shape[1] != side**2 + 1 or positions.shape[2] % 4:
        return False
    fixed = torch.cat([torch.zeros(1, positions.shape[2]), sine_cosine(side, side, positions.shape[2])])
    return torch.allclose(positions[0].float(), fixed, atol=1e-3)  # some files are of half precision


def at_size(positions: Tensor, network: nn.Module) -> Tensor:
    """The positions of a vision transformer for pictures of the network's own size, where theirs is another.

    Args:
        positions: as the file has them.
        network: a backbone; one of another kind leaves them as they are.

    Source: Dosovitskiy et al. 2020, arXiv 2010.11929, section 3.2, by timm's bicubic resampling.
    """
    from timm.layers.pos_embed import resample_abs_pos_embed
    from timm.models.vision_transformer import VisionTransformer

    net = getattr(network, "net", network)
    if not isinstance(net, VisionTransformer) or net.pos_embed is None:
        return positions
    rows, columns = net.patch_embed.grid_size
    num_first = net.pos_embed.shape[1] - rows * columns
    is_square = math.isqrt(max(0, positions.shape[1] - num_first)) ** 2 == positions.shape[1] - num_first
    if positions.shape[1] == net.pos_embed.shape[1] or not is_square:
        return positions
    return resample_abs_pos_embed(positions.float(), [rows, columns], num_prefix_tokens=num_first)
