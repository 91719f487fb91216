"""Small vision transformers with random weights, in the files that MAE's authors, timm and transformers write."""

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nearfar.networks import PatchDecoder, sine_cosine

__all__ = ["DECODER", "SIZE", "authors_names", "mae_of_transformers", "timms_vit", "write_authors"]

SIZE, PATCH = 32, 4
DECODER = {"decoder_dim": 64, "decoder_depth": 1, "decoder_heads": 2}


def timms_vit(*, channels: int = 3) -> Any:
    """timm's ViT-Tiny for pictures of 32 pixels in patches of 4, with a classifier that nobody asks."""
    import timm

    torch.manual_seed(1)
    net = timm.create_model("vit_tiny_patch16_224", img_size=SIZE, patch_size=PATCH, in_chans=channels, num_classes=7)
    torch.nn.init.normal_(net.pos_embed)
    return net.eval()


def authors_names(net: Any, *, channels: int = 3) -> dict[str, Tensor]:
    """An encoder and a decoder from chance under the names of MAE's authors."""
    torch.manual_seed(2)
    width = DECODER["decoder_dim"]
    decoder = PatchDecoder(192, PATCH**2 * channels, decoder_dim=width, depth=1, num_heads=2).state_dict()
    fixed = sine_cosine(SIZE // PATCH, SIZE // PATCH, width)
    others = {
        "mask_token": decoder.pop("hidden").view(1, 1, -1),
        "decoder_pos_embed": torch.cat([torch.zeros(1, width), fixed])[None],
    }
    for name, value in decoder.items():
        first, _, rest = name.partition(".")
        others[f"decoder_{'pred' if first == 'predict' else first}.{rest}"] = value
    encoder = {name: value for name, value in net.state_dict().items() if not name.startswith("head.")}
    return encoder | others


def write_authors(path: Path, weights: dict[str, Tensor]) -> Path:
    """A checkpoint as the authors' training writes it."""
    torch.save({"model": weights, "optimizer": {}, "epoch": 3, "args": argparse.Namespace(lr=1e-3)}, path)
    return path


def mae_of_transformers(*, layer_norm_eps: float = 1e-12) -> Any:
    """transformers' ViTMAE of the same shape, with the positions that published ones have."""
    from transformers import ViTMAEConfig, ViTMAEForPreTraining

    torch.manual_seed(3)
    config = ViTMAEConfig(
        image_size=SIZE, patch_size=PATCH, num_channels=3, hidden_size=192, num_hidden_layers=12,
        num_attention_heads=3, intermediate_size=768, decoder_hidden_size=64, decoder_num_hidden_layers=1,
        decoder_num_attention_heads=2, decoder_intermediate_size=256, norm_pix_loss=True, mask_ratio=0.75,
        layer_norm_eps=layer_norm_eps,
    )  # fmt: skip
    peer = ViTMAEForPreTraining(config).eval()
    side = SIZE // PATCH
    for positions in (peer.vit.embeddings.position_embeddings, peer.decoder.decoder_pos_embed):
        # Version 5 leaves them at 0 where no weights are loaded.
        positions.data[0, 1:] = sine_cosine(side, side, positions.shape[2])
    return peer
