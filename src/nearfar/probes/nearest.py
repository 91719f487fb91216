"""The nearest rows by cosine similarity, exactly: what k-NN, search and predictions stand on."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["nearest", "nearest_by_chunk"]

_SIMILARITIES = 2**24  # held at once: 64 MiB


@torch.no_grad()
def nearest(
    queries: Float[Tensor, "m d"], keys: Float[Tensor, "n d"], k: int
) -> tuple[Float[Tensor, "m k"], Int[Tensor, "m k"]]:
    """The k keys of greatest cosine similarity to each query, nearest first; all keys where there are fewer.

    Exact: every query meets every key, a chunk of queries at a time. Of keys that tie any may come first.

    Landmarks: a positive multiple of the query has similarity 1, a negative one -1, a row of zeros 0.

    Args:
        queries: what is asked for; not normalized.
        keys: what is searched; not normalized.
        k: how many.

    Returns:
        The similarities, and the rows of the keys.
    """
    found = list(nearest_by_chunk(queries, keys, k))
    return torch.cat([similarity for similarity, _ in found]), torch.cat([row for _, row in found])


def nearest_by_chunk(
    queries: Float[Tensor, "m d"], keys: Float[Tensor, "n d"], k: int
) -> Iterator[tuple[Float[Tensor, "_ k"], Int[Tensor, "_ k"]]]:
    """The same, some queries at a time and in their order: where what becomes of them need not be held at once.

    Args:
        queries: as for `nearest`; at least one.
        keys: as for `nearest`; at least one.
        k: as for `nearest`.
    """
    keys = F.normalize(keys, dim=1).T
    count, size = min(k, keys.shape[1]), min(len(queries), max(1, _SIMILARITIES // keys.shape[1]))
    held = keys.new_empty(size, keys.shape[1])  # written again by every chunk: fresh memory costs time
    for chunk in torch.split(queries, size):
        similarity = torch.mm(F.normalize(chunk, dim=1), keys, out=held[: len(chunk)])
        yield torch.topk(similarity, count, dim=1)
