"""Backbones for series: shapes, patches of whole steps, and that each sees all of a series."""

import pytest
import torch

from nearfar.networks import (
    SERIES_BACKBONES,
    Backbone,
    SeriesViT,
    dim_of,
    encode_visible,
    patch_length,
    series_backbone,
    stage_vectors,
    stages,
    whole_patches,
)


@pytest.mark.parametrize("name", SERIES_BACKBONES)
@pytest.mark.parametrize(("channels", "length"), [(1, 24), (6, 200), (3, 37), (12, 8)])
def test_the_contract_of_a_backbone(name: str, channels: int, length: int) -> None:
    network = series_backbone(name, length=length, channels=channels).eval()
    view = torch.randn(3, channels, length)
    assert isinstance(network, Backbone)
    vector, locations = network.with_locations(view)
    assert vector.shape == (3, dim_of(network))
    assert locations.shape[::2] == (3, network.location_dim)
    torch.testing.assert_close(network(view), vector)
    torch.testing.assert_close(network.locations(view), locations)


@pytest.mark.parametrize("name", SERIES_BACKBONES)
def test_every_step_of_every_channel_is_seen(name: str) -> None:
    network = series_backbone(name, length=40, channels=2).eval()
    view = torch.randn(1, 2, 40, requires_grad=True)
    network(view).square().sum().backward()
    assert (view.grad != 0).all()


@pytest.mark.parametrize("name", SERIES_BACKBONES)
def test_stages_give_a_vector_for_each_series(name: str) -> None:
    network = series_backbone(name, length=40, channels=2).eval()
    found = stage_vectors(network, torch.randn(5, 2, 40), of=stages(network))
    assert len(found) >= 4
    assert all(vectors.shape[0] == 5 and vectors.ndim == 2 for vectors in found.values())
    widths = [vectors.shape[1] for vectors in found.values()]
    assert widths == ([64, 128, 256, 512] if name == "small" else [128] * 4)


@pytest.mark.parametrize(
    ("length", "patch"), [(200, 8), (24, 1), (140, 5), (2000, 80), (29, 1), (8, 1), (512, 16), (208, 8)]
)
def test_patches_divide_the_length(length: int, patch: int) -> None:
    assert patch_length(length) == patch


def test_whole_patches_are_about_twenty_five() -> None:
    for length in range(8, 2049):
        whole = whole_patches(length)
        assert abs(whole - length) <= max(1, round(length / 25)) / 2
        assert whole < 25 or 16 <= whole / patch_length(whole) <= 40, length


def test_a_hidden_patch_never_reaches_the_encoder() -> None:
    network = SeriesViT(length=32, channels=2, patch=4, dim=16, depth=1, heads=2).eval()
    view, mask = torch.randn(3, 2, 32), torch.tensor([0, 1, 1, 0, 1, 0, 1, 0]).bool().expand(3, 1, 8)
    encoded = encode_visible(network, view, mask)
    spoilt = torch.where(mask.repeat_interleave(4, 2), torch.nan, view)
    assert torch.equal(encode_visible(network, spoilt, mask), encoded)


@pytest.mark.usefixtures("as_users_call")
def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^backbone: name must be one of small, vit for series\. Got 'resnet18'\. "):
        series_backbone("resnet18", length=40, channels=1)
