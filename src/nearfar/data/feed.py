"""What training reads: batches of raw examples, each a function of the seed and the step alone."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from nearfar.data.loader import in_order
from nearfar.data.order import EpochOrder
from nearfar.data.pictures import Pictures
from nearfar.errors import complaint
from nearfar.views.tokens import Tokens

__all__ = ["Boxes", "PictureFeed", "RawBatch"]

Boxes = Callable[[int, np.ndarray, Tensor, Tensor], Sequence[tuple[Tensor, int]]]
"""`boxes(step, rows, heights, widths)`: for each view (n, 4) of top, left, height and width, and the size it gets."""


class RawBatch(NamedTuple):
    """One rank's examples of one step, as they were read.

    Attributes:
        examples: of pictures, a canvas (n, c, h, w) of bytes that all views share, or a batch of crops
            (n, c, size, size) for each view; of texts, their tokens, or those of each of an example's texts; of
            pictures with captions, the pair of both; of series their numbers (n, c, t).
        label: the class of each example, -1 where it is unknown; None where the source has no labels.
        index: the row of each example in its source.
    """

    examples: (
        UInt8[Tensor, "n c h w"]
        | tuple[UInt8[Tensor, "n c _ _"], ...]
        | Tokens
        | tuple[Tokens, ...]
        | tuple[UInt8[Tensor, "n c h w"] | tuple[UInt8[Tensor, "n c _ _"], ...], Tokens]
        | Float[Tensor, "n c t"]
    )
    label: Int[Tensor, "n"] | None
    index: Int[Tensor, "n"]  # type: ignore[assignment]  # nobody searches a batch by tuple.index


class PictureFeed:
    """Batches of pictures for training, in the order of `EpochOrder`.

    Pictures that the source keeps decoded come as one canvas. Others are decoded as far as their crops need, and
    cropped, in worker processes.
    """

    def __init__(
        self,
        pictures: Pictures,
        *,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        workers: int = 0,
        boxes: Boxes | None = None,
    ) -> None:
        """Prepares to read.

        Args:
            pictures: the source.
            batch_size: pictures of one step, over all ranks.
            seed: of the order.
            rank: whose share to read.
            world_size: how many ranks share a batch.
            workers: processes that decode and crop; with 0 this process does.
            boxes: which crops to take of pictures that are not kept decoded; picklable.

        Raises:
            ValueError: a batch is larger than the source or smaller than the number of ranks, or boxes are missing.
        """
        self.order = EpochOrder(
            len(pictures), batch_size=batch_size, seed=seed, rank=rank, world_size=world_size,
            what=f"the pictures of {pictures.name}",
        )  # fmt: skip
        if boxes is None and not pictures.is_kept:
            constraint = "given for pictures that are too many or too different in size to keep"
            raise ValueError(complaint("PictureFeed", "boxes", constraint, None, "Pass the crops of a view policy"))
        self.pictures = pictures
        self._boxes = boxes
        self._workers = 0 if pictures.is_kept else workers

    @property
    def steps_per_epoch(self) -> int:
        """Whole global batches in an epoch."""
        return self.order.steps_per_epoch

    def rows(self, step: int) -> Int[np.ndarray, "n"]:
        """This rank's rows of a step, counted from the start of the run."""
        return self.order.rows(step)

    def batches(self, first_step: int, last_step: int) -> Iterator[RawBatch]:
        """The batches from the first step up to but not with the last.

        Raises:
            DataError: a picture that looked well when the source was opened cannot be decoded; the sentence names it.
        """
        return in_order(self._batch, range(first_step, last_step), workers=self._workers)

    def _batch(self, step: int) -> RawBatch:
        rows = self.rows(step)
        labels = self.pictures.labels
        return RawBatch(
            examples=self.pictures.pixels(rows) if self.pictures.is_kept else self._crops(step, rows),
            label=None if labels is None else torch.from_numpy(labels[rows]),
            index=torch.from_numpy(rows),
        )

    def _crops(self, step: int, rows: Int[np.ndarray, "n"]) -> tuple[UInt8[Tensor, "n c _ _"], ...]:
        assert self._boxes is not None
        heights, widths = torch.from_numpy(self.pictures.sizes[rows]).unbind(1)
        views: list[tuple[Float[Tensor, "n 4"], int]] = list(self._boxes(step, rows, heights, widths))
        channels = self.pictures.channels
        made = tuple(torch.empty((len(rows), size, size, channels), dtype=torch.uint8) for _, size in views)
        for place, row in enumerate(rows):
            wanted = [(boxes[place].tolist(), size) for boxes, size in views]
            for view, crop in zip(made, self.pictures.crops(int(row), wanted), strict=True):
                view[place] = torch.from_numpy(crop).permute(1, 2, 0)
        return tuple(view.permute(0, 3, 1, 2) for view in made)  # channels last in memory, as they are resampled
