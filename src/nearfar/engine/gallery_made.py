"""What a method makes of pictures or series, as the report shows it: rows of them, and how many puzzles it solves."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from nearfar.data.source import Source
from nearfar.engine.gallery_series import drawn_rows
from nearfar.engine.image_spec import ImageSpec
from nearfar.engine.series_spec import SeriesSpec
from nearfar.methods.method import Batch, Method
from nearfar.probes.score import wilson_interval
from nearfar.records import RunFolder
from nearfar.views.draws import Draws
from nearfar.views.panels import Panel

__all__ = ["examples_wanted", "panels_of", "solved_of", "write_panels"]

SHOWN = 12
"""Pictures of which is shown what a method makes of them."""
PUZZLES = 500
"""Pictures whose puzzles are counted: of one solved in two, the 95 % interval reaches 4.4 points to either side."""


def examples_wanted(method: Method) -> int:
    """How many pictures show what a method makes of them: 0 for one that makes nothing.

    Args:
        method: any.
    """
    if type(method).attempt is not Method.attempt:
        return PUZZLES
    return SHOWN if type(method).pictures is not Method.pictures else 0


def panels_of(method: Method, source: Source, spec: ImageSpec | SeriesSpec) -> Sequence[Panel]:
    """What a method makes of the first pictures of a source.

    Args:
        method: trained.
        source: the pictures.
        spec: of its encoder; its seed draws what the method hides, turns or samples.
    """
    with _in_use(method):
        (batch,) = _batches(method, source, spec, count=SHOWN)
        return method.pictures(batch)


def solved_of(method: Method, source: Source, spec: ImageSpec | SeriesSpec) -> dict[str, Any] | None:
    """How many puzzles a method solves; None for a method that sets none.

    Args:
        method: trained.
        source: the pictures that its puzzles are of.
        spec: of its encoder; its seed draws the puzzles.

    Returns:
        How many it solved, `right`, `of` how many, the number of answers, `choices`, and the 95 % `interval` of the
        fraction that was right.
    """
    right = seen = choices = 0
    with _in_use(method):
        for batch in _batches(method, source, spec, count=PUZZLES):
            attempt = method.attempt(batch)
            if attempt is None:
                return None
            right += int((attempt.logits.argmax(dim=1) == attempt.answer).sum())
            seen, choices = seen + len(attempt.answer), attempt.logits.shape[1]
    return {"right": right, "of": seen, "choices": choices, "interval": list(wilson_interval(right / seen, seen))}


@contextmanager
def _in_use(method: Method) -> Iterator[None]:
    """A method as it is after training: nothing is learned, dropped or averaged over the batch."""
    was = method.training
    method.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        method.train(was)


def _batches(method: Method, source: Source, spec: ImageSpec | SeriesSpec, *, count: int) -> Iterator[Batch]:
    """The first pictures of a source, whole, as the encoder sees them, each with its key."""
    weight = next(method.parameters())
    some = source.select(torch.arange(min(count, len(source))).numpy())
    for view, rows in spec.plain(some, device=weight.device, batch_size=128):
        index = torch.from_numpy(rows).to(weight.device)
        yield Batch((view.to(weight.dtype),), None, index, Draws.of(spec.seed, 0, index).keys)


def write_panels(files: RunFolder, panels: Sequence[Panel], spec: ImageSpec | SeriesSpec) -> list[dict[str, Any]]:
    """Writes each row of each panel as one picture, its pictures side by side; what is not there is transparent.

    Args:
        files: the run's folder.
        panels: what a method made.
        spec: of its encoder, by whose mean and deviation the pictures are normalised.

    Returns:
        Of each panel `kind`, `note`, `captions`, how many pictures stand in a row, `columns`, and `rows`: of each its
        `name` and `image`.
    """
    (files.gallery / "made").mkdir(parents=True, exist_ok=True)
    written = []
    for number, panel in enumerate(panel for panel in panels if panel.rows):
        rows = []
        for place, (name, pixels) in enumerate(zip(panel.rows, _pixels(panel, spec), strict=True)):
            image = f"made/{number}_{place}.png"
            _write(files.gallery / image, pixels)
            rows.append({"name": name, "image": image})
        columns = len(next(iter(panel.rows.values())))
        facts = {"kind": panel.kind, "note": panel.note, "captions": list(panel.captions)}
        written.append({**facts, "columns": columns, "rows": rows})
    return written


def _pixels(panel: Panel, spec: ImageSpec | SeriesSpec) -> list[UInt8[Tensor, "m _ h w"]]:
    """The rows of a panel as pictures; series are drawn."""
    rows = [row.float().cpu() for row in panel.rows.values()]
    if isinstance(spec, SeriesSpec):
        return drawn_rows(rows, together=panel.kind == "rebuilt")
    return [_levels(row, spec) for row in rows]


def _levels(pictures: Float[Tensor, "m c h w"], spec: ImageSpec) -> UInt8[Tensor, "m _ h w"]:
    """Normalised pictures as bytes; with a fourth channel where parts of them are not there."""
    mean, std = (torch.tensor(each)[:, None, None] for each in (spec.mean, spec.std))
    light = (pictures * std + mean).clamp(0, 1).mul(255).round()
    there = pictures.isfinite().all(dim=1, keepdim=True)
    levels = light if bool(there.all()) else torch.cat([light.where(there, 0), 255 * there], dim=1)
    return levels.to(torch.uint8)


def _write(path: Path, pictures: UInt8[Tensor, "m _ h w"]) -> None:
    """Pictures side by side in one."""
    pixels = pictures.permute(2, 0, 3, 1).flatten(1, 2).contiguous().numpy()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(path)
