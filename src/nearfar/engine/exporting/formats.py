"""The formats that an encoder may be exported to, and the one way in."""

import copy
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from nearfar.engine.encoder import Encoder
from nearfar.engine.exporting.graph import is_graph, write_onnx
from nearfar.engine.exporting.pictures import has_small_stem, is_timm, write_timm
from nearfar.engine.exporting.texts import is_transformer, write_sentence_transformers, write_transformers
from nearfar.engine.folder import check_writable
from nearfar.errors import RunError, complaint, suggestion

__all__ = ["FORMATS", "Exported", "Format", "check_format", "export_encoder"]


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        format: one of `FORMATS`.
        path: the file or folder.
        files: the names of what is in the folder, or of the file.
        load: a line of Python that loads it.
    """

    format: str
    path: Path
    files: tuple[str, ...]
    load: str

    def as_dict(self) -> dict[str, Any]:
        """What `export --json` prints."""
        return {"format": self.format, "path": str(self.path), "files": list(self.files), "load": self.load}


@dataclass(frozen=True)
class Format:
    """How encoders are written for one library.

    Attributes:
        takes: which encoders, in words.
        fits: whether an encoder is one of them.
        write: writes an encoder to a place that is free.
        load: the line of Python that reads it, with the place left open, {0}, or as timm names it, {1}.
        is_file: whether it is one file and no folder.
    """

    takes: str
    fits: Callable[[Encoder], bool]
    write: Callable[[Encoder, Path], None]
    load: str
    is_file: bool = False


def _write_safetensors(encoder: Encoder, out: Path) -> None:
    out.mkdir()
    encoder.save(out)


FORMATS: Mapping[str, Format] = {
    "sentence-transformers": Format(
        "a Transformer of texts",
        is_transformer,
        write_sentence_transformers,
        "from sentence_transformers import SentenceTransformer; model = SentenceTransformer({0!r})",
    ),
    "transformers": Format(
        "a Transformer of texts",
        is_transformer,
        write_transformers,
        "from transformers import AutoModel, AutoTokenizer; "
        "model, tokenizer = AutoModel.from_pretrained({0!r}), AutoTokenizer.from_pretrained({0!r})",
    ),
    "timm": Format(
        "a picture model of timm with its own stem",
        is_timm,
        write_timm,
        "import timm; model = timm.create_model({1!r}, pretrained=True)",
    ),
    "onnx": Format(
        "an encoder of pictures, of series or of texts",
        is_graph,
        write_onnx,
        "import onnxruntime; model = onnxruntime.InferenceSession({0!r})",
        is_file=True,
    ),
    "safetensors": Format(
        "any encoder", lambda encoder: True, _write_safetensors, "import nearfar; encoder = nearfar.load({0!r})"
    ),
}
"""By name."""


def check_format(format: str) -> None:
    """Refuses what is no format.

    Raises:
        ValueError: it is none of `FORMATS`.
    """
    if format not in FORMATS:
        words = f"one of {', '.join(FORMATS)}"
        raise ValueError(complaint("export", "format", words, format, suggestion(format, FORMATS)))


def export_encoder(encoder: Encoder, *, format: str, out: Path) -> Exported:
    """Writes an encoder for another library; nothing is there until all of it is.

    Args:
        encoder: what is written.
        format: one of `FORMATS`.
        out: where to; nothing may be there, or an empty folder.

    Raises:
        ValueError: there is no such format.
        RunError: this encoder has no such form, its library is not installed, or the place cannot be used.
    """
    check_format(format)
    kind = FORMATS[format]
    _check_fit(encoder, format)
    _check_place(out, is_file=kind.is_file)
    network = copy.deepcopy(encoder.backbone).cpu().to(memory_format=torch.contiguous_format)
    with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=f".{out.name}-") as place:
        made = Path(place, out.name)
        kind.write(Encoder(encoder.spec, network), made)
        inside = made if made.is_dir() else made.parent
        files = tuple(sorted(str(path.relative_to(inside)) for path in inside.rglob("*") if path.is_file()))
        for entry in sorted(Path(place).iterdir()):  # a graph of more than 2 GiB has its weights in a second file
            os.replace(entry, out.absolute().parent / entry.name)
    return Exported(format, out, files, kind.load.format(str(out), f"local-dir:{out}"))


def _check_fit(encoder: Encoder, format: str) -> None:
    """Refuses an encoder that the format has no form for, and names those that have one."""
    kind = FORMATS[format]
    if not kind.fits(encoder):
        got = encoder.spec.backbone + (" with the small stem" if has_small_stem(encoder.backbone) else "")
        others = " or ".join(name for name, each in FORMATS.items() if each.fits(encoder))
        raise RunError(complaint("export", "run", f"{kind.takes}, for {format}", got, f"Try --format {others}"))


def _check_place(out: Path, *, is_file: bool) -> None:
    """Refuses a place that holds something, or that cannot be written."""
    is_taken = os.path.lexists(out) and (is_file or not os.path.isdir(out) or bool(os.listdir(out)))
    if is_taken or not out.name:
        constraint = "a new file" if is_file else "a new or empty folder"
        raise RunError(complaint("export", "out", constraint, str(out), "Choose another --out"))
    if not os.path.isdir(out.absolute().parent):
        raise RunError(complaint("export", "out", "in an existing folder", str(out), "Make the folder first"))
    check_writable("export", "out", out.absolute().parent)
