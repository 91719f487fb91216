"""How the embeddings lie on the unit sphere: are views of one example close, and do different examples keep apart?"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from nearfar.errors import complaint

__all__ = ["alignment", "uniformity"]

ROWS = 1024
"""Rows whose distances to all others are held at once."""


@torch.no_grad()
def alignment(x_a: Float[Tensor, "n d"], x_b: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
    """The mean squared distance on the unit sphere between two views of an example.

        alignment = mean over i of | u_i - v_i |^2,  u and v the rows of `x_a` and `x_b` at length 1

    Lower is better aligned. Landmarks: 0 when the two views of every example are one point, which a collapsed network
    reaches too; 2 when they have nothing to do with one another; 4 when they are opposite.
    It tells how much the views' changes still move an embedding. It cannot tell health by itself: read it beside
    `uniformity`, and between equal views.

    Args:
        x_a: embeddings of the first views, of any length.
        x_b: embeddings of the second views, row-aligned with `x_a`.

    Returns:
        A squared distance, from 0 to 4.

    Source: Wang and Isola 2020 (arXiv 2005.10242), section 4.1.2, at their alpha = 2.
    """
    return (_unit(x_a) - _unit(x_b)).square().sum(dim=1).mean().to(torch.float32)


@torch.no_grad()
def uniformity(x: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
    """How evenly examples cover the unit sphere: the logarithm of their mean Gaussian potential.

        uniformity = log( mean over i != j of exp( -2 | u_i - u_j |^2 ) ),  u the rows of `x` at length 1

    Lower is more even. Landmarks: 0 when all rows are one point (collapse); near -4 + 8 / d when they cover a sphere of
    many dimensions evenly; -8 only for two opposite points.
    It tells a collapse, and a crowding of many examples into a corner. It hardly tells even from clustered: its least
    value is where classes are torn apart as well, so the lowest need not be the most useful.

    Args:
        x: the embeddings of n examples, of any length. Memory grows with n, time with its square.

    Returns:
        A logarithm, from -8 to 0; without unit.

    Raises:
        ValueError: there are fewer than 2 rows.

    Source: Wang and Isola 2020 (arXiv 2005.10242), section 4.1.2, at their t = 2.
    """
    n = x.shape[0]
    if n < 2:
        raise ValueError(complaint("uniformity", "x", "of at least 2 rows", tuple(x.shape), "Embed more examples"))
    u = _unit(x)
    strips = (u[start : start + ROWS] for start in range(0, n, ROWS))
    potential = torch.stack([(4 * (rows @ u.T - 1)).exp().sum() for rows in strips]).sum()
    own = (4 * (u.square().sum(dim=1) - 1)).exp().sum()
    return ((potential - own) / (n * (n - 1))).log().clamp_max(0.0).to(torch.float32)


def _unit(x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """Float64, because the difference of all pairs and the rows' own is taken."""
    return F.normalize(x.to(torch.float64), dim=1)
