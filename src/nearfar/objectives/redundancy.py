"""Redundancy objectives: two views agree, and no dimension is dead or says what another one says."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from nearfar.distributed import Group, all_gather, all_reduce, world_size
from nearfar.objectives._batch import check_same, num_rows, wide

__all__ = ["barlow_twins", "barlow_twins_chance", "barlow_twins_collapsed", "vicreg", "vicreg_collapsed"]

_VICREG_EPS = 1e-4  # both as in the authors' code
_BARLOW_EPS = 1e-5


def vicreg(
    z_a: Float[Tensor, "n d"],
    z_b: Float[Tensor, "n d"],
    *,
    invariance_weight: float = 25.0,
    variance_weight: float = 25.0,
    covariance_weight: float = 1.0,
    group: Group | None = None,
) -> Float[Tensor, ""]:
    """The variance-invariance-covariance regularisation of two views of n examples.

    The views of an example are pulled together; each dimension is held at a standard deviation of at least 1, which
    forbids collapse; and the covariances of different dimensions are pushed to 0. No example is a negative. With
    C(z) the covariance matrix of z over the batch, divided by n - 1:

        invariance = mean over rows and dimensions of (z_a - z_b)^2
        variance   = mean over both views and dimensions j of max(0, 1 - sqrt(C_jj + 0.0001))
        covariance = sum over both views of  sum over i != j of C_ij^2 / d
        loss = invariance_weight invariance + variance_weight variance + covariance_weight covariance

    Landmarks: 0 for equal views whose dimensions are uncorrelated and vary enough; 0.99 variance_weight when collapsed
    to one point (`vicreg_collapsed`).

    Args:
        z_a: projections of the first views, taken as they stand.
        z_b: projections of the second views, row-aligned with `z_a`.
        invariance_weight: the paper's lambda.
        variance_weight: the paper's mu.
        covariance_weight: the paper's nu.
        group: the ranks over whose rows variance and covariance are taken; None is this process alone. Ranks may
            differ in n.

    Returns:
        The loss, without unit. With W ranks, the mean over the ranks is the loss of the one big batch.

    Raises:
        ValueError: shapes differ or there are fewer than 2 rows in all.

    Source: VICReg, Bardes et al. 2021 (arXiv 2105.04906), equations 1 to 6. As in the authors' code, the invariance is
    also averaged over d and the variance over the two views, where the paper sums.
    """
    check_same("vicreg", "z_a and z_b", z_a, z_b)
    n, d = num_rows("vicreg", z_a, group, least=2), z_a.shape[1]
    z_a, z_b = wide(z_a), wide(z_b)
    invariance = (z_a - z_b).square().sum() * (world_size(group) / (n * d))
    variance, covariance = z_a.new_zeros(()), z_a.new_zeros(())
    for z in (z_a, z_b):
        centred = (z - _mean(z, n, group)) / (n - 1) ** 0.5
        own_variance = all_reduce(centred.square().sum(dim=0), group)
        variance = variance + F.relu(1 - (own_variance + _VICREG_EPS).sqrt()).mean() / 2
        off_diagonal = _squared_products(centred, centred, n, group) - own_variance.square().sum()
        covariance = covariance + off_diagonal / d
    return invariance_weight * invariance + variance_weight * variance + covariance_weight * covariance


def vicreg_collapsed(variance_weight: float = 25.0) -> float:
    """What `vicreg` is when all projections are one point.

        collapsed = variance_weight (1 - sqrt(0.0001))

    Landmarks: 24.75 at the paper's weight of 25.

    Args:
        variance_weight: the one of the loss.

    Returns:
        The loss, without unit.

    Source: VICReg, Bardes et al. 2021 (arXiv 2105.04906), equation 1, at variance 0.
    """
    return variance_weight * (1 - _VICREG_EPS**0.5)


def barlow_twins(
    z_a: Float[Tensor, "n d"],
    z_b: Float[Tensor, "n d"],
    *,
    redundancy_weight: float = 0.005,
    group: Group | None = None,
) -> Float[Tensor, ""]:
    """The Barlow Twins loss: the cross-correlation of two views of n examples shall be the identity.

    A dimension shall say the same of both views of an example, and nothing that another dimension says. No example is
    a negative. With a and b the views, standardised over the batch by mean and biased variance (+ 0.00001):

        C_ij = mean over rows of a_i b_j
        loss = sum over i of (1 - C_ii)^2 + redundancy_weight * sum over i != j of C_ij^2

    Landmarks: 0 for equal views of uncorrelated dimensions; `barlow_twins_chance` for views that have nothing to do
    with each other, somewhat above d; d when collapsed to one point (`barlow_twins_collapsed`).

    Args:
        z_a: projections of the first views; standardised here.
        z_b: projections of the second views, row-aligned with `z_a`.
        redundancy_weight: the paper's lambda.
        group: the ranks over whose rows statistics and correlations are taken; None is this process alone. Ranks may
            differ in n.

    Returns:
        The loss, without unit. With W ranks, the mean over the ranks is the loss of the one big batch.

    Raises:
        ValueError: shapes differ or there are fewer than 2 rows in all.

    Source: Barlow Twins, Zbontar et al. 2021 (arXiv 2103.03230), equations 1 and 2; eps as in the authors' code, whose
    extra factor on the whole loss (--scale-loss) is left out.
    """
    check_same("barlow_twins", "z_a and z_b", z_a, z_b)
    n = num_rows("barlow_twins", z_a, group, least=2)
    a, b = (_standardize(wide(z), n, group) / n**0.5 for z in (z_a, z_b))
    diagonal = all_reduce((a * b).sum(dim=0), group)
    off_diagonal = _squared_products(a, b, n, group) - diagonal.square().sum()
    return (1 - diagonal).square().sum() + redundancy_weight * off_diagonal


def barlow_twins_chance(batch_size: int, dim: int, redundancy_weight: float = 0.005) -> float:
    """What `barlow_twins` is on average when the two views have nothing to do with each other.

    Each correlation then has mean 0 and variance 1 / (n - 1), whatever the distributions:

        chance = d (1 + 1 / (n - 1)) + redundancy_weight d (d - 1) / (n - 1)

    Landmarks: d for a large batch; 128.8 for 256 rows of width 128.

    Args:
        batch_size: the number of rows n over all ranks, at least 2.
        dim: the width d of the projections.
        redundancy_weight: the one of the loss.

    Returns:
        The expected loss, without unit.

    Source: Barlow Twins, Zbontar et al. 2021 (arXiv 2103.03230), equation 1, for a random permutation of the rows.
    """
    return (dim * batch_size + redundancy_weight * dim * (dim - 1)) / (batch_size - 1)


def barlow_twins_collapsed(dim: int) -> float:
    """What `barlow_twins` is when all projections are one point.

        collapsed = d

    Landmarks: 8,192 at the paper's width; a loss that stays there is stuck.

    Args:
        dim: the width d of the projections.

    Returns:
        The loss, without unit.

    Source: Barlow Twins, Zbontar et al. 2021 (arXiv 2103.03230), equation 1, at correlations of 0.
    """
    return float(dim)


def _mean(x: Float[Tensor, "n d"], n: float, group: Group | None) -> Float[Tensor, "d"]:
    return all_reduce(x.sum(dim=0), group) / n


def _standardize(z: Float[Tensor, "n d"], n: float, group: Group | None) -> Float[Tensor, "n d"]:
    centred = z - _mean(z, n, group)
    return centred * (_mean(centred.square(), n, group) + _BARLOW_EPS).rsqrt()


def _squared_products(
    a: Float[Tensor, "n d"], b: Float[Tensor, "n d"], num_rows: float, group: Group | None
) -> Float[Tensor, ""]:
    """The sum of the squares of all d x d entries of a'b, a and b being the rows of all ranks.

    The sum is also that of aa' * bb', n x n entries: much less work where rows are few and wide. It is taken only
    there, because subtracting the diagonal from it loses digits unless most of the sum lies beside the diagonal, which
    the low rank of few rows ensures.
    """
    with torch.autocast(a.device.type, enabled=False):
        if 2 * num_rows > a.shape[1]:
            return all_reduce(a.T @ b, group).square().sum()
        every_a, every_b = all_gather(torch.stack([a, b], dim=1), group).unbind(dim=1)
        return ((a @ every_a.T) * (b @ every_b.T)).sum() * world_size(group)
