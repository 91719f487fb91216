"""What a backbone starts from besides chance."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from nearfar.data.source import Source
from nearfar.engine.spec import EncoderSpec
from nearfar.errors import RunError, complaint
from nearfar.networks.backbone import first_convolution
from nearfar.networks.whitening import start_from_patches
from nearfar.records import RunFolder

__all__ = ["PUBLISHED", "load_weights", "start_stem"]

STEM_PICTURES = 512
PUBLISHED = ("timm:", "hf:")
"""What the names of published weights begin with."""
WRAPPERS = ("state_dict", "model", "method", "online_network_state_dict", "student", "teacher")
"""What a file may hold its weights under; of several, the first."""
SLOW = ("encoder_k", "key", "momentum", "target", "teacher", "ema")
"""What the slow copy of a network is called, beside which the network itself is meant."""
CHILDREN = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}
"""The parts of a torchvision ResNet by their numbers, as in `nn.Sequential(*list(resnet.children()))`."""


def start_stem(network: nn.Module, source: Source, spec: EncoderSpec) -> None:
    """Starts the first convolution from the patches of some training pictures; networks without one are left alone.

    Args:
        network: the backbone.
        source: the training pictures.
        spec: of the encoder.
    """
    convolution = first_convolution(network)
    if convolution is None:
        return
    some = source.select(torch.linspace(0, len(source) - 1, min(STEM_PICTURES, len(source))).long().numpy())
    ((pictures, _),) = spec.plain(some, device=torch.device("cpu"), batch_size=STEM_PICTURES)
    start_from_patches(convolution, pictures)


def load_weights(network: nn.Module, init: str) -> None:
    """Loads a run's encoder, or a file of published weights, into a backbone of the same shape.

    In a file, the backbone may stand under any prefix: "module.encoder_q." in MoCo's, "module.base_encoder." in MoCo
    v3's, "module.encoder." in SimSiam's, "online_encoder.net." or "backbone." elsewhere. Where the network and its slow
    copy are both there, the network is taken. ResNets may have torchvision's names, as SimCLR's converted weights do,
    or be numbered as a sequence of torchvision's parts, as PyTorch BYOL's and lightly's are. What the file has beyond
    the backbone, heads and queues, is left.

    Args:
        network: the backbone.
        init: a run folder, a .safetensors file, or a file of torch.save; the latter is read without running code.

    Raises:
        RunError: the file is missing or damaged, or its weights do not fit the backbone.
    """
    weights = _read(Path(init))
    own = network.state_dict()
    best: dict[str, Tensor] = {}
    for names in _namings(list(own)):
        for prefix in _prefixes(weights, names):
            found = {name: weights[prefix + named] for name, named in names.items() if prefix + named in weights}
            fitting = {name: value for name, value in found.items() if value.shape == own[name].shape}
            best = max(best, fitting, key=len)
            # Files from before torch counted the batches of a batch norm do not have the counts.
            if all(name in fitting or name.endswith("num_batches_tracked") for name in own):
                network.load_state_dict(own | fitting)
                return
    raise RunError(
        complaint(
            "pretrain",
            "init",
            f"weights of this backbone ({len(own)} tensors)",
            f"{len(best)} that fit in {init}",
            "Give the --backbone, --size and --stem that the weights were trained with",
        )
    )


def _namings(own: Sequence[str]) -> list[dict[str, str]]:
    """What a file may call the backbone's tensors: as they are, without the adapter's "net.", or by number."""
    plain = {name: name.removeprefix("net.") for name in own}
    numbered = {name: _numbered(named) for name, named in plain.items()}
    return [{name: name for name in own}, plain, numbered]


def _numbered(name: str) -> str:
    part, dot, rest = name.partition(".")
    return CHILDREN.get(part, part) + dot + rest


def _prefixes(weights: Iterable[str], names: Mapping[str, str]) -> list[str]:
    """What may stand before the backbone's names in a file, slow copies last, and then from short to long."""
    first = next(iter(names.values()))
    found = {key[: -len(first)] for key in weights if key == first or key.endswith("." + first)}
    return sorted(found, key=lambda prefix: (any(word in prefix for word in SLOW), len(prefix), prefix))


def _read(path: Path) -> dict[str, Tensor]:
    file = RunFolder(path).weights if path.is_dir() else path
    try:
        if file.suffix == ".safetensors":
            return safetensors.torch.load_file(file)
        value: Any = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else str(error).splitlines()[0]
        raise RunError(
            complaint(
                "pretrain",
                "init",
                "a run folder, a file of weights or timm:NAME",
                f"{path}: {reason}",
                "Check the path",
            )
        ) from None
    while (
        isinstance(value, dict) and (inner := next((value[key] for key in WRAPPERS if key in value), None)) is not None
    ):
        value = inner
    return (
        {name: tensor for name, tensor in value.items() if isinstance(tensor, Tensor)}
        if isinstance(value, dict)
        else {}
    )
