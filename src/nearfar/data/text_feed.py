"""What training on texts reads: batches of texts of like lengths, each a function of the seed and the step alone."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Int

from nearfar.data.bucketing import buckets
from nearfar.data.encoded import EncodedTexts
from nearfar.data.feed import RawBatch
from nearfar.data.running import RunningText
from nearfar.errors import DataError, complaint

__all__ = ["TextFeed"]


class TextFeed:
    """Batches of texts for training.

    Each epoch has every example once, in batches of texts that are about as long as one another, see `buckets`; what
    fills no batch waits for another epoch. A rank takes a contiguous share of each global batch, padded to the longest
    text of the share.

    Of running text the sentences that another stands behind are the examples. The sentence from elsewhere that comes
    with one is drawn anew in each step.
    """

    def __init__(
        self,
        texts: EncodedTexts | tuple[EncodedTexts, ...],
        *,
        takes: tuple[str, ...] = (),
        running: RunningText | None = None,
        labels: Int[np.ndarray, "n"] | None = None,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        """Prepares to read.

        Args:
            texts: all texts, as tokens; or several row-aligned kinds, of each of which an example has one.
            takes: what the text of each kind is to its example, as in `TextPolicy`: "next" and "stranger" are looked
                up among the texts of their kind by `running`, all others are the example's own.
            running: where each sentence stands, for "next" and "stranger".
            labels: the class of each, -1 where it is unknown.
            batch_size: examples of one step, over all ranks.
            seed: of the order, and of the sentences from elsewhere.
            rank: whose share to read.
            world_size: how many ranks share a batch.

        Raises:
            DataError: there are too few sentences for one to be from elsewhere.
            ValueError: a batch is larger than the source or smaller than the number of ranks.
        """
        self.texts = (texts,) if isinstance(texts, EncodedTexts) else texts
        self.takes, self.running = takes or ("text",) * len(self.texts), running
        self.alone = isinstance(texts, EncodedTexts)
        assert len(self.takes) == len(self.texts)
        assert (running is not None) == ("next" in self.takes or "stranger" in self.takes)
        count = len(self.texts[0])
        if "stranger" in self.takes and count < 3:
            raise DataError(complaint("TextFeed", "texts", "at least 3 sentences", count, "Name more text"))
        self.examples = np.arange(count) if running is None else running.followed
        self._check(batch_size, world_size)
        self.labels = labels
        self.batch_size, self.seed, self.rank, self.world_size = batch_size, seed, rank, world_size
        self._epoch = lru_cache(maxsize=2)(self._batches_of)

    def _check(self, batch_size: int, world_size: int) -> None:
        """Refuses batches that no epoch can fill."""
        count = len(self.examples)
        if world_size <= batch_size <= count:
            return
        what = "texts" if self.running is None else "sentences that another stands behind"
        constraint = f"from {world_size} (one a rank) to {count} (the {what})"
        next_step = f"Try {count if batch_size > count else world_size}" if count >= world_size else "Name more text"
        raise ValueError(complaint("TextFeed", "batch_size", constraint, batch_size, next_step))

    @property
    def steps_per_epoch(self) -> int:
        """Whole global batches in an epoch."""
        return len(self.examples) // self.batch_size

    def rows(self, step: int) -> Int[np.ndarray, "n"]:
        """This rank's rows of a step, counted from the start of the run."""
        epoch, place = divmod(step, self.steps_per_epoch)
        return np.array_split(self._epoch(epoch)[place], self.world_size)[self.rank]

    def batches(self, first_step: int, last_step: int) -> Iterator[RawBatch]:
        """The batches from the first step up to but not with the last."""
        for step in range(first_step, last_step):
            rows = self.rows(step)
            label = None if self.labels is None else torch.from_numpy(self.labels[rows])
            parts = tuple(
                texts.batch(self._brought(kind, rows, step)) for texts, kind in zip(self.texts, self.takes, strict=True)
            )
            yield RawBatch(examples=parts[0] if self.alone else parts, label=label, index=torch.from_numpy(rows))

    def _brought(self, kind: str, rows: Int[np.ndarray, "n"], step: int) -> Int[np.ndarray, "n"]:
        """The rows of the texts of one kind that come with some examples."""
        if self.running is None or kind not in ("next", "stranger"):
            return rows
        if kind == "next":
            return self.running.following[rows]
        return self.running.strangers(rows, seed=self.seed, step=step)

    def _batches_of(self, epoch: int) -> tuple[Int[np.ndarray, "_"], ...]:
        """The rows of each batch of an epoch; strangers, which change, do not count as an example's length."""
        lengths = np.zeros(len(self.examples), np.int64)
        for texts, kind in zip(self.texts, self.takes, strict=True):
            if kind != "stranger":
                lengths += texts.lengths[self._brought(kind, self.examples, 0)]
        made = buckets(lengths, batch_size=self.batch_size, seed=self.seed, epoch=epoch, whole=True)
        return tuple(self.examples[batch] for batch in made)
