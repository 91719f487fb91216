"""MAE: what is hidden, what is asked for, and the same numbers as transformers' on the same weights and mask."""

from typing import Any

import pytest
import torch
from cases import CASES, TinyViT
from torch import nn

from nearfar.methods import MAE, Batch
from nearfar.networks import TimmBackbone, encode_visible, patchify
from nearfar.objectives import masked_mse
from nearfar.views import Draws, patch_mask


def test_it_asks_for_hidden_patches_alone() -> None:
    torch.manual_seed(0)
    method = MAE(TinyViT(), mask_ratio=0.75, decoder_dim=16, decoder_depth=1).eval()
    batch = CASES["mae"].batch(seed=0)
    (view,) = batch.views
    mask = patch_mask(batch.draws(), rows=4, columns=4, ratio=0.75)
    predicted = method.decoder(encode_visible(method.backbone, view, mask), mask)
    target = patchify(view, patch=(2, 2))
    target = (target - target.mean(2, keepdim=True)) / (target.var(2, keepdim=True) + 1e-6) ** 0.5
    expected = (predicted - target)[mask.flatten(1)].square().mean()
    torch.testing.assert_close(method(batch).loss, expected)


def test_the_landmark_is_that_of_predicting_nothing() -> None:
    for normalize in (True, False):
        method = MAE(TinyViT(), normalize=normalize, decoder_dim=16, decoder_depth=1)
        nn.init.zeros_(method.decoder.predict.weight)
        view = torch.randn(64, 1, 8, 8)
        batch = CASES["mae"].batch(64, seed=0)._replace(views=(view / view.std(),))
        assert method(batch).loss.item() == pytest.approx(method.chance(64), abs=0.05)
    assert method.chance(64) == 1.0


def test_positions_stay_and_are_part_of_the_encoder() -> None:
    method = MAE(TinyViT())
    assert not method.backbone.net.pos_embed.requires_grad
    assert "net.pos_embed" in method.backbone.state_dict()


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"mask_ratio": 0.0}, r"ratio must be a part between 0 and 1\. Got 0\.0\. Try 0\.75"),
        ({"mask_ratio": 1.0}, r"ratio must be a part between 0 and 1\. Got 1\.0"),
        ({"block": 5}, r"block must be from 1 to 4 patches"),
        ({"decoder_dim": 30}, r"decoder_dim must be a multiple of 4\. Got 30\. Try 32"),
    ],
)
def test_wrong_options_are_refused_before_any_picture(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        MAE(TinyViT(), **options)


def theirs(*, normalize: bool) -> Any:
    """ViTMAE of transformers with a ViT-Tiny for 16 pixels, as our backbone, and a small decoder."""
    from transformers import ViTMAEConfig, ViTMAEForPreTraining
    from transformers.models.vit_mae.modeling_vit_mae import build_2d_sinusoidal_position_embedding

    config = ViTMAEConfig(
        image_size=16, patch_size=2, num_channels=3, hidden_size=192, num_hidden_layers=12, num_attention_heads=3,
        intermediate_size=768, decoder_hidden_size=32, decoder_num_hidden_layers=2, decoder_num_attention_heads=4,
        decoder_intermediate_size=128, norm_pix_loss=normalize, mask_ratio=0.75, layer_norm_eps=1e-6,
    )  # fmt: skip
    peer = ViTMAEForPreTraining(config)
    for positions in (peer.vit.embeddings.position_embeddings, peer.decoder.decoder_pos_embed):
        # Version 5 leaves them at 0 where no weights are loaded; its comment says which half is which.
        found = build_2d_sinusoidal_position_embedding(8, 8, embed_dim=positions.shape[-1], cls_token=True)
        positions.data = found.roll(positions.shape[-1] // 2, dims=1)[None]
    return peer.double().eval()


def take_weights(method: MAE, peer: Any) -> None:
    """Puts transformers' weights into ours; all but the decoder's fixed positions, which we compute."""
    vit, decoder, embeddings = method.backbone.net, method.decoder, peer.vit.embeddings
    layers = {side: [m for m in part.modules() if type(m).__name__ == "ViTMAELayer"] for side, part in
              (("encoder", peer.vit), ("decoder", peer.decoder))}  # fmt: skip
    modules = [
        (vit.patch_embed.proj, embeddings.patch_embeddings.projection), (vit.norm, peer.vit.layernorm),
        (decoder.embed, peer.decoder.decoder_embed), (decoder.norm, peer.decoder.decoder_norm),
        (decoder.predict, peer.decoder.decoder_pred),
    ]  # fmt: skip
    joined = []
    for own, other in zip([*vit.blocks, *decoder.blocks], layers["encoder"] + layers["decoder"], strict=True):
        modules += zip((own.norm1, own.norm2, own.attn.proj, own.mlp.fc1, own.mlp.fc2), _parts(other), strict=True)
        joined.append((own.attn.qkv.weight, own.attn.qkv.bias, other.attention))
    with torch.no_grad():
        vit.cls_token.copy_(embeddings.cls_token)
        decoder.hidden.copy_(peer.decoder.mask_token[0, 0])
        for own, other in modules:
            own.load_state_dict(other.state_dict())
        for weight, bias, attention in joined:
            three = attention.q_proj, attention.k_proj, attention.v_proj
            weight.copy_(torch.cat([layer.weight for layer in three]))
            bias.copy_(torch.cat([layer.bias for layer in three]))


def _parts(layer: Any) -> tuple[nn.Module, ...]:
    return layer.layernorm_before, layer.layernorm_after, layer.attention.o_proj, layer.mlp.fc1, layer.mlp.fc2


@pytest.mark.peer
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.filterwarnings("default")
def test_the_numbers_of_transformers(normalize: bool) -> None:
    pytest.importorskip("transformers", minversion="5.0")
    peer = theirs(normalize=normalize)
    backbone = TimmBackbone("vit_tiny_patch16_224", size=16, channels=3, small_stem=True)
    method = MAE(backbone, normalize=normalize, decoder_dim=32).double().eval()
    assert torch.equal(backbone.net.pos_embed, peer.vit.embeddings.position_embeddings)
    take_weights(method, peer)
    view, draws = torch.randn(3, 3, 16, 16, dtype=torch.float64), Draws.of(0, 0, torch.arange(3))
    mask = patch_mask(draws, rows=8, columns=8, ratio=0.75)
    batch = Batch((view,), keys=draws.keys)
    wanted = peer(view, noise=mask.flatten(1).double())  # it hides what is largest
    assert torch.equal(wanted.mask.bool(), mask.flatten(1))
    target = peer.patchify(view)
    torch.testing.assert_close(patchify(view, patch=(2, 2)), target)
    if normalize:
        target = (target - target.mean(2, keepdim=True)) / (target.var(2, keepdim=True) + 1e-6) ** 0.5
    assert masked_mse(target, patchify(view, patch=(2, 2)), mask.flatten(1), normalize=normalize) < 1e-12
    predicted = method.decoder(encode_visible(backbone, view, mask), mask)
    torch.testing.assert_close(predicted, wanted.logits, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(method(batch).loss, wanted.loss, rtol=1e-6, atol=1e-8)
