"""Contrast of sentences: the positive against all others, with hard negatives that weigh more."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.distributed import Group, all_gather
from nearfar.errors import complaint
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
from nearfar.objectives.contrastive import info_nce

__all__ = ["simcse"]


def simcse(
    anchor: Float[Tensor, "n d"],
    positive: Float[Tensor, "n d"],
    negative: Float[Tensor, "n d"] | None = None,
    *,
    temperature: Scalar = 0.05,
    hard_weight: float = 0.0,
    ids: Int[Tensor, "n"] | None = None,
    reduction: Reduction = "mean",
    group: Group | None = None,
) -> Float[Tensor, "*anchors"]:
    """The cross entropy of finding each anchor's positive among all positives and all hard negatives.

    Without `negative` it is `info_nce` of anchors and positives: for unsupervised SimCSE, one sentence twice. With it,
    each anchor has a hard negative that resembles its positive; those of the other anchors are negatives too, and its
    own may weigh more. With x, p and n on the unit sphere and w the weight:

        s_ij = x_i . p_j / temperature        t_ij = x_i . n_j / temperature + w [i = j]
        loss = mean over i of  -log( exp(s_ii) / sum over j of ( exp(s_ij) + exp(t_ij) ) )

    Landmarks: ln n without hard negatives when all similarities are equal, ln(2n - 1 + exp(w)) with them; for perfect
    positives and all else orthogonal, log(1 + (2n - 2 + exp(w)) exp(-1 / temperature)).

    Exact, and flat in memory, as `nt_xent`.

    Args:
        anchor: embeddings of n sentences; any length, they are normalised here.
        positive: of the sentence that belongs to each: entailed, or the same under another dropout mask.
        negative: of a sentence for each that resembles its positive and does not belong to it: a contradiction.
        temperature: divides the similarities; above 0; a tensor without axes may be learned.
        hard_weight: is added to the logit of an anchor's own hard negative; 0 counts it as any other, and the paper
            tried ln 2.
        ids: what each anchor is, where the batch may hold one twice: positives and hard negatives of other rows of the
            same id are no negatives.
        reduction: `"none"` gives each anchor's own loss.
        group: the ranks whose sentences are negatives too; None is this process alone. Ranks may differ in n.

    Returns:
        The loss in nats. With W ranks, W / N times the sum over this rank's anchors, where N counts all anchors.

    Raises:
        ValueError: shapes differ, `temperature` is not above 0, `ids` are not one an anchor, there is a weight and no
            hard negative, or nothing to compare with.

    Source: SimCSE, Gao et al. 2021 (arXiv 2104.08821), equations 1 and 5; the weight as in the authors' code, and
    as alpha = exp(w) in the paper's appendix.
    """
    if negative is None:
        if hard_weight:
            next_step = "Give hard negatives, or leave the weight out"
            raise ValueError(complaint("simcse", "hard_weight", "0 without hard negatives", hard_weight, next_step))
        _check("simcse", anchor, positive)
        return info_nce(anchor, positive, temperature=temperature, ids=ids, reduction=reduction, group=group)
    check_above_zero("simcse", "temperature", temperature, 0.05)
    _check("simcse", anchor, positive, negative)
    check_ids("simcse", "ids", ids, anchor)
    if counted(anchor, group) < 1:
        raise ValueError(complaint("simcse", "n", "at least 1 in all", 0, "Raise the batch size"))
    own = numbered(anchor, group) if ids is None else ids
    rows = unit(anchor, against=2 * len(anchor)).flatten(0, 1)
    keys = unit(positive, negative, against=len(anchor))
    every_id = all_gather(own.repeat_interleave(2), group)
    scale = scale_of(rows, 1 / temperature)
    # A row's own positive and hard negative carry its id, so that they are hidden here and enter by themselves.
    others, _ = between(rows, all_gather(keys.flatten(0, 1), group), scale=scale, row_ids=own, column_ids=every_id)
    hard = scale * cosine(rows, keys[:, 1]) + hard_weight
    nats = softplus(torch.logaddexp(others, hard) - scale * cosine(rows, keys[:, 0]))
    return reduced("simcse", nats, reduction, group)


def _check(where: str, *rows: Tensor) -> None:
    shapes = tuple(tuple(each.shape) for each in rows)
    if rows[0].ndim != 2 or len(set(shapes)) > 1:
        names = "anchor and positive" if len(rows) == 2 else "anchor, positive and negative"
        raise ValueError(complaint(where, names, "of one shape (n, d)", shapes, "Give one row a sentence"))
