"""Training states on disk: written whole or not at all, read without running code."""

import pickle
from pathlib import Path
from typing import Any

import torch

from nearfar.errors import RunError, complaint
from nearfar.records import SCHEMA, atomic_write

__all__ = ["load_checkpoint", "save_checkpoint"]


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Replaces the checkpoint by a new one; the former stays until the new one is safely on disk.

    Args:
        path: the file.
        state: tensors, numbers, strings and containers of them.
    """
    with atomic_write(path) as file:
        torch.save({"schema": SCHEMA, **state}, file)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Reads a checkpoint to the CPU; a file that would run code is refused.

    Raises:
        RunError: the file is missing, damaged, or not a checkpoint.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise RunError(
            complaint(
                "resume", str(path), "a checkpoint", "no such file", "The run stopped before its first; train anew"
            )
        ) from None
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0]
        raise RunError(
            complaint("resume", str(path), "a readable checkpoint", reason, "Restore it or train anew")
        ) from None
    if not isinstance(state, dict) or state.get("schema") != SCHEMA:
        raise RunError(
            complaint("resume", str(path), f"a checkpoint of schema {SCHEMA}", type(state).__name__, "Train anew")
        )
    return state
