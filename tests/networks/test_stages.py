"""The stages of a backbone: which there are, and that they are what the network makes on its way."""

import pytest
import torch
from torch import Tensor, nn

from nearfar.networks import SmallResNet, backbone, stage_vectors, stages


@torch.no_grad()
def vectors(network: nn.Module, view: Tensor) -> dict[str, Tensor]:
    return stage_vectors(network.eval(), view, of=stages(network))


def test_those_of_small_are_its_blocks_and_its_expansion() -> None:
    network, view = SmallResNet(channels=1).eval(), torch.randn(2, 1, 24, 24)
    found = vectors(network, view)
    assert list(found) == ["blocks.0", "blocks.1", "blocks.2", "expansion"]
    for vector, maps in zip(found.values(), network.stages(view), strict=True):
        torch.testing.assert_close(vector, maps.mean((2, 3)))


def test_those_of_a_resnet_end_in_its_representation() -> None:
    network, view = backbone("resnet10t", size=65, channels=3), torch.randn(2, 3, 33, 33)
    found = vectors(network, view)
    assert list(found) == ["act1", "layer1", "layer2", "layer3", "layer4"]
    assert [vector.shape for vector in found.values()] == [(2, 64), (2, 64), (2, 128), (2, 256), (2, 512)]
    torch.testing.assert_close(found["layer4"], network(view))


def test_those_of_a_vit_are_its_blocks_without_the_class_token() -> None:
    network, view = backbone("vit_tiny_patch16_224", size=16, channels=1), torch.randn(2, 1, 16, 16)
    found = vectors(network, view)
    assert list(found) == [f"blocks.{place}" for place in range(12)]
    tokens = network.net.forward_intermediates(view, indices=[3], intermediates_only=True, output_fmt="NLC")[0]
    torch.testing.assert_close(found["blocks.3"], tokens.mean(1))


class Own(nn.Module):
    """Maps with channels last, a list that is called part by part, and parts that say nothing of an example."""

    output_fmt = "NHWC"

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(3, 5)
        self.rest = nn.Identity()
        self.blocks = nn.ModuleList([nn.Linear(5, 5), nn.ReLU(inplace=True)])
        self.unused = nn.Linear(2, 2)
        self.head = nn.Linear(5, 2)

    def forward(self, view: Tensor) -> Tensor:
        x = self.stem(view.permute(0, 2, 3, 1))
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean((1, 2)))


def test_those_of_another_network_are_its_children_that_are_called() -> None:
    network, view = Own(), torch.randn(4, 3, 5, 5)
    found = vectors(network, view)
    assert list(found) == ["stem", "blocks.0", "blocks.1", "head"]
    torch.testing.assert_close(found["stem"], network.stem(view.permute(0, 2, 3, 1)).mean((1, 2)))
    below = network.blocks[0](network.stem(view.permute(0, 2, 3, 1)))
    torch.testing.assert_close(found["blocks.0"], below.mean((1, 2)), msg="before the next part writes over it")
    torch.testing.assert_close(found["head"], network(view))


def test_a_network_without_parts_is_its_own_stage() -> None:
    network, view = nn.Flatten(), torch.randn(2, 1, 3, 3)
    assert torch.equal(vectors(network, view)["output"], view.flatten(1))


def test_the_network_is_left_as_it_was() -> None:
    network = SmallResNet(channels=1).eval()
    vectors(network, torch.randn(2, 1, 24, 24))
    assert not any(module._forward_hooks for module in network.modules())
    with pytest.raises(RuntimeError):
        vectors(network, torch.randn(2, 7, 24, 24))
    assert not any(module._forward_hooks for module in network.modules())
