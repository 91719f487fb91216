"""What is drawn of a network's inside: against weights that are known, and against attention computed by hand."""

import json
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from PIL import Image
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from nearfar.engine import Encoder, EncoderSpec, ImageSpec, write_inside
from nearfar.engine.inside import FILTER_SIDE, GUTTER, HEAT, attention, filter_sheet, overlay
from nearfar.networks.backbone import backbone
from nearfar.records import RunFolder, write_json


class Wrapped(nn.Module):
    """A model of timm as a backbone holds it."""

    def __init__(self, pool: str = "token", **given: object) -> None:
        super().__init__()
        tiny = {"img_size": 12, "patch_size": 4, "embed_dim": 16, "depth": 2, "num_heads": 2, "num_classes": 0}
        self.net = VisionTransformer(**{**tiny, "global_pool": pool, **given})

    def forward(self, view: torch.Tensor) -> torch.Tensor:
        return self.net(view)


def by_hand(net: VisionTransformer, view: torch.Tensor) -> torch.Tensor:
    """The attention weights of the last block, (n, heads, tokens, tokens)."""
    x = net.norm_pre(net.patch_drop(net._pos_embed(net.patch_embed(view))))
    for block in net.blocks[:-1]:
        x = block(x)
    layer = net.blocks[-1].attn
    n, tokens, _ = x.shape
    q, k, _ = layer.qkv(net.blocks[-1].norm1(x)).reshape(n, tokens, 3, layer.num_heads, -1).permute(2, 0, 3, 1, 4)
    return (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(dim=-1)


@pytest.mark.parametrize("pool", ["token", "avg"])
def test_attention_is_that_of_the_last_block(pool: str) -> None:
    network = Wrapped(pool).eval()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.5)
    view = torch.randn(3, 3, 12, 12)
    before = network(view)
    found = attention(network, view)
    assert found is not None
    with torch.no_grad():
        weights = by_hand(network.net, view).mean(dim=1)
    seen = weights[:, 0, 1:] if pool == "token" else weights[:, 1:, 1:].mean(dim=1)
    expected = (seen / seen.sum(dim=1, keepdim=True)).reshape(3, 3, 3).numpy()
    assert found.patch == (4, 4)
    np.testing.assert_allclose(found.maps, expected, atol=1e-5)
    assert np.ptp(found.maps[0]) > 0.01
    assert torch.equal(network(view), before)
    assert network.net.blocks[-1].attn.fused_attn == network.net.blocks[0].attn.fused_attn


def test_a_network_that_looks_at_nothing_in_particular_looks_everywhere_alike() -> None:
    network = Wrapped().eval()
    nn.init.zeros_(network.net.blocks[-1].attn.qkv.weight)
    found = attention(network, torch.randn(2, 3, 12, 12))
    assert found is not None
    np.testing.assert_allclose(found.maps, 1 / 9, rtol=1e-5)


def test_patches_that_reach_beyond_the_picture_are_counted() -> None:
    network = Wrapped(img_size=10, dynamic_img_size=True, dynamic_img_pad=True).eval()
    found = attention(network, torch.randn(1, 3, 10, 10))
    assert found is not None
    assert found.maps.shape == (1, 3, 3)


def test_a_network_without_attention_has_no_maps() -> None:
    view = torch.randn(1, 3, 16, 16)
    assert attention(backbone("small", size=16, channels=3), view) is None
    assert attention(nn.Module(), view) is None
    assert attention(Wrapped(depth=1, class_token=False, global_pool="avg").eval(), view[:, :, :12, :12]) is not None


def test_filters_are_scaled_by_their_largest_weight() -> None:
    layer = nn.Conv2d(1, 3, 2)
    weight = torch.tensor([[[4.0, -4.0], [0.0, 2.0]], [[0.0, 0.0], [0.0, 0.0]], [[0.1, 0.0], [-0.05, 0.0]]])
    layer.weight.data = weight[:, None]
    found = filter_sheet(nn.Sequential(layer))
    assert found is not None
    assert (found.shown, found.count, found.side, found.channels) == (3, 3, (2, 2), 1)
    side = FILTER_SIDE
    assert found.pixels.shape == (side, 3 * side + 2 * GUTTER, 4)
    assert (found.pixels[:, side : side + GUTTER] == 0).all()
    corners = found.pixels[[0, 0, -1, -1], [0, side - 1, 0, side - 1]]
    assert corners[:, 0].tolist() == [255, 0, 128, 191]
    assert (corners[:, 3] == 255).all()
    assert (found.pixels[:, side + GUTTER : 2 * side + GUTTER, 0] == 128).all()
    assert found.pixels[0, 2 * (side + GUTTER), 0] == 255


def test_of_many_filters_64_are_drawn_and_colours_stay() -> None:
    layer = nn.Conv2d(3, 100, 16)
    layer.weight.data.zero_()
    layer.weight.data[0, 0] = 1.0  # the first filter is pure red
    found = filter_sheet(layer)
    assert found is not None
    assert (found.shown, found.count) == (64, 100)
    assert found.pixels[0, 0].tolist() == [255, 128, 128, 255]
    assert found.pixels.shape == (8 * 32 + 7 * GUTTER, 8 * 32 + 7 * GUTTER, 4)


@pytest.mark.parametrize(
    "network", [nn.Linear(3, 4), nn.Conv2d(3, 4, 1), nn.Conv2d(8, 4, 3), nn.Conv2d(3, 3, 3, groups=3)]
)
def test_other_first_layers_have_no_filters_to_see(network: nn.Module) -> None:
    assert filter_sheet(network) is None


def test_the_overlay_covers_what_is_looked_at() -> None:
    picture = np.full((3, 6, 6), 100, dtype=np.uint8)
    seen = np.array([[0.0, 0.25], [0.25, 0.5]])  # of which twice an even share is the most: half of full strength
    found = overlay(picture, seen, patch=(4, 4))
    assert found.shape == (6, 6, 3)
    assert found[0, 0].tolist() == [100, 100, 100]
    np.testing.assert_allclose(found[5, 5], 0.6 * 100 + 0.4 * np.array(HEAT), atol=1)
    np.testing.assert_allclose(found[0, 5], 0.8 * 100 + 0.2 * np.array(HEAT), atol=1)
    sharp = overlay(picture, np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), patch=(3, 2))
    np.testing.assert_allclose(sharp[3, 3], 0.2 * 100 + 0.8 * np.array(HEAT), atol=1)


def encoder(name: str) -> Encoder:
    spec = ImageSpec(backbone=name, stem=None, size=16, channels=1, mean=(0.5,), std=(0.5,), seed=0)
    return Encoder(spec, spec.build())


def gallery(path: Path) -> RunFolder:
    """A run's folder with the views of two pictures."""
    files = RunFolder(path)
    (files.gallery / "views").mkdir(parents=True)
    views = [{"id": f"{n}.png", "original": f"views/{n}_original.png", "views": []} for n in range(2)]
    for entry in views:
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)).save(
            files.gallery / str(entry["original"])
        )
    write_json(files.gallery / "gallery.json", {"views": views, "tile": 8})
    return files


def test_a_convolution_leaves_its_filters(tmp_path: Path) -> None:
    files = gallery(tmp_path)
    write_inside(files, encoder("small"))
    about = json.loads((files.gallery / "gallery.json").read_text())
    assert about["tile"] == 8
    assert about["inside"] == {
        "filters": {"image": "filters.png", "shown": 64, "count": 64, "side": [4, 4], "channels": 1}
    }
    with Image.open(files.gallery / "filters.png") as sheet:
        assert sheet.mode == "RGBA"


def test_a_transformer_leaves_its_patches_and_a_map_for_each_picture(tmp_path: Path) -> None:
    files = gallery(tmp_path)
    trained = encoder("vit_tiny_patch16_224")
    write_inside(files, trained)
    inside = json.loads((files.gallery / "gallery.json").read_text())["inside"]
    assert inside["filters"]["side"] == [2, 2]
    assert [entry["id"] for entry in inside["attention"]] == ["0.png", "1.png"]
    for entry in inside["attention"]:
        assert entry["patches"] == 64
        assert 1 <= entry["half"] <= 32
        with Image.open(files.gallery / entry["map"]) as drawn:
            assert drawn.size == (16, 16)


def test_without_views_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    write_inside(RunFolder(tmp_path), encoder("vit_tiny_patch16_224"))
    assert set(json.loads((tmp_path / "gallery/gallery.json").read_text())["inside"]) == {"filters"}


def test_other_modalities_are_left_alone(tmp_path: Path) -> None:
    write_inside(RunFolder(tmp_path), Encoder(Mock(spec=EncoderSpec), encoder("small").backbone))
    assert list(tmp_path.iterdir()) == []
