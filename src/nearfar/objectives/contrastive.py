"""Contrastive objectives: an anchor shall tell its positive from negatives by cosine similarity."""

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from nearfar.distributed import Group, all_gather, all_reduce, first_row, world_size
from nearfar.errors import complaint

__all__ = ["info_nce", "nt_xent", "nt_xent_chance", "nt_xent_floor"]

_LOGITS = 2**22  # held at once: 16 MiB in float32; up to 1,024 pairs nothing is computed twice


def nt_xent(
    z_a: Float[Tensor, "n d"], z_b: Float[Tensor, "n d"], *, temperature: float, group: Group | None = None
) -> Float[Tensor, ""]:
    """The normalised temperature-scaled cross entropy of two views of n examples.

    Each of the 2n views is an anchor once. Its positive is the other view of its example; its negatives are the
    2n - 2 views of all other examples. With z the 2n rows of `z_a` and `z_b` on the unit sphere, and p(i) the
    positive of i:

        s_ij = z_i . z_j / temperature
        loss = mean over i of  -log( exp(s_ip(i)) / sum over j != i of exp(s_ij) )

    Landmarks: ln(2n - 1) when all similarities are equal (`nt_xent_chance`), where a collapsed network sits too;
    `nt_xent_floor` for perfect views; 0 is out of reach at any positive temperature.

    Exact, and flat in memory: above 1,024 pairs the logits are made in strips of rows and made again in backward.
    Logits are float32 or wider, also under autocast.

    Args:
        z_a: projections of the first views; any length, they are normalised here.
        z_b: projections of the second views, row-aligned with `z_a`.
        temperature: divides the similarities; above 0, in the paper 0.1 to 1.
        group: the ranks whose views are negatives too; None is this process alone. Ranks may differ in n.

    Returns:
        The loss in nats. With W ranks, W / N times the sum over this rank's anchors, where N counts all anchors: the
        mean over the ranks is the loss of the one big batch.

    Raises:
        ValueError: shapes differ, `temperature` is not above 0, or there are fewer than 2 pairs in all.

    Source: SimCLR, Chen et al. 2020 (arXiv 2002.05709), equation 1 and algorithm 1. Beyond it, the positive is kept
    out of the log-sum-exp, loss = log(1 + exp(lse of negatives - positive)), which stays exact where the loss is tiny.
    """
    _check_temperature("nt_xent", temperature)
    if z_a.ndim != 2 or z_a.shape != z_b.shape:
        shapes = (tuple(z_a.shape), tuple(z_b.shape))
        raise ValueError(complaint("nt_xent", "z_a and z_b", "of one shape (n, d)", shapes, "Give two views"))
    own = _unit(torch.stack([z_a, z_b], dim=1))
    keys = all_gather(own, group).flatten(0, 1)
    if keys.shape[0] < 4:
        raise ValueError(
            complaint("nt_xent", "n", "at least 2 pairs in all", keys.shape[0] // 2, "Raise the batch size")
        )
    # Views stand in pairs, so the column of row i's positive is i with its last bit flipped.
    column = 2 * first_row(own, group) + torch.arange(2 * own.shape[0], device=own.device)
    hidden = torch.stack([column, column ^ 1], dim=1)
    nats = _cross_entropy(own.flatten(0, 1), own.flip(1).flatten(0, 1), keys, hidden, temperature)
    return nats.sum() * (world_size(group) / keys.shape[0])


def nt_xent_floor(batch_size: int, temperature: float, dim: int | None = None) -> float:
    """What `nt_xent` is for perfect views: equal positives, and negatives as far apart as they go.

    Every positive is assumed to have cosine 1 and every negative one cosine c. Up to dim + 1 pairs, c is that of the
    regular simplex, -1 / (n - 1): by convexity no embeddings have a lower loss. For more pairs no simplex fits, and
    c = 0 is taken: orthogonal, which is where 2 dim well-spread pairs lie; many more must come closer than that.

        floor = log(1 + (2n - 2) exp((c - 1) / temperature))

    Landmarks: `nt_xent_chance` as the temperature grows; 0 as it shrinks.

    Args:
        batch_size: the number of pairs n over all ranks, at least 2.
        temperature: the one of the loss.
        dim: the width d of the projections; None is wide enough for a simplex.

    Returns:
        The loss in nats.

    Source: SimCLR, Chen et al. 2020 (arXiv 2002.05709), equation 1, at these similarities.
    """
    cosine = -1.0 / (batch_size - 1) if dim is None or batch_size <= dim + 1 else 0.0
    return math.log1p((2 * batch_size - 2) * math.exp((cosine - 1.0) / temperature))


def nt_xent_chance(batch_size: int) -> float:
    """What `nt_xent` is when all similarities are equal, as for a collapsed network.

        chance = ln(2n - 1)

    Landmarks: 6.24 nats for 256 pairs, 9.01 for 4,096.

    Args:
        batch_size: the number of pairs n over all ranks.

    Returns:
        The loss in nats.

    Source: SimCLR, Chen et al. 2020 (arXiv 2002.05709), equation 1, at equal similarities.
    """
    return math.log(2 * batch_size - 1)


def info_nce(
    query: Float[Tensor, "n d"],
    keys: Float[Tensor, "m d"],
    *,
    positive: Int[Tensor, "n"] | None = None,
    temperature: float,
    group: Group | None = None,
) -> Float[Tensor, ""]:
    """The cross entropy of finding each query's key among all keys, in one direction.

    A query's positive is its own key; its negatives are all other keys, those of other ranks too. With q and k on
    the unit sphere and p(i) the positive of i:

        s_ij = q_i . k_j / temperature
        loss = mean over i of  -log( exp(s_ip(i)) / sum over j of exp(s_ij) )

    Landmarks: ln m when all similarities are equal, m the keys of all ranks; log(1 + (m - 1) exp(-1 / temperature))
    for perfect positives and orthogonal negatives.

    Args:
        query: n queries; any length, they are normalised here.
        keys: the m keys of this rank; normalised here.
        positive: the row in `keys` of each query's key; None takes row i for query i, and the keys from row n on
            are negatives of all queries.
        temperature: divides the similarities; above 0.
        group: the ranks whose keys are negatives too; None is this process alone. Ranks may differ in n and m.

    Returns:
        The loss in nats. With W ranks, W / N times the sum over this rank's queries, where N counts all queries.

    Raises:
        ValueError: shapes do not fit, `positive` is not a row of `keys`, `temperature` is not above 0, or there are
            fewer than 2 keys in all.

    Source: CPC, van den Oord et al. 2018 (arXiv 1807.03748), equation 4, with cosine similarity.
    """
    _check_temperature("info_nce", temperature)
    _check_keys(query, keys, positive)
    if positive is None:
        positive = torch.arange(query.shape[0], device=keys.device)
    query, keys = _unit(query), _unit(keys)
    every_key = all_gather(keys, group)
    if every_key.shape[0] < 2:
        got = every_key.shape[0]
        raise ValueError(complaint("info_nce", "keys", "at least 2 in all", got, "Raise the batch size"))
    hidden = first_row(keys, group) + positive[:, None]
    num_queries = all_reduce(torch.tensor(query.shape[0], device=query.device), group)
    nats = _cross_entropy(query, keys[positive], every_key, hidden, temperature)
    return nats.sum() * world_size(group) / num_queries


def _cross_entropy(
    anchors: Float[Tensor, "n d"],
    positives: Float[Tensor, "n d"],
    keys: Float[Tensor, "m d"],
    hidden: Int[Tensor, "n h"],
    temperature: float,
) -> Float[Tensor, "n"]:
    """-log softmax of each anchor's positive against the keys in columns that are not hidden from it."""
    with torch.autocast(anchors.device.type, enabled=False):
        anchors = anchors / temperature
        positive = (anchors * positives).sum(dim=1)
        if anchors.shape[0] * keys.shape[0] <= _LOGITS:
            negative = (anchors @ keys.T).scatter_(1, hidden, -torch.inf).logsumexp(dim=1)
        else:
            negative = _LogSumExpByStrips.apply(anchors, keys, hidden)
        # Not softplus, which is cut off to its argument above a threshold.
        return torch.logaddexp(negative - positive, torch.zeros_like(positive))


class _LogSumExpByStrips(torch.autograd.Function):
    """log sum exp of each anchor's logits: forward keeps the sums, and backward makes the logits once more."""

    @staticmethod
    def forward(ctx: Any, anchors: Tensor, keys: Tensor, hidden: Tensor) -> Tensor:
        sums = torch.empty_like(anchors[:, 0])
        for rows, logits in _strips(anchors, keys, hidden):
            largest = logits.amax(dim=1)
            sums[rows] = logits.sub_(largest[:, None]).exp_().sum(dim=1).log_().add_(largest)
        ctx.save_for_backward(anchors, keys, hidden, sums)
        return sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        anchors, keys, hidden, sums = ctx.saved_tensors
        d_anchors, d_keys = torch.empty_like(anchors), torch.zeros_like(keys)
        for rows, logits in _strips(anchors, keys, hidden):
            share = logits.sub_(sums[rows, None]).exp_().mul_(gradients[0][rows, None])
            d_anchors[rows] = share @ keys
            d_keys.addmm_(share.T, anchors[rows])
        return d_anchors, d_keys, None


def _strips(anchors: Tensor, keys: Tensor, hidden: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """The logits of some anchors at a time, in memory that the next strip takes over."""
    size = max(1, _LOGITS // keys.shape[0])
    memory = anchors.new_empty(size, keys.shape[0])
    for first in range(0, anchors.shape[0], size):
        rows = slice(first, first + size)
        logits = torch.mm(anchors[rows], keys.T, out=memory[: len(anchors[rows])])
        yield rows, logits.scatter_(1, hidden[rows], -torch.inf)


def _unit(x: Float[Tensor, "*rows d"]) -> Float[Tensor, "*rows d"]:
    """Vectors of length 1 in float32 or wider: bfloat16 logits of 64 would be half a nat apart."""
    return F.normalize(x.to(torch.promote_types(x.dtype, torch.float32)), dim=-1)


def _check_temperature(where: str, temperature: float) -> None:
    if not temperature > 0:
        raise ValueError(complaint(where, "temperature", "above 0", temperature, "Try 0.2"))


def _check_keys(query: Tensor, keys: Tensor, positive: Tensor | None) -> None:
    shapes = (tuple(query.shape), tuple(keys.shape))
    if query.ndim != 2 or keys.ndim != 2 or query.shape[1] != keys.shape[1]:
        raise ValueError(
            complaint("info_nce", "query and keys", "of shapes (n, d) and (m, d)", shapes, "Give both one width d")
        )
    if positive is None:
        if len(keys) < len(query):
            few = "at least as many as queries"
            raise ValueError(complaint("info_nce", "keys", few, shapes, "Say whose key is whose by positive"))
    elif positive.shape != query.shape[:1] or not bool(((positive >= 0) & (positive < len(keys))).all()):
        rows = f"{len(query)} rows of {len(keys)} keys"
        raise ValueError(complaint("info_nce", "positive", rows, positive.tolist(), "Give one row a query"))
