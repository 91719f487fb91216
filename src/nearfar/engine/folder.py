"""Taking a folder for a run, and its record."""

import platform
import subprocess
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nearfar.distributed import broadcast_object, world
from nearfar.engine.run import Training
from nearfar.errors import RunError, complaint
from nearfar.records import RunFolder, write_json

__all__ = ["claim", "write_run"]

RECORDED = ("nearfar", "torch", "torchvision", "timm", "lightning-fabric", "numpy", "pillow", "scikit-learn")


def claim(out: str | Path | None, name: str, *, first: bool) -> Path:
    """Makes the run's folder on rank 0 and tells the other ranks.

    Args:
        out: where the user wants it; it must be new or empty.
        name: the folder below `runs/` when the user does not say; a number is added when it is taken.
        first: whether this is rank 0.

    Raises:
        RunError: the folder holds something, is a file, or cannot be written.
    """
    path: Path | None = None
    error: RunError | None = None
    if first:
        try:
            path = _free(Path("runs"), name) if out is None else Path(out)
            _make(path)
        except RunError as refused:
            error = refused
    path, error = broadcast_object((path, error), world())
    if error is not None:
        raise error
    assert path is not None
    return path


def _free(parent: Path, name: str) -> Path:
    number = 1
    while (path := parent / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return path


def _make(path: Path) -> None:
    where = str(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        if (path / "run.json").exists():
            raise RunError(
                complaint(
                    "pretrain",
                    "out",
                    "a new folder",
                    where,
                    f"Go on with that run by `nearfar resume {path}`, or choose another --out",
                )
            )
        if any(not entry.name.startswith(".") for entry in path.iterdir()):
            raise RunError(complaint("pretrain", "out", "a new or empty folder", where, "Choose another --out"))
        probe = path / ".writable"
        probe.touch()
        probe.unlink()
    except (FileExistsError, NotADirectoryError):
        raise RunError(complaint("pretrain", "out", "a folder", f"the file {where}", "Choose another --out")) from None
    except OSError as error:
        raise RunError(
            complaint("pretrain", "out", "a folder you can write", f"{where}: {error.strerror}", "Choose another --out")
        ) from None


def write_run(
    training: Training,
    files: RunFolder,
    *,
    command: str,
    data: dict[str, Any],
    paper: str,
    validation: str | None,
    log: Sequence[str],
    devices: int | None,
) -> None:
    """Writes `run.json`, before step 0.

    Args:
        training: the run.
        files: its folder.
        command: what to type to get it again.
        data: where the examples come from: name, path (None for objects in memory), split.
        paper: the method's source.
        validation: the data of the watching k-NN.
        log: loggers by name.
        devices: processes that this machine was asked for.
    """
    settings = training.settings.as_dict()
    method, options = settings.pop("method"), settings.pop("options")
    parameters = sum(value.numel() for value in training.method.backbone.parameters())
    source, fabric = training.source, training.fabric
    write_json(
        files.run,
        {
            "name": files.path.name,
            "method": method,
            "paper": paper,
            "modality": source.modality,
            "command": command,
            "seed": settings["seed"],
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "data": {
                **data,
                "fingerprint": source.fingerprint,
                "examples": len(source),
                "class_names": source.class_names,
            },
            "settings": settings,
            "options": options,
            "backbone": {"name": settings["backbone"], "dim": training.method.backbone.dim, "parameters": parameters},
            "steps": settings["steps"],
            "device": str(fabric.device),
            "devices": devices,
            "ranks": fabric.world_size,
            "precision": settings["precision"],
            "validation": validation,
            "log": list(log),
            "versions": {"python": platform.python_version()} | {name: version(name) for name in RECORDED},
            "commit": _commit(),
        },
    )  # fmt: skip
    files.write_skipped(source.skipped)


def _commit() -> str | None:
    """The commit of the code in use, where it is a checkout."""
    here = Path(__file__).parent
    try:
        answer = subprocess.run(
            ["git", "-C", str(here), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True
        )
        owner = subprocess.run(
            ["git", "-C", str(here), "ls-files", "--error-unmatch", __file__],
            capture_output=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() if owner.returncode == 0 else None
