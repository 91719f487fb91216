"""In which order a run reads its examples: a function of the seed and the step alone."""

from functools import lru_cache

import numpy as np
from jaxtyping import Int

from nearfar.errors import complaint

__all__ = ["EpochOrder"]


class EpochOrder:
    """The rows of every step.

    Each epoch is a permutation of the rows drawn from (seed, epoch), cut into global batches; what is left over waits
    for another epoch. A rank takes a contiguous share of each global batch. So the batch of any step is known without
    those before it, and the number of workers changes nothing.
    """

    def __init__(
        self, count: int, *, batch_size: int, seed: int, rank: int = 0, world_size: int = 1, what: str = "the examples"
    ) -> None:
        """Prepares to count.

        Args:
            count: how many examples there are.
            batch_size: examples of one step, over all ranks.
            seed: of the order.
            rank: whose share to read.
            world_size: how many ranks share a batch.
            what: the examples, for the sentence of an error.

        Raises:
            ValueError: a batch is larger than the source or smaller than the number of ranks.
        """
        if not world_size <= batch_size <= count:
            constraint = f"from {world_size} (one a rank) to {count} ({what})"
            next_step = f"Try {count if batch_size > count else world_size}"
            raise ValueError(complaint("EpochOrder", "batch_size", constraint, batch_size, next_step))
        self.count, self.batch_size, self.seed = count, batch_size, seed
        self.rank, self.world_size = rank, world_size

    @property
    def steps_per_epoch(self) -> int:
        """Whole global batches in an epoch."""
        return self.count // self.batch_size

    def rows(self, step: int) -> Int[np.ndarray, "n"]:
        """This rank's rows of a step, counted from the start of the run."""
        epoch, place = divmod(step, self.steps_per_epoch)
        batch = _order(self.seed, epoch, self.count)[place * self.batch_size : (place + 1) * self.batch_size]
        return np.array_split(batch, self.world_size)[self.rank].copy()


@lru_cache(maxsize=4)
def _order(seed: int, epoch: int, count: int) -> Int[np.ndarray, "n"]:
    order = np.random.default_rng((seed, epoch)).permutation(count)
    order.flags.writeable = False  # it is shared by all who ask
    return order
