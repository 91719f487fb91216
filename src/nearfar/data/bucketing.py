"""Batches of texts that are about as long as one another, so that little of them is padding."""

import numpy as np
from jaxtyping import Int

from nearfar.errors import complaint

__all__ = ["buckets"]


def buckets(
    lengths: Int[np.ndarray, "n"], *, batch_size: int, seed: int, epoch: int, pool: int = 64, whole: bool = False
) -> tuple[Int[np.ndarray, "_"], ...]:
    """The rows of each batch of an epoch: every row once, in batches of similar lengths.

    Rows are shuffled and dealt into pools of some batches; each pool is sorted by length and cut into batches; the
    batches of all pools come in random order, and each batch in random order inside, so that ranks that share one have
    equal work. All is drawn from the seed and the epoch: batch k of an epoch is known without those before it.

    Args:
        lengths: how long each text is.
        batch_size: rows of a batch; the last of an epoch's pools may end in a smaller one.
        seed: of the run.
        epoch: counted from 0.
        pool: batches that are sorted together: more waste less padding, and mix fewer lengths in a batch.
        whole: whether rows that fill no batch wait for another epoch, which has others left over.

    Returns:
        Batches of row numbers; with `whole` all of them of `batch_size`.

    Raises:
        ValueError: a number is below 1.
    """
    for name, value in (("batch_size", batch_size), ("pool", pool)):
        if value < 1:
            raise ValueError(complaint("buckets", name, "at least 1", value, "Try 64"))
    random = np.random.default_rng((seed, epoch))
    order = random.permutation(len(lengths))
    if whole:
        order = order[: len(order) // batch_size * batch_size]
    made: list[np.ndarray] = []
    for start in range(0, len(order), pool * batch_size):
        rows = order[start : start + pool * batch_size]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        made += [rows[first : first + batch_size] for first in range(0, len(rows), batch_size)]
    return tuple(random.permutation(made[batch]) for batch in random.permutation(len(made)))
