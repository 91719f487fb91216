"""Published weights: files of the shapes that the authors, torchvision and timm give them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
import torchvision
from torch import Tensor, nn

from nearfar.engine.initial import load_weights
from nearfar.errors import RunError
from nearfar.networks import backbone

Weights = dict[str, Tensor]


@pytest.fixture(scope="module")
def resnet() -> Weights:
    torch.manual_seed(1)
    weights = torchvision.models.resnet18().state_dict()
    weights["bn1.running_mean"] += 3.0
    return weights


@pytest.fixture
def network() -> nn.Module:
    return backbone("resnet18", size=32, channels=3, stem="standard")


def under(prefix: str, weights: Weights) -> Weights:
    return {prefix + name: value for name, value in weights.items()}


def slow(weights: Weights) -> Weights:
    return {name: torch.zeros_like(value) for name, value in weights.items()}


def body(weights: Weights) -> Weights:
    return {name: value for name, value in weights.items() if not name.startswith("fc.")}


def numbered(weights: Weights) -> Weights:
    """The names that `nn.Sequential(*list(resnet18.children())[:-1])` gives."""
    sequence = nn.Sequential(*list(torchvision.models.resnet18().children())[:-1])
    return dict(zip(sequence.state_dict(), body(weights).values(), strict=True))


def uncounted(weights: Weights) -> Weights:
    return {name: value for name, value in weights.items() if not name.endswith("num_batches_tracked")}


HEAD = {"fc.0.weight": torch.randn(4, 4), "fc.2.weight": torch.randn(4, 4)}

FILES: dict[str, Callable[[Weights], Any]] = {
    "torchvision": lambda w: w,
    "SimCLR, converted from TensorFlow": lambda w: {"state_dict": uncounted(w)},
    "MoCo v2": lambda w: {
        "epoch": 200,
        "arch": "resnet18",
        "state_dict": under("module.encoder_k.", slow(body(w)) | HEAD)
        | under("module.encoder_q.", body(w) | HEAD)
        | {"module.queue": torch.randn(4, 8), "module.queue_ptr": torch.zeros(1)},
        "optimizer": {"state": {}, "param_groups": []},
    },
    "MoCo v3": lambda w: {
        "state_dict": under("module.momentum_encoder.", slow(body(w))) | under("module.base_encoder.", body(w))
    },
    "BYOL in PyTorch": lambda w: {
        "online_network_state_dict": under("encoder.", numbered(w)) | {"projetion.net.0.weight": torch.randn(4, 4)},
        "target_network_state_dict": under("encoder.", slow(numbered(w))),
    },
    "BYOL, wrapped": lambda w: under("target_encoder.net.", slow(body(w))) | under("online_encoder.net.", w),
    "lightly": lambda w: {
        "state_dict": under("backbone_momentum.", slow(numbered(w))) | under("backbone.", numbered(w))
    },
    "SimSiam": lambda w: {"state_dict": under("module.encoder.", body(w) | HEAD)},
    "DINO": lambda w: {
        "student": under("module.backbone.", body(w)),
        "teacher": under("backbone.", slow(body(w))),
    },
}


@pytest.mark.parametrize("name", FILES)
def test_a_published_file_is_read(name: str, resnet: Weights, network: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(FILES[name](resnet), path)
    load_weights(network, str(path))
    for key, value in network.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            assert torch.equal(value, resnet[key.removeprefix("net.")]), key


def test_our_own_weights_are_read(network: nn.Module, tmp_path: Path) -> None:
    path, other = tmp_path / "weights.safetensors", backbone("resnet18", size=32, channels=3, stem="standard")
    safetensors.torch.save_file(network.state_dict(), path)
    load_weights(other, str(path))
    for key, value in network.state_dict().items():
        assert torch.equal(value, other.state_dict()[key])


def test_a_vision_transformer_of_timms_names(tmp_path: Path) -> None:
    network, other = (backbone("vit_tiny_patch16_224", size=32, channels=3) for _ in range(2))
    torch.save({"state_dict": under("module.base_encoder.", network.net.state_dict())}, tmp_path / "vit.pth.tar")
    load_weights(other, str(tmp_path / "vit.pth.tar"))
    assert torch.equal(other.net.pos_embed, network.net.pos_embed)


def test_weights_of_another_network_are_refused(resnet: Weights, tmp_path: Path) -> None:
    torch.save(resnet, tmp_path / "resnet.pth")
    network = backbone("resnet18", size=32, channels=3)  # with the small stem: one layer of another shape
    before = {name: value.clone() for name, value in network.state_dict().items()}
    sentence = rf"weights of this backbone \({len(before)} tensors\)\. Got '{len(before) - 1} that fit in"
    with pytest.raises(RunError, match=sentence):
        load_weights(network, str(tmp_path / "resnet.pth"))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_file_that_would_run_code_is_refused(tmp_path: Path, network: nn.Module) -> None:
    torch.save({"model": nn.Linear(2, 2)}, tmp_path / "object.pth")
    with pytest.raises(RunError, match="init must be a run folder, a file of weights or timm:NAME"):
        load_weights(network, str(tmp_path / "object.pth"))
