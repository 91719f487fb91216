"""A trained encoder, and data read as its run read its own."""

import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

from nearfar.data import COLUMNS, Reading
from nearfar.data.reading import TEXT_COLUMNS
from nearfar.engine import Encoder, Run
from nearfar.engine.folder import folder_of, reading_of
from nearfar.engine.intake import place_of
from nearfar.engine.pretrained import published_encoder
from nearfar.errors import RunError, complaint
from nearfar.records import RunFolder, read_json

__all__ = ["alike", "encoder_of", "load"]

ALIKE = (*COLUMNS, "truncated")
"""What of a run's reading holds for other data too, unless the user says otherwise."""


def load(path: str | Path) -> Encoder:
    """The encoder of a run, or of any folder with `encoder.json` and `encoder.safetensors`; or a published one.

    Args:
        path: the folder; or published weights of a vision transformer, as for `pretrain`'s `init`: a file, or a folder
            of transformers or timm.

    Raises:
        RunError: there is no encoder, or it is damaged.
    """
    files = RunFolder(folder_of(path, where="load"))
    if not os.path.exists(files.encoder) and (published := published_encoder(files.path)) is not None:
        return published
    if os.path.exists(files.run) and not os.path.exists(files.encoder):
        next_step = f"Finish it by `nearfar resume {shlex.quote(str(files.path))}`"
        raise RunError(complaint("load", str(files.path), "a run with an encoder", "no encoder.json", next_step))
    return Encoder.load(files.path)


def encoder_of(run: str | Path | Run | Encoder) -> Encoder:
    """The encoder that a run, its folder or an encoder is of.

    Raises:
        RunError: there is no encoder, or it is damaged.
    """
    return run if isinstance(run, Encoder) else load(folder_of(run, where="load"))


def alike(run: str | Path | Run | Encoder, reading: Reading, data: Any) -> Reading:
    """Reading as the run's own data was read, where the caller states nothing and the data is of the same kind.

    Who names one column of texts says which texts are meant, and none is taken from the run.

    Args:
        run: whose reading holds.
        reading: what the caller states.
        data: what is to be read.
    """
    files = None if isinstance(run, Encoder) else RunFolder(folder_of(run, where="run"))
    if files is None or not files.run.exists():
        return reading
    record, place = read_json(files.run), place_of(data)
    known = record.get("data", {}).get("path")
    if place is None or known is None or Path(place).suffix != Path(known).suffix:
        return reading
    begun, usual = reading_of(record), Reading()
    says_texts = any(getattr(reading, name) is not None for name in TEXT_COLUMNS)
    open_to_all = [name for name in ALIKE if not (says_texts and name in TEXT_COLUMNS)]
    unsaid = [name for name in open_to_all if getattr(reading, name) == getattr(usual, name)]
    return replace(reading, **{name: getattr(begun, name) for name in unsaid})
