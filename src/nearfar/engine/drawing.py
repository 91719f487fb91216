"""Series as pictures, for people: a line for each channel."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw
from torch import Tensor

__all__ = ["drawn"]

COLOURS = ("#2563eb", "#ea580c", "#16a34a", "#9333ea", "#db2777", "#0891b2", "#a16207", "#475569")
"""Of the channels in turn."""
PAPER, HIDDEN = "#ffffff", "#e2e8f0"
FINE = 3
"""Drawn so many times as large and made smaller, lines have smooth edges."""
MARGIN = 0.06


def drawn(
    series: Float[Tensor, "m c t"],
    *,
    low: Float[Tensor, "m"],
    high: Float[Tensor, "m"],
    height: int = 108,
    width: int = 152,
) -> UInt8[Tensor, "m 3 {height} {width}"]:
    """Each series as a picture in colour: time goes right, values go up.

    Args:
        series: where a number is not finite, its line has a gap; where no channel has one, the ground is gray.
        low: the value at the lower edge of each picture.
        high: the value at its upper edge.
        height: of a picture, in pixels.
        width: of a picture, in pixels.
    """
    span = (high - low).clamp_min(1e-6)[:, None, None]
    inner = height * FINE * (1 - 2 * MARGIN)
    down = height * FINE * (1 - MARGIN) - (series - low[:, None, None]) / span * inner
    pictures = [_drawn(each.cpu().double().numpy(), height=height, width=width) for each in down]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)


def _drawn(down: Float[np.ndarray, "c t"], *, height: int, width: int) -> UInt8[np.ndarray, "h w 3"]:
    """One picture of lines that are given by how far down they run, in fine pixels."""
    picture = Image.new("RGB", (width * FINE, height * FINE), PAPER)
    pen, length = ImageDraw.Draw(picture), down.shape[1]
    right = (np.arange(length) + 0.5) / length * width * FINE
    known = np.isfinite(down)
    step = width * FINE / length
    for place in np.flatnonzero(~known.any(axis=0)):
        pen.rectangle((place * step, 0, (place + 1) * step, height * FINE), fill=HIDDEN)
    for channel, (values, there) in enumerate(zip(down, known, strict=True)):
        for run in np.split(np.arange(length), np.flatnonzero(np.diff(there.astype(int))) + 1):
            if there[run[0]]:
                points = [(float(right[place]), float(values[place])) for place in run]
                colour = COLOURS[channel % len(COLOURS)]
                pen.line(points if len(points) > 1 else points * 2, fill=colour, width=FINE + 1)
    return np.asarray(picture.resize((width, height), Image.Resampling.BOX))
