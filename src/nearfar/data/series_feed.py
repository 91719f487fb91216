"""What training on series reads: batches of them, each a function of the seed and the step alone."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Int

from nearfar.data.feed import RawBatch
from nearfar.data.order import EpochOrder
from nearfar.data.series import Series

__all__ = ["SeriesFeed"]


class SeriesFeed:
    """Batches of series for training, in the order of `EpochOrder`."""

    def __init__(self, series: Series, *, batch_size: int, seed: int, rank: int = 0, world_size: int = 1) -> None:
        """Prepares to read.

        Args:
            series: the source.
            batch_size: series of one step, over all ranks.
            seed: of the order.
            rank: whose share to read.
            world_size: how many ranks share a batch.

        Raises:
            ValueError: a batch is larger than the source or smaller than the number of ranks.
        """
        self.series = series
        self.order = EpochOrder(
            len(series), batch_size=batch_size, seed=seed, rank=rank, world_size=world_size,
            what=f"the series of {series.name}",
        )  # fmt: skip

    @property
    def steps_per_epoch(self) -> int:
        """Whole global batches in an epoch."""
        return self.order.steps_per_epoch

    def rows(self, step: int) -> Int[np.ndarray, "n"]:
        """This rank's rows of a step, counted from the start of the run."""
        return self.order.rows(step)

    def batches(self, first_step: int, last_step: int) -> Iterator[RawBatch]:
        """The batches from the first step up to but not with the last."""
        labels = self.series.labels
        for step in range(first_step, last_step):
            rows = self.rows(step)
            label = None if labels is None else torch.from_numpy(labels[rows])
            yield RawBatch(examples=self.series.values(rows), label=label, index=torch.from_numpy(rows))
