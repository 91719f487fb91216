"""Contrastive objectives: an anchor shall tell its positive from negatives by cosine similarity."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.distributed import Group, all_gather
from nearfar.errors import complaint
from nearfar.objectives._pairs import Pairs
from nearfar.objectives._rows import (
    Reduction,
    Scalar,
    check_above_zero,
    check_ids,
    cosine,
    counted,
    numbered,
    reduced,
    scale_of,
    unit,
)
from nearfar.objectives._steps import softplus
from nearfar.objectives._tiles import between

__all__ = [
    "info_nce",
    "info_nce_bank",
    "nt_xent",
    "nt_xent_chance",
    "nt_xent_floor",
]


def nt_xent(
    z_a: Float[Tensor, "n d"],
    z_b: Float[Tensor, "n d"],
    *z_more: Float[Tensor, "n d"],
    temperature: Scalar,
    ids: Int[Tensor, "n"] | None = None,
    normalize: bool = True,
    reduction: Reduction = "mean",
    group: Group | None = None,
) -> Float[Tensor, "*anchors"]:
    """The normalised temperature-scaled cross entropy of two or more views of n examples.

    Each view is an anchor; its positives are the other views of its example, and its negatives are all views of all
    other examples. With z on the unit sphere, p a positive of i, and N(i) its negatives, v (n - 1) for v views:

        s_ij = z_i . z_j / temperature
        loss = mean over i and p of  -log( exp(s_ip) / (exp(s_ip) + sum over j in N(i) of exp(s_ij)) )

    Landmarks: ln(2n - 1) for two views when all similarities are equal (`nt_xent_chance`), where a collapsed network
    sits too, and ln(vn - v + 1) for v; `nt_xent_floor` for perfect views; 0 is out of reach.

    Exact, and flat in memory: above 256 pairs the logits are made tile by tile, each pair of rows once, and made again
    in backward. Logits are float32 or wider, also under autocast. First derivatives only, above that.

    Args:
        z_a: projections of the first views; any length, they are normalised here. A zero row is alike to nothing:
            all its similarities are 0.
        z_b: projections of the second views, row-aligned with `z_a`.
        *z_more: projections of further views; one positive at a time stands against the negatives.
        temperature: divides the similarities; above 0, in the paper 0.1 to 1; a tensor without axes may be learned.
        ids: what each example is, where the batch may hold one twice: rows of one id are never negatives, and never
            positives beyond their own views. An anchor that has no negatives left has loss 0.
        normalize: False where all rows have length 1 already.
        reduction: `"none"` gives each anchor's own loss, of shape (n, views).
        group: the ranks whose views are negatives too; None is this process alone. Ranks may differ in n.

    Returns:
        The loss in nats. With W ranks, W / N times the sum over this rank's anchors, where N counts all anchors: the
        mean over the ranks is the loss of the one big batch.

    Raises:
        ValueError: shapes differ, `temperature` is not above 0, `ids` are not one a pair, or there are fewer than 2
            pairs in all.

    Source: SimCLR, Chen et al. 2020 (arXiv 2002.05709), equation 1 and algorithm 1. Beyond it, the positive is kept
    out of the log-sum-exp, loss = log(1 + exp(lse of negatives - positive)), which stays exact where the loss is tiny.
    """
    pairs = Pairs("nt_xent", (z_a, z_b, *z_more), temperature, ids, normalize, group)
    return reduced("nt_xent", pairs.over_positives(_cross_entropy, pairs.negatives(1.0)), reduction, group)


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
    temperature: Scalar,
    ids: Int[Tensor, "m"] | None = None,
    normalize: bool = True,
    reduction: Reduction = "mean",
    group: Group | None = None,
) -> Float[Tensor, "*anchors"]:
    """The cross entropy of finding each query's key among all keys, in one direction.

    A query's positive is its own key; its negatives are all other keys, those of other ranks too. With q and k on
    the unit sphere and p(i) the positive of i:

        s_ij = q_i . k_j / temperature
        loss = mean over i of  -log( exp(s_ip(i)) / sum over j of exp(s_ij) )

    Landmarks: ln m when all similarities are equal, m the keys of all ranks; log(1 + (m - 1) exp(-1 / temperature))
    for perfect positives and orthogonal negatives. ln m minus the loss is a lower bound of the mutual information.

    Args:
        query: n queries; any length, they are normalised here. A zero row is alike to nothing.
        keys: the m keys of this rank; normalised here.
        positive: the row in `keys` of each query's key; None takes row i for query i, and the keys from row n on
            are negatives of all queries.
        temperature: divides the similarities; above 0; a tensor without axes may be learned.
        ids: what each key is, where one may be there twice: the other keys of a positive's id are no negatives. A
            query without negatives has loss 0.
        normalize: False where all rows have length 1 already.
        reduction: `"none"` gives each query's own loss.
        group: the ranks whose keys are negatives too; None is this process alone. Ranks may differ in n and m.

    Returns:
        The loss in nats. With W ranks, W / N times the sum over this rank's queries, where N counts all queries.

    Raises:
        ValueError: shapes do not fit, `positive` is not a row of `keys`, `ids` are not one a key, `temperature` is not
            above 0, or there are fewer than 2 keys in all.

    Source: CPC, van den Oord et al. 2018 (arXiv 1807.03748), equation 4, with cosine similarity.
    """
    check_above_zero("info_nce", "temperature", temperature, 0.2)
    _check_keys(query, keys, positive)
    check_ids("info_nce", "ids", ids, keys)
    num_queries = counted(query, group)
    if num_queries < 1:
        raise ValueError(complaint("info_nce", "query", "at least 1 row in all", num_queries, "Give queries"))
    if positive is None:
        positive = torch.arange(len(query), device=keys.device)
    own = numbered(keys, group) if ids is None else ids
    rows = unit(query, against=len(keys), normalize=normalize).flatten(0, 1)
    columns = unit(keys, against=len(query), normalize=normalize).flatten(0, 1)
    every, every_id = all_gather(columns, group), all_gather(own, group)
    if len(every) < 2:
        raise ValueError(complaint("info_nce", "keys", "at least 2 in all", len(every), "Raise the batch size"))
    scale = scale_of(rows, 1 / temperature)
    negative, _ = between(rows, every, scale=scale, row_ids=own[positive], column_ids=every_id)
    nats = _cross_entropy(negative, scale * cosine(rows, columns[positive]))
    return reduced("info_nce", nats, reduction, group)


def info_nce_bank(
    query: Float[Tensor, "n d"],
    key: Float[Tensor, "n d"],
    bank: Float[Tensor, "k d"],
    *,
    temperature: Scalar,
    ids: Int[Tensor, "n"] | None = None,
    bank_ids: Int[Tensor, "k"] | None = None,
    normalize: bool = True,
    reduction: Reduction = "mean",
    group: Group | None = None,
) -> Float[Tensor, "*anchors"]:
    """The cross entropy of telling each query's key from a bank of older keys.

    A query's positive is its key; its negatives are the k rows of the bank, and no other key of the batch. With q, key
    and bank on the unit sphere:

        s_ij = q_i . bank_j / temperature        t_i = q_i . key_i / temperature
        loss = mean over i of  -log( exp(t_i) / (exp(t_i) + sum over j of exp(s_ij)) )

    Landmarks: ln(k + 1) when all similarities are equal; log(1 + k exp(-1 / temperature)) for perfect positives and
    orthogonal negatives. It rises while a queue still fills with real keys.

    Args:
        query: n queries; any length, they are normalised here.
        key: the positive of each, row by row; normalised here.
        bank: the negatives, alike on every rank; normalised here.
        temperature: divides the similarities; above 0, 0.07 in the paper; a tensor without axes may be learned.
        ids: what each query is, with `bank_ids`: rows of the bank of the query's id are not its negatives.
        bank_ids: what each row of the bank is.
        normalize: False where all rows have length 1 already.
        reduction: `"none"` gives each query's own loss.
        group: the ranks over whose queries the mean is taken; None is this process alone. Ranks may differ in n.

    Returns:
        The loss in nats. With W ranks, W / N times the sum over this rank's queries, where N counts all queries.

    Raises:
        ValueError: shapes do not fit, the batch or the bank is empty, only one of `ids` and `bank_ids` is given, or
            `temperature` is not above 0.

    Source: MoCo, He et al. 2019 (arXiv 1911.05722), equation 1; with `bank_ids` the memory bank of Wu et al. 2018
    (arXiv 1805.01978) without its noise-contrastive estimate.
    """
    check_above_zero("info_nce_bank", "temperature", temperature, 0.07)
    _check_bank(query, key, bank, ids, bank_ids)
    rows, key = (unit(x, against=len(bank), normalize=normalize).flatten(0, 1) for x in (query, key))
    bank = unit(bank, against=len(query), normalize=normalize).flatten(0, 1)
    scale = scale_of(rows, 1 / temperature)
    negative, _ = between(rows, bank, scale=scale, row_ids=ids, column_ids=bank_ids)
    return reduced("info_nce_bank", _cross_entropy(negative, scale * cosine(rows, key)), reduction, group)


def _cross_entropy(negative: Tensor, positive: Tensor) -> Tensor:
    """-log(exp(positive) / (exp(positive) + exp(negative))), from logits of the positive and log-sum-exps."""
    return softplus(negative - positive)


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


def _check_bank(query: Tensor, key: Tensor, bank: Tensor, ids: Tensor | None, bank_ids: Tensor | None) -> None:
    shapes = (tuple(query.shape), tuple(key.shape), tuple(bank.shape))
    if query.ndim != 2 or key.shape != query.shape or bank.ndim != 2 or bank.shape[1] != query.shape[1]:
        wanted = "of shapes (n, d), (n, d) and (k, d)"
        raise ValueError(complaint("info_nce_bank", "query, key and bank", wanted, shapes, "Give all one width d"))
    if not (len(query) and len(bank)):
        raise ValueError(complaint("info_nce_bank", "n and k", "at least 1", shapes, "Fill the bank first"))
    if (ids is None) != (bank_ids is None):
        missing = "ids" if ids is None else "bank_ids"
        raise ValueError(complaint("info_nce_bank", missing, "given with the other ids", None, "Give both or neither"))
    check_ids("info_nce_bank", "ids", ids, query)
    check_ids("info_nce_bank", "bank_ids", bank_ids, bank)
