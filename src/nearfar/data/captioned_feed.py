"""What training on pictures with captions reads: batches of both, each a function of the seed and the step alone."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Int

from nearfar.data.captioned import Captioned
from nearfar.data.encoded import EncodedTexts
from nearfar.data.feed import Boxes, PictureFeed, RawBatch
from nearfar.errors import complaint

__all__ = ["CaptionedFeed"]


class CaptionedFeed:
    """Batches of pictures and the tokens of their captions.

    The pictures come as `PictureFeed` gives them, in its order; with each batch come the captions of its rows, padded
    to the longest of them.
    """

    def __init__(
        self,
        captioned: Captioned,
        texts: EncodedTexts,
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
            captioned: the source.
            texts: its captions, as tokens.
            batch_size: examples of one step, over all ranks.
            seed: of the order.
            rank: whose share to read.
            world_size: how many ranks share a batch.
            workers: processes that decode and crop pictures; with 0 this process does.
            boxes: which crops to take of pictures that are not kept decoded; picklable.

        Raises:
            ValueError: there are not as many texts as pictures, a batch is larger than the source or smaller than the
                number of ranks, or boxes are missing.
        """
        if len(texts) != len(captioned):
            constraint = f"those of the {len(captioned)} captions"
            raise ValueError(complaint("CaptionedFeed", "texts", constraint, len(texts), "Encode the captions anew"))
        self.texts = texts
        self._pictures = PictureFeed(
            captioned.pictures, batch_size=batch_size, seed=seed, rank=rank, world_size=world_size, workers=workers,
            boxes=boxes,
        )  # fmt: skip

    @property
    def steps_per_epoch(self) -> int:
        """Whole global batches in an epoch."""
        return self._pictures.steps_per_epoch

    def rows(self, step: int) -> Int[np.ndarray, "n"]:
        """This rank's rows of a step, counted from the start of the run."""
        return self._pictures.rows(step)

    def batches(self, first_step: int, last_step: int) -> Iterator[RawBatch]:
        """The batches from the first step up to but not with the last.

        Raises:
            DataError: a picture that looked well when the source was opened cannot be decoded; the sentence names it.
        """
        for batch in self._pictures.batches(first_step, last_step):
            pictures: Any = batch.examples  # of the kinds that a feed of pictures gives
            yield batch._replace(examples=(pictures, self.texts.batch(batch.index.numpy())))
