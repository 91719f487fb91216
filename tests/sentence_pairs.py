"""Tiny methods on pairs of texts, and what they are shown; importable, because processes that are started import it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from ranks import ROWS

from nearfar.distributed import Group, rank, world_size
from nearfar.methods import Batch, DualEncoder, Method, NextSentence, SentenceOrder, SimCSE
from nearfar.networks import TextTransformer
from nearfar.views import TextPairs, Tokens

__all__ = ["MAKERS", "every_method_on_pairs", "pair_batch", "tiny", "tokens", "triplets"]

MAKERS: dict[str, Callable[..., Method]] = {
    "dualencoder": DualEncoder,
    "dualencoder learned": partial(DualEncoder, learn_temperature=True, temperature=0.3),
    "dualencoder triplets": partial(DualEncoder, hard_negatives=True),
    "nextsentence": NextSentence,
    "sentenceorder": SentenceOrder,
    "simcse pairs": SimCSE,
    "simcse triplets": partial(SimCSE, hard_negatives=True, hard_weight=0.7),
}


def tiny(name: str, *, dropout: float = 0.0) -> Method:
    return MAKERS[name](TextTransformer(60, dim=16, depth=1, heads=2, max_length=16, dropout=dropout))


def tokens(n: int, *, seed: int, width: int = 9) -> Tokens:
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(3, width + 1, (n,), generator=generator)
    ids = torch.randint(5, 60, (n, width), generator=generator)
    place = torch.arange(width).expand(n, -1)
    return Tokens(ids, lengths, torch.where(place < lengths[:, None], place, -1))


def triplets(n: int = 8) -> tuple[Tokens, Tokens, Tokens]:
    """Questions, passages and hard negatives, among which passages are there again, behind other padding too."""
    question, passage, negative = (tokens(n, seed=seed, width=width) for seed, width in ((0, 6), (1, 9), (2, 12)))
    ids, lengths = passage.ids.clone(), passage.lengths.clone()
    ids[n - 1], lengths[n - 1] = ids[0], lengths[0]
    ids[n - 1, lengths[0] :] = 7  # what stands behind the end means nothing
    hard, hard_lengths = negative.ids.clone(), negative.lengths.clone()
    hard[2, :9], hard_lengths[2] = ids[1], lengths[1]
    return question, passage._replace(ids=ids, lengths=lengths), negative._replace(ids=hard, lengths=hard_lengths)


def pair_batch(name: str, n: int = 8) -> Batch:
    """n examples as a method of that name is shown them."""
    index = torch.arange(n)
    if name in ("nextsentence", "sentenceorder"):
        both = tokens(n, seed=3, width=12)
        segments = (torch.arange(12).expand(n, -1) > both.lengths[:, None] // 2).long()
        return Batch((TextPairs(both._replace(segments=segments), (index + index // 3) % 2),), None, index)
    return Batch(triplets(n)[: 3 if "triplets" in name else 2], None, index)


def _share(batch: Batch, rows: slice) -> Batch:
    assert batch.index is not None
    views = tuple(
        TextPairs(view.tokens.rows(rows), view.label[rows]) if isinstance(view, TextPairs) else view.rows(rows)
        for view in batch.views
    )
    return Batch(views, None, batch.index[rows])


def every_method_on_pairs(group: Group | None) -> dict[str, dict[str, Any]]:
    """Loss, gradients and state of each tiny method after one step over this rank's rows, in float64."""
    return {name: _one(name, group) for name in MAKERS}


def _one(name: str, group: Group | None) -> dict[str, Any]:
    torch.manual_seed(0)
    method, batch = tiny(name).double(), pair_batch(name)
    if group is not None:
        counts, me = ROWS[world_size(group)], rank(group)
        batch = _share(batch, slice(sum(counts[:me]), sum(counts[: me + 1])))
    step = method(batch)
    step.loss.backward()
    method.update([step], 0.5)
    gradients = {key: weight.grad for key, weight in method.named_parameters() if weight.grad is not None}
    return {"loss": step.loss.detach(), "gradients": gradients, "state": method.state_dict()}
