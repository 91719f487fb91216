"""How the embeddings spread over the directions of their space."""

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.errors import complaint

__all__ = ["alpha_req", "effective_rank", "lidar", "participation_ratio"]

WITHIN = 1e-4
"""LiDAR's delta: the variance that every direction has within an example at least."""


@torch.no_grad()
def effective_rank(x: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
    """How many directions the embeddings use: RankMe.

    With s the singular values of `x`, which is not centred:

        p_k = s_k / sum over l of s_l
        effective_rank = exp( - sum over k of p_k log p_k )

    Landmarks: 1 when all rows are one vector or lie on one line (collapse); d when all directions are used alike
    (white embeddings, n at least d); never above min(n, d). Compare it only between equal n and d.
    It tells a collapse onto few directions. It cannot tell whether what the directions hold is of use: noise has the
    highest rank of all.

    Args:
        x: the embeddings of n examples.

    Returns:
        A number of directions, from 1 to min(n, d); NaN if a value of `x` is not finite.

    Source: RankMe, Garrido et al. 2023 (arXiv 2210.02885), which adds 1e-7 to each p; Roy and Vetterli
    2007.
    """
    if not bool(x.isfinite().all()):
        return torch.full((), torch.nan, device=x.device)
    return _exp_entropy(_eigenvalues(x.to(torch.float64)).sqrt())


@torch.no_grad()
def participation_ratio(x: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
    """How many directions hold the variance of the embeddings.

    With l the eigenvalues of the covariance of `x`:

        participation_ratio = (sum over k of l_k)^2 / sum over k of l_k^2

    Landmarks: 1 when all variance lies on one line; d when it is the same in all directions; never above
    min(n - 1, d). Unlike `effective_rank` it looks at the centred rows and at variances, so that a few strong
    directions outweigh a long tail: it is the lower of the two.
    It tells how concentrated the variance is. It cannot see a weak direction that a classifier would still find.

    Args:
        x: the embeddings of n examples.

    Returns:
        A number of directions, from 1 to min(n - 1, d); NaN if `x` holds one point only or is not finite.

    Source: Gao et al. 2017 (bioRxiv 214262), equation 4.
    """
    values = _eigenvalues(_centred(x)) if bool(x.isfinite().all()) else x.new_full((1,), torch.nan)
    return (values.sum().square() / values.square().sum()).to(torch.float32)


@torch.no_grad()
def alpha_req(x: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
    """How fast the variance falls from one principal direction to the next: alpha-ReQ.

    With l_1 >= l_2 >= ... the eigenvalues of the covariance of `x`, the slope of a straight line through (log k,
    log l_k), in which each k weighs 1 / k so that every octave of directions counts alike:

        l_k ~ k^(-alpha)

    Landmarks: 0 when all directions have the same variance; about 1 is where the authors find the best generalisation;
    the higher, the fewer directions matter.
    It tells a heavy tail from a steep fall. It cannot tell anything where the spectrum is no power law, and depends on
    n: compare it only between equal n and d.

    Args:
        x: the embeddings of n examples.

    Returns:
        The exponent alpha; without unit. NaN if fewer than 2 directions have any variance, or `x` is not finite.

    Source: alpha-ReQ, Agrawal et al. 2022 (NeurIPS; the exponent of Ghosh et al. 2022, arXiv 2202.05808), with the
    weights of Stringer et al. 2019 (Nature 571), whose fit the authors use. They fit a hand-picked range of k; here it
    is every eigenvalue above float32's resolution of the largest.
    """
    if not bool(x.isfinite().all()):
        return torch.full((), torch.nan, device=x.device)
    values = _eigenvalues(_centred(x)).flip(0)
    values = values[values > torch.finfo(torch.float32).eps * values[0]]
    rank = torch.arange(1, len(values) + 1, device=x.device, dtype=values.dtype)
    weight = (1 / rank) / (1 / rank).sum()
    log_rank, log_value = rank.log(), values.log()
    log_rank = log_rank - (weight * log_rank).sum()
    slope = (weight * log_rank * log_value).sum() / (weight * log_rank.square()).sum()
    return -slope.to(torch.float32)


@torch.no_grad()
def lidar(x: Float[Tensor, "n v d"]) -> Float[Tensor, ""]:
    """How many directions tell examples apart more than views of one example: LiDAR.

    With B the covariance of the examples' means and W that of the views around their example's mean, plus 1e-4 in every
    direction, and l the eigenvalues of W^(-1/2) B W^(-1/2):

        p_k = l_k / sum over j of l_j
        lidar = exp( - sum over k of p_k log p_k )

    Landmarks: 1 when examples differ along one direction only; min(n - 1, d) when they differ along all alike, measured
    by how views differ. A direction in which views differ as much as examples hardly counts, which is what sets it
    apart from `effective_rank`.
    It tells how many directions the pretext task can use, and follows a linear probe more closely than the rank alone
    in the authors' study. It cannot tell whether these directions hold the classes you care for, and through 1e-4 it
    depends on the scale of `x` where that is small.

    Args:
        x: the embeddings of n examples in v views each; the authors take n = 1,000 and v = 50.

    Returns:
        A number of directions, from 1 to min(n - 1, d); NaN if a value of `x` is not finite, or the values are so large
        that 1e-4 is lost beside them, as a run at a ruinous rate leaves them.

    Raises:
        ValueError: there are fewer than 2 examples or 2 views.

    Source: LiDAR, Thilak et al. 2023 (arXiv 2312.04000), equations 1 to 4; they add 1e-7 to each p.
    """
    n, v, _ = x.shape
    if n < 2 or v < 2:
        shape = "of at least 2 examples in 2 views"
        raise ValueError(complaint("lidar", "x", shape, tuple(x.shape), "Embed more views of more examples"))
    if not bool(x.isfinite().all()):
        return torch.full((), torch.nan, device=x.device)
    x = x.to(torch.float64)
    means = x.mean(dim=1)
    around = (x - means[:, None]).flatten(0, 1)
    between = _centred(means) / (n - 1) ** 0.5
    within = around.T @ around / (n * (v - 1)) + WITHIN * torch.eye(x.shape[2], device=x.device, dtype=x.dtype)
    # W = L L', and B's square root through L is W^(-1/2) B W^(-1/2)'s up to a rotation, which leaves eigenvalues alone.
    root, failed = torch.linalg.cholesky_ex(within)
    if bool(failed):
        return torch.full((), torch.nan, device=x.device)
    scaled = torch.linalg.solve_triangular(root, between.T, upper=False).T
    return _exp_entropy(_eigenvalues(scaled))


def _centred(x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    x = x.to(torch.float64)
    return x - x.mean(dim=0)


def _eigenvalues(x: Float[Tensor, "n d"]) -> Float[Tensor, "k"]:
    """The squares of the singular values, rising, from the smaller of the two Gram matrices."""
    gram = x.T @ x if x.shape[0] >= x.shape[1] else x @ x.T
    return torch.linalg.eigvalsh(gram).clamp_min(0.0)


def _exp_entropy(values: Float[Tensor, "k"]) -> Float[Tensor, ""]:
    share = values / values.sum().clamp_min(torch.finfo(torch.float64).tiny)
    return torch.special.entr(share).sum().exp().to(torch.float32)
