"""Mutual-information objectives: parts tell which whole they belong to, and contexts which future follows."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from nearfar.distributed import Group, all_gather, first_row
from nearfar.errors import complaint
from nearfar.objectives._batch import check_same, check_shape, mean_over_rows, num_rows, wide

__all__ = ["cpc", "cpc_chance", "deep_infomax_jsd", "deep_infomax_nce", "deep_infomax_nce_chance"]


def deep_infomax_jsd(
    locations: Float[Tensor, "n p d"], summary: Float[Tensor, "n d"], *, group: Group | None = None
) -> Float[Tensor, ""]:
    """The Jensen-Shannon objective of Deep InfoMax between the locations and the summary of n examples.

    Each location of an example is a positive of the example's summary; the locations of all other examples are
    negatives. With u_ijp = summary_i . locations_jp:

        E+ = mean over i, p        of  ln 2 - softplus(-u_iip)
        E- = mean over i, j != i, p of softplus(-u_ijp) + u_ijp - ln 2
        loss = E- - E+

    Landmarks: 0 when all scores are 0; -2 ln 2 where every pair is told apart for sure, the least there is. A collapsed
    network, whose scores are all one number, reaches 0 at best. -loss / 2 never exceeds the Jensen-Shannon divergence,
    in nats, of true pairs from mixed ones.

    Args:
        locations: the local features of n examples at p places: DIM(L). With one global feature vector an example,
            `features[:, None]`, it is DIM(G).
        summary: one vector an example, row-aligned with `locations`. Neither is normalised.
        group: the ranks whose examples are negatives too; None is this process alone. Ranks may differ in n.

    Returns:
        The loss in nats. With W ranks, W / N times the sum over this rank's summaries, where N counts all.

    Raises:
        ValueError: shapes do not fit or there are fewer than 2 examples in all.

    Source: Deep InfoMax, Hjelm et al. 2018 (arXiv 1808.06670), equation 4, shifted by ln 2 as in the authors' code.
    """
    positives, negatives, num_negatives = _scores("deep_infomax_jsd", locations, summary, group)
    rows = _softplus(-positives).mean(dim=1) + _softplus(negatives).sum(dim=1) / num_negatives
    return mean_over_rows("deep_infomax_jsd", rows - 2 * math.log(2), group)


def deep_infomax_nce(
    locations: Float[Tensor, "n p d"], summary: Float[Tensor, "n d"], *, group: Group | None = None
) -> Float[Tensor, ""]:
    """The InfoNCE objective of Deep InfoMax between the locations and the summary of n examples.

    For each location of an example, the example's summary shall tell it from the locations of all other examples.
    With u_ijp = summary_i . locations_jp:

        loss = mean over i, p of  -log( exp(u_iip) / (exp(u_iip) + sum over j != i, all q of exp(u_ijq)) )

    Landmarks: ln(1 + (n - 1) p) when all scores are equal (`deep_infomax_nce_chance`); 0 where every location is
    told apart for sure.

    Args:
        locations: the local features of n examples at p places: DIM(L). With one global feature vector an example,
            `features[:, None]`, it is DIM(G).
        summary: one vector an example, row-aligned with `locations`. Neither is normalised.
        group: the ranks whose examples are negatives too; None is this process alone. Ranks may differ in n.

    Returns:
        The loss in nats. With W ranks, W / N times the sum over this rank's summaries, where N counts all.

    Raises:
        ValueError: shapes do not fit or there are fewer than 2 examples in all.

    Source: Deep InfoMax, Hjelm et al. 2018 (arXiv 1808.06670), equation 5. The authors' code leaves the other locations
    of the same example in the sum at a score of -10, where the equation has none of them; they are left out here.
    """
    positives, negatives, _ = _scores("deep_infomax_nce", locations, summary, group)
    nats = _softplus(negatives.logsumexp(dim=1, keepdim=True) - positives)
    return mean_over_rows("deep_infomax_nce", nats.mean(dim=1), group)


def deep_infomax_nce_chance(batch_size: int, num_locations: int = 1) -> float:
    """What `deep_infomax_nce` is when all scores are equal, as for a collapsed network.

        chance = ln(1 + (n - 1) p)

    Landmarks: ln n for one location; 9.70 nats for 256 examples of 64.

    Args:
        batch_size: the number of examples n over all ranks.
        num_locations: the number of locations p of an example.

    Returns:
        The loss in nats.

    Source: Deep InfoMax, Hjelm et al. 2018 (arXiv 1808.06670), equation 5, at equal scores.
    """
    return math.log(1 + (batch_size - 1) * num_locations)


def cpc(
    predictions: Float[Tensor, "n k d"], futures: Float[Tensor, "n k d"], *, group: Group | None = None
) -> Float[Tensor, ""]:
    """The contrastive predictive coding loss of n contexts that each predict k steps ahead.

    A context's prediction for a step, W_k c_t, shall find its own future z_t+k among the futures of all contexts at
    that step. The softmax runs over candidate futures for one context, not over contexts for one future. With
    s_ij = predictions_ik . futures_jk:

        loss = mean over contexts i and steps k of  -log( exp(s_ii) / sum over j of exp(s_ij) )

    Landmarks: ln n when all scores are equal (`cpc_chance`); 0 where every future is found for sure. For each step,
    ln n - loss is a lower bound of the mutual information of context and future.

    Args:
        predictions: what each context predicts for each of k steps. Contexts at several times, or patches, are rows:
            the futures of other examples and those of other times are then candidates alike.
        futures: the true latents, row-aligned with `predictions`. Neither is normalised.
        group: the ranks whose futures are candidates too; None is this process alone. Ranks may differ in n.

    Returns:
        The loss in nats. With W ranks, W / N times the sum over this rank's contexts, where N counts all.

    Raises:
        ValueError: shapes differ or there are fewer than 2 contexts in all.

    Source: CPC, van den Oord et al. 2018 (arXiv 1807.03748), equations 3 and 4. Widely copied code normalises over
    contexts instead.
    """
    check_same("cpc", "predictions and futures", predictions, futures, axes="n k d")
    num_rows("cpc", predictions, group, least=2)
    predictions, futures = wide(predictions), wide(futures)
    own = (predictions * futures).sum(dim=2)
    with torch.autocast(futures.device.type, enabled=False):
        scores = predictions.transpose(0, 1) @ all_gather(futures, group).permute(1, 2, 0)
    others = scores.masked_fill(_itself(futures, scores.shape[2], group), -torch.inf).logsumexp(dim=2).T
    return mean_over_rows("cpc", _softplus(others - own).mean(dim=1), group)


def cpc_chance(num_candidates: int) -> float:
    """What `cpc` is when all scores are equal, as for a collapsed network.

        chance = ln n

    Landmarks: 2.08 nats for 8 candidates.

    Args:
        num_candidates: the number of futures n that are candidates, over all ranks: examples times contexts of each.

    Returns:
        The loss in nats.

    Source: CPC, van den Oord et al. 2018 (arXiv 1807.03748), equation 4, at equal scores.
    """
    return math.log(num_candidates)


def _scores(
    where: str, locations: Tensor, summary: Tensor, group: Group | None
) -> tuple[Float[Tensor, "n p"], Float[Tensor, "n mp"], float]:
    """Scores of each summary with its own locations, and with all, -inf for its own; and how many others there are."""
    check_shape(where, "locations", locations, "n p d")
    n, p, d = locations.shape
    if tuple(summary.shape) != (n, d) or p == 0:
        shapes = (tuple(locations.shape), tuple(summary.shape))
        wanted = "of shapes (n, p, d) and (n, d)"
        raise ValueError(complaint(where, "locations and summary", wanted, shapes, "Give one summary an example"))
    total = num_rows(where, summary, group, least=2)
    locations, summary = wide(locations), wide(summary)
    own = (locations * summary[:, None]).sum(dim=2)
    with torch.autocast(summary.device.type, enabled=False):
        scores = (summary @ all_gather(locations, group).flatten(0, 1).T).view(n, -1, p)
    others = scores.masked_fill(_itself(summary, scores.shape[1], group)[:, :, None], -torch.inf)
    return own, others.flatten(1), (total - 1) * p


def _itself(rows: Tensor, num_all: int, group: Group | None) -> Bool[Tensor, "n m"]:
    """True where one of this rank's rows meets itself among the rows of all ranks."""
    place = torch.arange(len(rows), device=rows.device) + first_row(rows, group)
    return place[:, None] == torch.arange(num_all, device=rows.device)


def _softplus(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """log(1 + exp(x)); torch's own is cut off to x above a threshold."""
    return torch.logaddexp(x, torch.zeros_like(x))
