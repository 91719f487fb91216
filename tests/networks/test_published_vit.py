"""Published vision transformers: the source library's own vectors and loss, from each layout of their files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from published_vits import DECODER, SIZE, authors_names, mae_of_transformers, timms_vit, write_authors
from torch import Tensor

from nearfar.engine.initial import load_decoder, load_weights
from nearfar.engine.pretrained import published_encoder
from nearfar.errors import RunError
from nearfar.methods import MAE, Batch
from nearfar.networks import PatchDecoder, backbone, encode_visible
from nearfar.networks.published_vit import PublishedViT, published_vit
from nearfar.views import Draws, patch_mask

Weights = dict[str, Tensor]


@pytest.fixture(scope="module")
def vit() -> Any:
    return timms_vit()


@pytest.fixture
def view() -> Tensor:
    return torch.randn(3, 3, SIZE, SIZE)


def write_pth(folder: Path, vit: Any) -> Path:
    torch.save(vit.state_dict(), folder / "vit.pth")
    return folder / "vit.pth"


def write_safetensors(folder: Path, vit: Any) -> Path:
    safetensors.torch.save_file(vit.state_dict(), folder / "vit.safetensors")
    return folder / "vit.safetensors"


def write_hub(folder: Path, vit: Any) -> Path:
    from timm.models import save_for_hf

    save_for_hf(vit, str(folder / "hub"), model_config={"pretrained_cfg": {"mean": (0.5,) * 3, "std": (0.25,) * 3}})
    return folder / "hub"


def write_authors_encoder(folder: Path, vit: Any) -> Path:
    encoder = {name: value for name, value in vit.state_dict().items() if not name.startswith("head.")}
    return write_authors(folder / "mae_pretrain.pth", encoder)


def write_authors_full(folder: Path, vit: Any) -> Path:
    return write_authors(folder / "mae_full.pth", authors_names(vit))


@torch.no_grad()
@pytest.mark.parametrize("write", [write_pth, write_safetensors, write_hub, write_authors_encoder, write_authors_full])
def test_the_vectors_of_timm(write: Callable[[Path, Any], Path], vit: Any, view: Tensor, tmp_path: Path) -> None:
    path = write(tmp_path, vit)
    encoder = published_encoder(path)
    assert encoder is not None
    assert (encoder.spec.backbone, encoder.spec.size, encoder.spec.stem) == ("vit_tiny_patch16_224", SIZE, "small")
    assert encoder.spec.mean == ((0.5,) * 3 if path.is_dir() else (0.485, 0.456, 0.406))
    wanted = vit.forward_head(vit.forward_features(view), pre_logits=True)
    torch.testing.assert_close(encoder.backbone(view), wanted, rtol=0, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize(("part", "older"), [("all", True), ("all", False), ("encoder", True)])
@pytest.mark.parametrize("kind", ["folder", "safetensors", "pth"])
@pytest.mark.filterwarnings("default")
def test_the_vectors_and_the_loss_of_transformers(
    part: str, older: bool, kind: str, view: Tensor, tmp_path: Path
) -> None:
    pytest.importorskip("transformers", minversion="5.0")
    # The folder alone says what its layer norms add to the variance.
    peer = mae_of_transformers(layer_norm_eps=1e-12 if kind == "folder" else 1e-6)
    (peer if part == "all" else peer.vit).save_pretrained(tmp_path, save_original_format=older)
    path = {"folder": tmp_path, "safetensors": tmp_path / "model.safetensors", "pth": tmp_path / "model.pth"}[kind]
    if kind == "pth":
        torch.save(safetensors.torch.load_file(tmp_path / "model.safetensors"), path)
    encoder = published_encoder(path)
    assert encoder is not None
    peer.config.mask_ratio = 0.0
    every = peer.vit(view, noise=torch.arange(64.0).expand(3, -1)).last_hidden_state
    peer.config.mask_ratio = 0.75
    torch.testing.assert_close(encoder.backbone(view), every[:, 0], rtol=0, atol=1e-5)
    torch.testing.assert_close(encoder.backbone.locations(view), every[:, 1:], rtol=0, atol=1e-5)
    if part == "all":
        known = published_vit(path)
        assert known is not None
        assert known.decoder == DECODER
        assert_same_loss(encoder.backbone, peer, view, str(path))


def assert_same_loss(network: Any, peer: Any, view: Tensor, init: str) -> None:
    method, draws = MAE(network, **DECODER).eval(), Draws.of(0, 0, torch.arange(3))
    load_decoder(method, init)
    mask = patch_mask(draws, rows=8, columns=8, ratio=0.75)
    wanted = peer(view, noise=mask.flatten(1).float())  # it hides what is largest
    torch.testing.assert_close(method(Batch((view,), keys=draws.keys)).loss, wanted.loss, rtol=0, atol=1e-5)
    predicted = method.decoder(encode_visible(network, view, mask), mask)
    torch.testing.assert_close(predicted, wanted.logits, rtol=0, atol=1e-5)


def test_the_shape_of_published_models(tmp_path: Path) -> None:
    """The networks of the paper, by the shapes of their tensors."""
    for width, depth, patch, name in (
        (768, 12, 16, "vit_base_patch16_224"), (1024, 24, 16, "vit_large_patch16_224"),
        (1280, 32, 14, "vit_huge_patch14_224"),
    ):  # fmt: skip
        positions = torch.empty(1, 1 + (224 // patch) ** 2, 1).expand(-1, -1, width)
        kernel = torch.empty(1).expand(width, 3, patch, patch)
        weights = {"cls_token": positions[:, :1], "pos_embed": positions, "patch_embed.proj.weight": kernel}
        weights |= {f"blocks.{place}.norm1.weight": torch.empty(1) for place in range(depth)}
        weights["decoder_embed.weight"] = torch.empty(1).expand(512, width)
        weights |= {f"decoder_blocks.{place}.norm1.weight": torch.empty(1) for place in range(8)}
        torch.save({"model": weights}, tmp_path / "weights.pth")
        known = published_vit(tmp_path / "weights.pth")
        assert known is not None
        assert (known.backbone, known.stem, known.size) == (name, "standard", 224)
        assert known.decoder == {"decoder_dim": 512, "decoder_depth": 8, "decoder_heads": 16}


@torch.no_grad()
def test_positions_for_another_size_are_resampled_as_timm_does(vit: Any, tmp_path: Path) -> None:
    import timm
    from timm.models.vision_transformer import checkpoint_filter_fn

    path, view = write_pth(tmp_path, vit), torch.randn(2, 3, 48, 48)
    settings = {"img_size": 48, "patch_size": 4, "num_classes": 0}
    own, theirs = (timm.create_model("vit_tiny_patch16_224", **settings).eval() for _ in range(2))
    load_weights(own, str(path))
    theirs.load_state_dict(checkpoint_filter_fn(vit.state_dict(), theirs), strict=False)
    torch.testing.assert_close(own(view), theirs(view), rtol=0, atol=1e-5)


@torch.no_grad()
def test_a_network_that_averages_takes_the_norm_behind_its_average(vit: Any, view: Tensor, tmp_path: Path) -> None:
    network = backbone("vit_tiny", size=SIZE, channels=3).eval()
    load_weights(network, str(write_authors_full(tmp_path, vit)))
    seen = vit.forward_features(view)[:, 1:]  # behind the last norm
    network.net.fc_norm, norm = torch.nn.Identity(), network.net.fc_norm
    torch.testing.assert_close(norm(network.locations(view)), seen, rtol=0, atol=1e-5)


def without(name: str) -> Callable[[Weights], Weights]:
    return lambda weights: {key: value for key, value in weights.items() if key != name}


WRONG: dict[str, tuple[Callable[[Weights], Weights], str]] = {
    "missing": (without("blocks.3.attn.qkv.bias"), "150 tensors). Got '149 that fit in "),
    "missing, named": (without("norm.weight"), "; norm.weight is missing'. Give the --backbone"),
    "a shape": (lambda w: w | {"norm.bias": torch.zeros(7)}, "; norm.bias is (7,), not (192,)'. Give the --backbone"),
    "one block more": (
        lambda w: w | {"blocks.12.norm1.weight": torch.zeros(192)},
        "init must be weights of this backbone and no others. Got 'blocks.12.norm1.weight in ",
    ),
    "another kind of block": (
        lambda w: w | {"blocks.0.ls1.gamma": torch.zeros(192)}, "and no others. Got 'blocks.0.ls1.gamma in "
    ),
    "no decoder's norm": (without("decoder_norm.bias"), "init must be a decoder of MAE (19 tensors). Got "),
    "a decoder of another kind": (
        lambda w: w | {"decoder_blocks.0.ls1.gamma": torch.zeros(64)}, "one with blocks.0.ls1.gamma'. Give a file with"
    ),
}  # fmt: skip


def begin(method: MAE, init: str) -> None:
    load_weights(method.backbone, init)
    load_decoder(method, init)


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_gets_one_sentence(
    case: str, vit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    change, sentence = WRONG[case]
    write_authors(Path("w.pth"), change(authors_names(vit)))
    method = MAE(backbone("vit_tiny_patch16_224", size=SIZE, channels=3), **DECODER)
    before = {name: value.clone() for name, value in method.decoder.state_dict().items()}
    with pytest.raises(RunError) as caught:
        begin(method, "w.pth")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert all(torch.equal(value, before[name]) for name, value in method.decoder.state_dict().items())


@pytest.mark.parametrize(
    "options", [{"decoder_dim": 32}, {"decoder_depth": 2}, {"decoder_dim": 96, "decoder_depth": 3}, {"block": 2}]
)
def test_a_decoder_is_taken_where_it_is_of_the_same_shape(options: dict[str, int], vit: Any, tmp_path: Path) -> None:
    path = write_authors_full(tmp_path, vit)
    method = MAE(backbone("vit_tiny_patch16_224", size=SIZE, channels=3), **(DECODER | options))
    before = {name: value.clone() for name, value in method.decoder.state_dict().items()}
    load_decoder(method, str(path))
    stays = all(torch.equal(value, before[name]) for name, value in method.decoder.state_dict().items())
    assert stays == (options != {"block": 2})


def test_a_decoder_with_other_positions_is_left(vit: Any, tmp_path: Path) -> None:
    weights = authors_names(vit)
    weights["decoder_pos_embed"] = torch.zeros_like(weights["decoder_pos_embed"])
    method = MAE(backbone("vit_tiny_patch16_224", size=SIZE, channels=3), **DECODER)
    before = method.decoder.hidden.clone()
    load_decoder(method, str(write_authors(tmp_path / "w.pth", weights)))
    assert torch.equal(method.decoder.hidden, before)
    assert isinstance(method.decoder, PatchDecoder)


def test_what_is_no_vision_transformer_is_none(tmp_path: Path, vit: Any) -> None:
    torch.save({"conv1.weight": torch.zeros(2)}, tmp_path / "other.pth")
    (tmp_path / "notes.txt").write_text("nothing of the kind")
    for init in (None, tmp_path, tmp_path / "other.pth", tmp_path / "notes.txt", tmp_path / "nowhere", "timm:resnet18"):
        assert published_vit(init) is None
    path = write_authors_full(tmp_path, vit)
    path.write_bytes(path.read_bytes()[:1000])
    assert published_vit(path) is None


@pytest.mark.parametrize(
    ("change", "got"),
    [
        ({"width": 200}, "width 200, 12 blocks, patches of 16"),
        ({"depth": 11}, "width 768, 11 blocks"),
        ({"patch": 13}, "patches of 13"),
        ({"stated": {"num_attention_heads": 8}}, "num_attention_heads 8"),
        ({"stated": {"hidden_act": "relu"}}, "hidden_act relu"),
    ],
)
def test_a_shape_that_timm_has_not_is_refused(change: dict[str, Any], got: str) -> None:
    usual: dict[str, Any] = {
        "path": "w.pth", "width": 768, "depth": 12, "patch": 16, "size": 224, "channels": 3, "mean": (0.5,) * 3,
        "std": (0.5,) * 3, "decoder": {},
    }  # fmt: skip
    assert PublishedViT(**usual).backbone == "vit_base_patch16_224"
    with pytest.raises(RunError, match=rf"a vision transformer of one of timm's shapes.*{got}.*Name its --backbone"):
        assert PublishedViT(**(usual | change)).backbone


def test_gray_networks_have_one_mean(tmp_path: Path) -> None:
    path = write_pth(tmp_path, timms_vit(channels=1))
    known = published_vit(path)
    assert known is not None
    assert (known.channels, len(known.mean), len(known.std)) == (1, 1, 1)
    (tmp_path / "folder").mkdir()
    path.rename(tmp_path / "folder/pytorch_model.bin")
    (tmp_path / "folder/config.json").write_text(json.dumps({"model_type": "vit_mae"}))
    (tmp_path / "folder/preprocessor_config.json").write_text(json.dumps({"image_mean": [0.1], "image_std": [0.2]}))
    known = published_vit(tmp_path / "folder")
    assert known is not None
    assert (known.mean, known.std) == ((0.1,), (0.2,))
