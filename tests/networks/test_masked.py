"""Patches and back, and a vision transformer that never sees what is hidden."""

import pytest
import torch
from cases import TinyBackbone, TinyViT

from nearfar.networks import as_map, backbone, encode_visible, patchify, unpatchify, vit_of
from nearfar.views import Draws, patch_mask

DRAWS = Draws.of(0, 0, torch.arange(3))


@pytest.mark.parametrize(
    ("shape", "patch"),
    [((2, 3, 8, 12), (4, 4)), ((1, 1, 6, 6), (2, 2)), ((2, 2, 5, 5), (5, 5)), ((2, 3, 6, 8), (3, 2))],
)
def test_patches_row_by_row_and_back(shape: tuple[int, ...], patch: tuple[int, int]) -> None:
    pictures, (high, wide) = torch.randn(shape), patch
    patches = patchify(pictures, patch=patch)
    columns = shape[3] // wide
    assert patches.shape == (shape[0], shape[2] // high * columns, high * wide * shape[1])
    for place in range(patches.shape[1]):
        top, left = place // columns * high, place % columns * wide
        cut = pictures[:, :, top : top + high, left : left + wide]
        assert torch.equal(patches[:, place], cut.permute(0, 2, 3, 1).flatten(1))
    assert torch.equal(unpatchify(patches, patch=patch, rows=shape[2] // high), pictures)


def test_series_are_pictures_one_pixel_high() -> None:
    series = torch.randn(2, 3, 12)
    patches = patchify(series, patch=(1, 4))
    assert patches.shape == (2, 3, 12)
    assert torch.equal(patches[:, 1], series[:, :, 4:8].mT.flatten(1)), "step by step, the channels side by side"
    assert torch.equal(unpatchify(patches, patch=(1, 4), rows=1), as_map(series))


def test_hidden_patches_never_reach_the_encoder() -> None:
    network = TinyViT(size=8, patch=2).eval()
    view, mask = torch.randn(3, 1, 8, 8), patch_mask(DRAWS, rows=4, columns=4, ratio=0.75)
    encoded = encode_visible(network, view, mask)
    assert encoded.shape == (3, 1 + 4, 16), "a class token and a quarter of the patches"
    hidden = mask.repeat_interleave(2, 1).repeat_interleave(2, 2)[:, None]
    spoilt = torch.where(hidden, torch.nan, view)
    assert torch.equal(encode_visible(network, spoilt, mask), encoded)
    seen = torch.where(hidden, view, view + 1)
    assert not torch.allclose(encode_visible(network, seen, mask), encoded)


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "vit_base_patch16_clip_224", "vit_small_patch16_224"])
@pytest.mark.slow
def test_with_nothing_hidden_it_is_the_network_of_the_field(name: str) -> None:
    network = backbone(name, size=16, channels=3).eval()
    view, mask = torch.randn(2, 3, 16, 16), torch.zeros(2, 8, 8, dtype=torch.bool)
    torch.testing.assert_close(encode_visible(network, view, mask), network.net.forward_features(view))


def test_visible_patches_keep_their_order_and_places() -> None:
    network = TinyViT(size=8, patch=4).eval()
    network.net.blocks = torch.nn.Identity()  # then each patch stands for itself
    view = torch.randn(3, 1, 8, 8)
    mask = torch.tensor([[[0, 1], [0, 1]], [[1, 0], [0, 1]], [[0, 0], [1, 1]]]).bool()
    whole = encode_visible(network, view, torch.zeros_like(mask))[:, 1:]
    assert torch.equal(encode_visible(network, view, mask)[:, 1:], whole[~mask.flatten(1)].view(3, 2, -1))


@pytest.mark.usefixtures("as_users_call")
def test_wrong_calls() -> None:
    view, network = torch.zeros(2, 1, 8, 8), TinyViT(size=8, patch=2)
    with pytest.raises(
        ValueError, match=r"^patchify: view must be of sides that the patch size 3 x 3 divides\. Got .* Take 9 x 9\.$"
    ):
        patchify(view, patch=(3, 3))
    with pytest.raises(ValueError, match=r"^unpatchify: patches must be 3 full rows of patches of 2 x 2 pixels\. Got"):
        unpatchify(patchify(view, patch=(2, 2)), patch=(2, 2), rows=3)
    with pytest.raises(ValueError, match=r"^encode_visible: mask must be over the backbone's 4 x 4 patches, equally"):
        encode_visible(network, view, torch.zeros(2, 2, 2, dtype=torch.bool))
    uneven = torch.zeros(2, 4, 4, dtype=torch.bool)
    uneven[0, 0, 0] = True
    with pytest.raises(ValueError, match=r"equally many hidden in each picture\. Got '\(4, 4\), \[1, 0\] hidden'\."):
        encode_visible(network, view, uneven)
    with pytest.raises(ValueError, match=r"^MAE: backbone must be a plain vision transformer of timm\. Got 'TinyBackb"):
        vit_of(TinyBackbone(), where="MAE")
    with pytest.raises(
        ValueError, match=r"^MAE: size must be a multiple of the patch size 4\. Got 30\. Try --size 32\.$"
    ):
        vit_of(backbone("vit_tiny_patch16_224", size=30, channels=1), where="MAE")
