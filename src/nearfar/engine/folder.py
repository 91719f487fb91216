"""Taking a folder for a run, and its record."""

import os
import platform
import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nearfar.data.reading import Reading
from nearfar.data.sentences import Sentences
from nearfar.distributed import broadcast_object, world
from nearfar.engine.encoder import SPECS
from nearfar.engine.run import Run, Training
from nearfar.errors import RunError, complaint
from nearfar.records import RunFolder, read_json, write_json

__all__ = [
    "check_outside",
    "check_writable",
    "claim",
    "folder_of",
    "make_folder",
    "read_run",
    "reading_of",
    "write_run",
]

RECORDED = ("nearfar", "torch", "torchvision", "timm", "lightning-fabric", "numpy", "pillow", "scikit-learn")


NEEDED = {
    "method": str, "modality": str, "settings": dict, "options": dict, "data": dict, "log": list,
}  # fmt: skip
"""What `resume` reads of `run.json`, with its types."""


def claim(out: str | Path | None, name: str, *, data: str | None, first: bool) -> Path:
    """Makes the run's folder on rank 0 and tells the other ranks.

    Args:
        out: where the user wants it; it must be new or empty.
        name: the folder below `runs/` when the user does not say; a number is added when it is taken.
        data: where the run's data is, if it is on disk; the folder must not be among it.
        first: whether this is rank 0.

    Raises:
        RunError: the folder holds something, is a file or among the data, or cannot be written.
    """
    path: Path | None = None
    error: RunError | None = None
    if first:
        try:
            path = _free(Path("runs"), name) if out is None else Path(out)
            check_outside("pretrain", path, data)
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
    while os.path.lexists(path := parent / (name if number == 1 else f"{name}-{number}")):
        number += 1
    return path


def _make(path: Path) -> None:
    where = str(path)
    if not _is_text(where):
        raise RunError(complaint("pretrain", "out", "a name of letters in UTF-8", where, "Choose another --out"))
    if os.path.exists(path / "run.json"):
        next_step = f"Go on with that run by `nearfar resume {shlex.quote(where)}`, or choose another --out"
        raise RunError(complaint("pretrain", "out", "a new folder", where, next_step))
    make_folder("pretrain", path, constraint="a new or empty folder")
    check_writable("pretrain", "out", path)


def check_outside(where: str, path: Path, data: str | None) -> None:
    """Refuses a folder among the data, which the next run would read.

    Args:
        where: what was called.
        path: the folder.
        data: where the data is, if it is on disk.

    Raises:
        RunError: the folder is among it.
    """
    if data is not None and Path(data).resolve() in path.resolve().parents:
        constraint = f"outside of the data, the folder {Path(data).name}"
        raise RunError(complaint(where, "out", constraint, str(path), f"Try --out ../{path.name}"))


def make_folder(where: str, path: Path, *, constraint: str) -> None:
    """Makes a folder, or takes one that holds nothing but hidden files.

    Args:
        where: what was called.
        path: the folder.
        constraint: what it must be, for the sentence of an error.

    Raises:
        RunError: it holds something, is a file, or cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(not entry.name.startswith(".") for entry in path.iterdir()):
            raise RunError(complaint(where, "out", constraint, str(path), "Choose another --out"))
    except (FileExistsError, NotADirectoryError):
        raise RunError(complaint(where, "out", "a folder", f"the file {path}", "Choose another --out")) from None
    except OSError as error:
        raise _unwritable(where, "out", path, error) from None


def _is_text(path: str) -> bool:
    """Whether a path's bytes are text; libraries that read weights want that."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_writable(where: str, argument: str, path: Path) -> None:
    """Refuses a folder in which no file can be made.

    Args:
        where: what was called.
        argument: with which argument.
        path: the folder.

    Raises:
        RunError: it cannot be written.
    """
    try:
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise _unwritable(where, argument, path, error) from None


def _unwritable(where: str, argument: str, path: Path, error: OSError) -> RunError:
    got = f"{path}: {error.strerror}"
    next_step = "Choose another --out" if argument == "out" else "Make it writable"
    return RunError(complaint(where, argument, "a folder you can write", got, next_step))


def write_run(
    training: Training,
    files: RunFolder,
    *,
    command: str,
    data: dict[str, Any],
    reading: Reading,
    paper: str,
    validation: str | None,
    log: Sequence[str],
    on_collapse: str,
    devices: int | None,
) -> None:
    """Writes `run.json`, before step 0.

    Args:
        training: the run.
        files: its folder.
        command: what to type to get it again.
        data: where the examples come from: name, path (None for objects in memory), split.
        reading: how they are read.
        paper: the method's source.
        validation: the data of the watching k-NN.
        log: loggers by name.
        on_collapse: what the guard does.
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
                "skipped": len(source.skipped),
                **({"roles": source.roles} if isinstance(source, Sentences) else {}),
            },
            "reading": asdict(reading),
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
            "on_collapse": on_collapse,
            "versions": {"python": platform.python_version()} | {name: version(name) for name in RECORDED},
            "commit": _commit(),
        },
    )  # fmt: skip
    files.write_skipped(source.skipped)


def read_run(files: RunFolder, *, where: str) -> dict[str, Any]:
    """What `write_run` wrote.

    Args:
        files: the run's folder.
        where: what was called.

    Raises:
        RunError: there is no `run.json`, or it is damaged, newer, or of a modality that this version does not know.
    """
    record = read_json(files.run)
    for name, kind in NEEDED.items():
        value = record.get(name)
        if not isinstance(value, kind):
            constraint, next_step = f"whole, with its {name}", "Restore it or train anew"
            raise RunError(complaint(where, str(files.run), constraint, value, next_step))
    if record["modality"] not in SPECS:
        constraint, next_step = f"of modality {' or '.join(SPECS)}", "Upgrade nearfar, or name another run"
        raise RunError(complaint(where, "run", constraint, record["modality"], next_step))
    return record


def reading_of(record: Mapping[str, Any]) -> Reading:
    """How a run read its data; as usual where its record does not say.

    Raises:
        RunError: the record is damaged.
    """
    try:
        return Reading(**record.get("reading", {}))
    except (TypeError, ValueError) as error:
        raise RunError(
            complaint("run.json", "reading", "how this version reads data", str(error), "Restore it or train anew")
        ) from None


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


def folder_of(run: str | Path | Run, *, where: str) -> Path:
    """The folder of a run.

    Args:
        run: the run or its folder.
        where: what was called.

    Raises:
        TypeError: it is neither.
    """
    if not isinstance(run, str | Path | Run):
        got = type(run).__name__
        raise TypeError(complaint(where, "run", "a run or its folder", got, "Name the folder, e.g. 'runs/first'"))
    return run.path if isinstance(run, Run) else Path(run)
