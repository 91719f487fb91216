"""NT-Xent with another denominator: decoupled from the positive, debiased, or weighted towards hard negatives."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.distributed import Group
from nearfar.errors import complaint
from nearfar.objectives._pairs import Pairs
from nearfar.objectives._rows import (
    Reduction,
    Scalar,
    reduced,
)
from nearfar.objectives._steps import softplus

__all__ = ["debiased_nt_xent", "decoupled_nt_xent"]


def decoupled_nt_xent(
    z_a: Float[Tensor, "n d"],
    z_b: Float[Tensor, "n d"],
    *,
    temperature: Scalar,
    ids: Int[Tensor, "n"] | None = None,
    normalize: bool = True,
    reduction: Reduction = "mean",
    group: Group | None = None,
) -> Float[Tensor, "*anchors"]:
    """The decoupled contrastive loss: NT-Xent without the positive in the denominator.

    Anchors, positives and negatives are those of `nt_xent`. A pair that is already told well keeps its full gradient,
    which NT-Xent scales down by the probability of the positive; small batches profit.

        loss = mean over i of  -s_ip(i) + log( sum over j in N(i) of exp(s_ij) )

    Landmarks: ln(2n - 2) when all similarities are equal; -1 / temperature + ln(2n - 2) for perfect positives and
    orthogonal negatives: it may be below 0.

    Args:
        z_a: projections of the first views; normalised here.
        z_b: projections of the second views, row-aligned with `z_a`.
        temperature: divides the similarities; above 0, in the paper 0.1; a tensor without axes may be learned.
        ids: what each example is; rows of one id are never negatives. An anchor must keep a negative: with none its
            loss is minus infinity.
        normalize: False where all rows have length 1 already.
        reduction: `"none"` gives each anchor's own loss, of shape (n, 2).
        group: the ranks whose views are negatives too; None is this process alone. Ranks may differ in n.

    Returns:
        The loss in nats; over ranks as `nt_xent`.

    Raises:
        ValueError: as `nt_xent`.

    Source: Yeh et al. 2021 (arXiv 2110.06848), equation 6, without the von Mises-Fisher weights of its DCLW.
    """
    pairs = Pairs("decoupled_nt_xent", (z_a, z_b), temperature, ids, normalize, group)
    nats = pairs.over_positives(torch.sub, pairs.negatives(1.0))
    return reduced("decoupled_nt_xent", nats, reduction, group)


def debiased_nt_xent(
    z_a: Float[Tensor, "n d"],
    z_b: Float[Tensor, "n d"],
    *,
    temperature: Scalar,
    positive_prior: float,
    hardness: float = 0.0,
    normalize: bool = True,
    reduction: Reduction = "mean",
    group: Group | None = None,
) -> Float[Tensor, "*anchors"]:
    """The debiased contrastive loss, with negatives weighted by hardness where wanted.

    Anchors, positives and negatives are those of `nt_xent`, but a share of the negatives is taken to be of the anchor's
    own class: what they add on average is subtracted. With M = 2n - 2 negatives and prior t:

        e_i  = M * sum over N(i) of exp((1 + hardness) s_ij) / sum over N(i) of exp(hardness s_ij)
        g_i  = max( (e_i - M t exp(s_ip(i))) / (1 - t),  M exp(-1 / temperature) )
        loss = mean over i of  log(1 + g_i / exp(s_ip(i)))

    Landmarks: `nt_xent` where `positive_prior` and `hardness` are 0; `nt_xent_chance` when all similarities are equal,
    at any prior and hardness.

    Args:
        z_a: projections of the first views; normalised here.
        z_b: projections of the second views, row-aligned with `z_a`.
        temperature: divides the similarities; above 0, in the papers 0.5; a tensor without axes may be learned.
        positive_prior: the share of negatives that are of the anchor's class, 0 to below 1; in the paper 0.1.
        hardness: the weight of a negative grows as exp(hardness * similarity / temperature); 0 weighs all alike,
            in the paper 0.5 to 2.
        normalize: False where all rows have length 1 already.
        reduction: `"none"` gives each anchor's own loss, of shape (n, 2).
        group: the ranks whose views are negatives too; None is this process alone. Ranks may differ in n.

    Returns:
        The loss in nats; over ranks as `nt_xent`.

    Raises:
        ValueError: as `nt_xent`; `positive_prior` is not in [0, 1), or `hardness` is below 0.

    Source: Chuang et al. 2020 (arXiv 2007.00224), equation 8, and Robinson et al. 2020 (arXiv 2010.04592), equation 4,
    as in the authors' code, where the weights are exp(hardness * similarity / temperature), with the temperature.
    """
    where = "debiased_nt_xent"
    if not 0 <= positive_prior < 1:
        raise ValueError(complaint(where, "positive_prior", "in [0, 1)", positive_prior, "Try 0.1"))
    if not hardness >= 0:
        raise ValueError(complaint(where, "hardness", "at least 0", hardness, "Try 1.0"))
    pairs = Pairs(where, (z_a, z_b), temperature, None, normalize, group)
    count = math.log(pairs.num_negatives)
    negative = pairs.negatives(1.0 + hardness)
    if hardness:
        negative = negative - pairs.negatives(hardness) + count

    def nats(negative: Tensor, positive: Tensor) -> Tensor:
        left = _log_difference(negative, positive + (count + math.log(positive_prior))) if positive_prior else negative
        left = torch.maximum(left - math.log1p(-positive_prior), count - pairs.scale)
        return softplus(left - positive)

    return reduced(where, pairs.over_positives(nats, negative), reduction, group)


def _log_difference(x: Tensor, y: Tensor) -> Tensor:
    """log(exp(x) - exp(y)), and minus infinity where y is not below x."""
    none = y >= x
    return (x + torch.log(-torch.expm1((y - x).masked_fill(none, -1)))).masked_fill(none, -torch.inf)
