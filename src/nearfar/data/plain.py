"""What embedding reads: every picture once, in order, at one size."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Int, UInt8
from PIL import Image
from torch import Tensor

from nearfar.data.decode import resize_center
from nearfar.data.loader import in_order
from nearfar.data.pictures import Pictures

__all__ = ["channel_statistics", "plain_batches"]

_LEAST_SIDE = 128  # of the pictures that statistics are taken from: smaller changes them, larger costs time


def plain_batches(
    source: Pictures, *, size: int, channels: int, batch_size: int, workers: int = 0
) -> Iterator[tuple[UInt8[Tensor, "n c {size} {size}"], Int[np.ndarray, "n"]]]:
    """Every picture once, in the source's order: its centre square, resized.

    Args:
        source: the pictures; those it keeps decoded are not decoded again.
        size: height and width of the result in pixels.
        channels: 1 for gray or 3 for RGB.
        batch_size: pictures at once; the last batch holds what is left.
        workers: processes that decode and resize ahead of need; with 0 this process does.

    Yields:
        Pictures and their rows.

    Raises:
        DataError: a picture that looked well when the source was opened cannot be decoded; the sentence names it.
    """
    batches = _PlainBatches(source, size, channels, batch_size)
    count = -(-len(source) // batch_size)
    return in_order(batches, range(count), workers=0 if source.is_kept else workers)


def channel_statistics(
    source: Pictures, channels: int, *, sample: int = 1000
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, of pixels in [0, 1].

    Args:
        source: the pictures.
        channels: 1 for gray or 3 for RGB.
        sample: how many pictures to look at, spread evenly over the source; their centre squares count.

    Returns:
        The means and the standard deviations, the latter at least 1/255 so that one may divide by them.
    """
    rows = np.unique(np.linspace(0, len(source) - 1, min(sample, len(source))).round().astype(np.int64))
    size = int(min(_LEAST_SIDE, np.median(source.sizes.min(axis=1))))
    sums = np.zeros((2, channels))
    for pictures, _ in plain_batches(source.select(rows), size=size, channels=channels, batch_size=64):
        values = pictures.double() / 255
        sums += torch.stack((values.mean((2, 3)).sum(0), values.square().mean((2, 3)).sum(0))).numpy()
    mean, square = sums / len(rows)
    std = np.sqrt(np.maximum(square - mean**2, 255.0**-2))
    return tuple(mean.tolist()), tuple(std.tolist())


class _PlainBatches:
    """Batch number -> pictures and rows; picklable."""

    def __init__(self, source: Pictures, size: int, channels: int, batch_size: int) -> None:
        self.source = source
        self.size = size
        self.channels = channels
        self.batch_size = batch_size

    def __call__(self, batch: int) -> tuple[Tensor, np.ndarray]:
        start = batch * self.batch_size
        rows = np.arange(start, min(start + self.batch_size, len(self.source)))
        return self._kept(rows) if self.source.is_kept else self._read(rows), rows

    def _kept(self, rows: np.ndarray) -> Tensor:
        pixels = self.source.pixels(rows)
        if pixels.shape[1:] == (self.channels, self.size, self.size):
            return pixels
        if pixels.shape[1:] == (1, self.size, self.size):
            return pixels.expand(-1, self.channels, -1, -1)
        made = torch.empty((len(rows), self.channels, self.size, self.size), dtype=torch.uint8)
        for place, each in enumerate(pixels):
            picture = Image.fromarray(each.permute(1, 2, 0).squeeze(2).contiguous().numpy())
            made[place] = self._resized(picture)
        return made

    def _read(self, rows: np.ndarray) -> Tensor:
        made = torch.empty((len(rows), self.channels, self.size, self.size), dtype=torch.uint8)
        for place, row in enumerate(rows):
            with self.source.opened(int(row)) as picture:
                made[place] = self._resized(picture)
        return made

    def _resized(self, picture: Image.Image) -> Tensor:
        return torch.from_numpy(resize_center(picture, size=self.size, channels=self.channels))
