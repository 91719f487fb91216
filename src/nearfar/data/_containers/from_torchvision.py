"""The data sets of torchvision by their names."""

import contextlib
import inspect
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nearfar.errors import DataError, complaint, suggestion

__all__ = ["load_torchvision"]

_SPLITS = {
    "train": ("train", "trainval", "train-standard"),
    "val": ("val", "valid"),
    "test": ("test",),
    "unlabeled": ("unlabeled",),
}
_GENERAL = {"ImageFolder", "VisionDataset", "LSUN", "LSUNClass"}  # of any files, or of a library that is not there


def load_torchvision(name: str, where: str) -> Mapping[str, Any]:
    """The splits of a data set of torchvision, which is downloaded if it is not there.

    It is kept in the folder that NEARFAR_DATA names, or else in the user's folder of caches.

    Args:
        name: of a class in `torchvision.datasets`, such as `CIFAR10`, in large letters or small.
        where: who asks, for error sentences.

    Returns:
        A data set by its split, or by the empty name where it has none.

    Raises:
        DataError: there is no such data set, it needs more than a folder, or it is not there and cannot be downloaded.
    """
    from torchvision import datasets

    known = {each.lower(): getattr(datasets, each) for each in datasets.__all__ if each not in _GENERAL}
    known = {each: make for each, make in known.items() if _needs_only_a_folder(make)}
    if name.lower() not in known:
        got = f"torchvision:{name}"
        raise DataError(complaint(where, "data", "an image data set of torchvision", got, suggestion(name, known)))
    make = known[name.lower()]
    names = inspect.signature(make).parameters
    if "train" in names:
        return {split: _made(make, where, train=split == "train") for split in ("train", "test")}
    if "split" not in names:
        return {"": _made(make, where)}
    found = {}
    for split, candidates in _SPLITS.items():
        for candidate in candidates:
            try:
                found[split] = _made(make, where, split=candidate)
                break
            except DataError:
                raise
            except ValueError:  # torchvision's answer to a split that a data set does not have
                continue
    return found


def _root() -> Path:
    named = os.environ.get("NEARFAR_DATA")
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(named).expanduser() if named else Path(caches).expanduser() / "nearfar" / "torchvision"


def _needs_only_a_folder(make: Any) -> bool:
    """Whether a data set is made from a folder and what has a default."""
    if not inspect.isclass(make):
        return False
    others = list(inspect.signature(make).parameters.values())[1:]
    kinds = {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    needed = {each.name for each in others if each.default is inspect.Parameter.empty and each.kind not in kinds}
    return "root" in inspect.signature(make).parameters and needed <= {"split"}


def _made(make: Any, where: str, **options: Any) -> Any:
    root = _root()
    try:
        return make(root=str(root), **options)
    except RuntimeError:  # it is not there
        pass
    try:
        if "download" not in inspect.signature(make).parameters:
            raise OSError("torchvision cannot download it")
        root.mkdir(parents=True, exist_ok=True)
        with contextlib.redirect_stdout(sys.stderr):
            return make(root=str(root), download=True, **options)
    except (OSError, RuntimeError) as error:
        words = " ".join(str(error).split()) or type(error).__name__
        got = f"torchvision:{make.__name__}: {words}"
        next_step = f"Download it where there is a network, and put it into {root}"
        raise DataError(complaint(where, "data", "there, or to be downloaded", got, next_step)) from error
