"""What a backbone starts from besides chance."""

from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from nearfar.data.pictures import Pictures
from nearfar.data.plain import plain_batches
from nearfar.errors import RunError, complaint
from nearfar.networks.backbone import first_convolution
from nearfar.networks.whitening import start_from_patches
from nearfar.records import RunFolder
from nearfar.views.image_view import PlainView

__all__ = ["load_weights", "start_stem"]

STEM_PICTURES = 512
WRAPPERS = ("state_dict", "model", "method")
PREFIXES = ("module.", "model.", "backbone.", "net.")


def start_stem(
    network: nn.Module, source: Pictures, *, size: int, mean: tuple[float, ...], std: tuple[float, ...]
) -> None:
    """Starts the first convolution from the patches of some training pictures; networks without one are left alone."""
    convolution = first_convolution(network)
    if convolution is None:
        return
    some = source.select(torch.linspace(0, len(source) - 1, min(STEM_PICTURES, len(source))).long().numpy())
    pictures = [batch for batch, _ in plain_batches(some, size=size, channels=len(mean), batch_size=STEM_PICTURES)]
    start_from_patches(convolution, PlainView(size=size, mean=mean, std=std)(torch.cat(pictures)))


def load_weights(network: nn.Module, init: str) -> None:
    """Loads a run's encoder, or a file of weights, into a backbone of the same shape.

    Args:
        network: the backbone.
        init: a run folder, a .safetensors file, or a file of torch.save; the latter is read without running code.
            Weights may be wrapped in "state_dict" or "model" and prefixed by "module.", "model." or "backbone.".

    Raises:
        RunError: the file is missing or damaged, or its weights do not fit the backbone.
    """
    weights = _read(Path(init))
    own = network.state_dict()
    for prefix in ("", *PREFIXES, *(outer + inner for outer in PREFIXES for inner in PREFIXES)):
        candidate = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
        candidate |= {f"net.{name}": value for name, value in candidate.items() if f"net.{name}" in own}
        if all(name in candidate and candidate[name].shape == value.shape for name, value in own.items()):
            network.load_state_dict({name: candidate[name] for name in own})
            return
    fitting = sum(name in weights and weights[name].shape == value.shape for name, value in own.items())
    raise RunError(
        complaint(
            "pretrain",
            "init",
            f"weights of this backbone ({len(own)} tensors)",
            f"{fitting} that fit in {init}",
            "Give the --backbone, --size and --stem that the weights were trained with",
        )
    )


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
