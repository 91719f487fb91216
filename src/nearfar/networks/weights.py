"""Files of weights that others wrote, read without running code."""

import argparse
import json
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

__all__ = ["RUNS_CODE", "read_config", "read_weights"]

WRAPPERS = ("state_dict", "model", "method", "online_network_state_dict", "student", "teacher")
"""What a file may hold its weights under; of several, the first."""
FILES = ("model.safetensors", "pytorch_model.bin")
"""What a folder of transformers or timm holds its weights in; of several, the first."""
CONFIG = "config.json"
RUNS_CODE = "which could run code"


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, or of a folder of transformers or timm, by their names.

    Args:
        path: a .safetensors file, a file of torch.save, or such a folder.

    Raises:
        ValueError: there is no such file, it is damaged, or it holds objects that could run code; the message is the
            reason alone.
    """
    file = _file_in(path) if path.is_dir() else path
    try:
        if file.suffix == ".safetensors":
            return safetensors.torch.load_file(file)
        # The authors of MAE keep the arguments of a run in its checkpoints; a namespace of plain values runs no code.
        with warnings.catch_warnings(action="ignore"), torch.serialization.safe_globals([argparse.Namespace]):
            value: Any = torch.load(str(file), map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(file))
    except Exception as error:  # of whatever is in the file
        raise ValueError(_reason(error)) from None
    while isinstance(value, dict):
        inner = next((value[key] for key in WRAPPERS if key in value), None)
        if inner is None:
            return {name: tensor for name, tensor in value.items() if isinstance(tensor, Tensor)}
        value = inner
    return {}


def read_config(path: Path, name: str = CONFIG) -> Mapping[str, Any]:
    """What a folder of transformers or timm says of its model; nothing for a file, or where it says nothing.

    Args:
        path: the folder.
        name: of the file in it.
    """
    try:
        value = json.loads((path / name).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _file_in(folder: Path) -> Path:
    return next((folder / name for name in FILES if (folder / name).exists()), folder / FILES[0])


def _reason(error: Exception) -> str:
    words = str(error)
    if found := re.search(r"unsupported (?:global|class|type)\W*(?:GLOBAL )?((?:\w+\.)+\w+)", words, re.IGNORECASE):
        return f"holds {found[1]}, {RUNS_CODE}"
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, OSError | RuntimeError | safetensors.SafetensorError) and words:
        return re.split(r"\. |\n", getattr(error, "strerror", None) or words)[0]
    return "holds no weights"
