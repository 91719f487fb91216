"""What training on texts reads: batches of texts of like lengths, each a function of the seed and the step alone."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Int

from nearfar.data.bucketing import buckets
from nearfar.data.encoded import EncodedTexts
from nearfar.data.feed import RawBatch
from nearfar.errors import complaint

__all__ = ["TextFeed"]


class TextFeed:
    """Batches of texts for training.

    Each epoch has every text once, in batches of texts that are about as long as one another, see `buckets`; what
    fills no batch waits for another epoch. A rank takes a contiguous share of each global batch, padded to the longest
    text of the share.
    """

    def __init__(
        self,
        texts: EncodedTexts,
        *,
        labels: Int[np.ndarray, "n"] | None = None,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        """Prepares to read.

        Args:
            texts: all texts, as tokens.
            labels: the class of each, -1 where it is unknown.
            batch_size: texts of one step, over all ranks.
            seed: of the order.
            rank: whose share to read.
            world_size: how many ranks share a batch.

        Raises:
            ValueError: a batch is larger than the source or smaller than the number of ranks.
        """
        if not world_size <= batch_size <= len(texts):
            constraint = f"from {world_size} (one a rank) to {len(texts)} (the texts)"
            next_step = f"Try {len(texts)}" if batch_size > len(texts) else f"Try {world_size}"
            raise ValueError(complaint("TextFeed", "batch_size", constraint, batch_size, next_step))
        self.texts, self.labels = texts, labels
        self.batch_size, self.seed, self.rank, self.world_size = batch_size, seed, rank, world_size
        self._epoch = lru_cache(maxsize=2)(self._batches_of)

    @property
    def steps_per_epoch(self) -> int:
        """Whole global batches in an epoch."""
        return len(self.texts) // self.batch_size

    def rows(self, step: int) -> Int[np.ndarray, "n"]:
        """This rank's rows of a step, counted from the start of the run."""
        epoch, place = divmod(step, self.steps_per_epoch)
        return np.array_split(self._epoch(epoch)[place], self.world_size)[self.rank]

    def batches(self, first_step: int, last_step: int) -> Iterator[RawBatch]:
        """The batches from the first step up to but not with the last."""
        for step in range(first_step, last_step):
            rows = self.rows(step)
            label = None if self.labels is None else torch.from_numpy(self.labels[rows])
            yield RawBatch(examples=self.texts.batch(rows), label=label, index=torch.from_numpy(rows))

    def _batches_of(self, epoch: int) -> tuple[Int[np.ndarray, "_"], ...]:
        return buckets(self.texts.lengths, batch_size=self.batch_size, seed=self.seed, epoch=epoch, whole=True)
