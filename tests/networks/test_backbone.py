"""Backbones: names, stems, channels, locations, and a first layer that starts from data."""

import pytest
import torch
from torch import nn

from nearfar.networks import SmallResNet, backbone, dim_of, first_convolution, start_from_patches


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("name", "size"),
    [("small", 28), ("resnet18", 32), ("resnet18", 96), ("vit_tiny_patch16_224", 32), ("vit_tiny", 32)],
)
def test_a_backbone_keeps_the_contract(name: str, size: int, channels: int) -> None:
    network = backbone(name, size=size, channels=channels).eval()
    view = torch.randn(2, channels, size, size)
    assert network(view).shape == (2, dim_of(network))
    locations = network.locations(view)
    assert locations.shape[0] == 2
    assert locations.shape[2] == network.location_dim
    for made, alone in zip(network.with_locations(view), (network(view), locations), strict=True):
        torch.testing.assert_close(made, alone)
    assert first_convolution(network).in_channels == channels


def test_small_pictures_get_the_small_stem_unless_told_otherwise() -> None:
    def strides(**settings: object) -> tuple[int, bool]:
        net = backbone("resnet18", channels=3, **settings).net
        return net.conv1.stride[0], isinstance(net.maxpool, nn.Identity)

    assert strides(size=64) == (1, True)
    assert strides(size=65) == (2, False)
    assert strides(size=32, stem="standard") == (2, False)
    assert strides(size=224, stem="small") == (1, True)


def test_a_vits_small_stem_is_smaller_patches() -> None:
    assert backbone("vit_tiny_patch16_224", size=32, channels=3).net.patch_embed.patch_size == (4, 4)
    assert backbone("vit_tiny_patch16_224", size=224, channels=3).net.patch_embed.patch_size == (16, 16)


def test_vit_tiny_averages_over_its_patches() -> None:
    network = backbone("vit_tiny", size=16, channels=1).eval()
    view = torch.randn(2, 1, 16, 16)
    assert network.net.patch_embed.patch_size == (2, 2)
    torch.testing.assert_close(network(view), network.net.fc_norm(network.locations(view).mean(1)))


def test_a_vit_takes_the_sizes_of_a_resolution_schedule() -> None:
    network = backbone("vit_tiny_patch16_224", size=28, channels=1).eval()
    for size in (16, 20, 28):
        assert network(torch.randn(1, 1, size, size)).shape == (1, 192)


def test_the_small_network_joins_quarters_of_two_blocks_and_the_expansion() -> None:
    network = SmallResNet(channels=1).eval()
    view = torch.randn(2, 1, 32, 32)
    _, middle, deep, expanded = network.stages(view)
    h = network(view)
    torch.testing.assert_close(h[:, 4], middle[:, 1, :4, :4].mean((1, 2)))
    torch.testing.assert_close(h[:, 4 * 128 + 3], deep[:, 0, 2:, 2:].mean((1, 2)))
    torch.testing.assert_close(h[:, -512:], expanded.mean((2, 3)))
    torch.testing.assert_close(network.locations(view).mean(1), expanded.mean((2, 3)))


def test_positions_are_rows_then_columns_however_the_model_stores_them() -> None:
    network = backbone("swin_tiny_patch4_window7_224", size=224, channels=3).eval()
    locations = network.locations(torch.randn(1, 3, 224, 224))
    assert locations.shape == (1, 49, network.location_dim)


def test_first_filters_see_whitened_patches() -> None:
    pictures = torch.randn(64, 3, 16, 16).cumsum(2).cumsum(3)  # smooth, as pictures are
    pictures = (pictures - pictures.mean()) / pictures.std()
    convolution = nn.Conv2d(3, 32, 4, stride=2, bias=False)
    start_from_patches(convolution, pictures, smallest=1e-6)
    torch.testing.assert_close(convolution.weight[:16], -convolution.weight[16:32])
    with torch.no_grad():
        out = convolution(pictures).transpose(0, 1).flatten(1)[:16]
    correlation = torch.corrcoef(out)
    assert (correlation - torch.eye(16)).abs().max() < 0.2
    assert out.std(1).max() / out.std(1).min() < 1.5


def test_filters_beyond_the_directions_keep_their_random_start() -> None:
    convolution = nn.Conv2d(1, 64, 2, bias=False)
    before = convolution.weight.detach().clone()
    start_from_patches(convolution, torch.randn(16, 1, 8, 8))
    torch.testing.assert_close(convolution.weight[8:], before[8:])
    assert not torch.equal(convolution.weight[:8], before[:8])


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"name": "resnet81"},
            r"backbone: name must be 'small' or a timm model. Got 'resnet81'. Did you mean 'resnet18'\?",
        ),
        ({"name": "resnet18", "stem": "smalll"}, r"backbone: stem must be .* Did you mean 'small'\?"),
        ({"name": "vgg11", "stem": "small"}, r"backbone: stem must be 'standard' for vgg11\. Got 'small'\."),
    ],
)
def test_wrong_calls(settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        backbone(size=32, channels=3, **settings)


@pytest.mark.usefixtures("as_users_call")
def test_a_network_that_is_no_backbone_is_refused() -> None:
    with pytest.raises(TypeError, match=r"dim must be the width of the representation\. Got 'Linear'"):
        dim_of(nn.Linear(2, 2))
