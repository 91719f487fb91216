"""What a finished run leaves for the report beside its encoder: a sample of embeddings, and what the method makes."""

from typing import Any

from nearfar.data import Captioned, Reading, Series
from nearfar.data.some import HeldOut, held_out_pictures, held_out_series
from nearfar.engine import Run, Training, sample_rows, write_made, write_sample
from nearfar.engine.gallery_made import examples_wanted
from nearfar.errors import DataError
from nearfar.records import RunFolder

__all__ = ["show"]


def show(training: Training, run: Run, *, data: Any, split: str | None, reading: Reading) -> None:
    """Fills the gallery of a run.

    Args:
        training: the run, trained.
        run: its folder.
        data: what it was called with.
        split: of the data, as it was called.
        reading: how the data is read.
    """
    files, source = RunFolder(run.path), training.source
    some = source.select(sample_rows(len(source)))
    encoder = run.encoder
    captions = encoder.embed(some.captions) if isinstance(some, Captioned) else None
    write_sample(files, some, encoder.embed(some), name=f"{source.name}, training", captions=captions)
    held_out = _held_out(training, data, split, reading)
    write_made(files, training.method, training.spec, source, held_out=held_out)


def _held_out(training: Training, data: Any, split: str | None, reading: Reading) -> HeldOut | None:
    """As many examples as the method is shown by; None where there are none, or they are not to be had any more."""
    count = examples_wanted(training.method)
    if not count:
        return None
    try:
        if isinstance(training.source, Series):
            return held_out_series(data, split=split, count=count, seed=training.settings.seed)
        return held_out_pictures(data, split=split, count=count, seed=training.settings.seed, reading=reading)
    except DataError:
        return None
