"""Do two encoders see the same examples alike?"""

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.errors import complaint

__all__ = ["cka"]


@torch.no_grad()
def cka(x: Float[Tensor, "n d"], y: Float[Tensor, "n e"]) -> Float[Tensor, ""]:
    """The similarity of two representations of the same examples: linear centred kernel alignment.

    With X and Y the centred columns of `x` and `y`:

        cka = | Y' X |^2 / ( | X' X | | Y' Y | ),  Frobenius norms

    Landmarks: 1 when one is the other turned, mirrored, shifted or scaled as a whole; 0 when every column of one is
    uncorrelated with every column of the other. Chance is not 0: two representations that share nothing have about
    sqrt(d e) / (n + sqrt(d e)), so take n well above the widths.
    It tells whether two encoders order examples alike, by their directions of large variance. It cannot tell which is
    better, and a shared outlier or one dominant direction alone can bring it near 1.

    Args:
        x: the embeddings of n examples by one encoder.
        y: those by the other, of the same or another width, row-aligned with `x`.

    Returns:
        A fraction, from 0 to 1; NaN if either holds one point only.

    Raises:
        ValueError: the numbers of rows differ.

    Source: Kornblith et al. 2019 (arXiv 1905.00414), section 3; the biased estimate, as there.
    """
    if x.shape[0] != y.shape[0]:
        shapes = (tuple(x.shape), tuple(y.shape))
        raise ValueError(complaint("cka", "x and y", "of the same examples", shapes, "Embed one data set by both"))
    x, y = (value.to(torch.float64) for value in (x, y))
    x, y = x - x.mean(dim=0), y - y.mean(dim=0)
    if x.shape[0] < max(x.shape[1], y.shape[1]):
        a, b = x @ x.T, y @ y.T
        return ((a * b).sum() / (a.norm() * b.norm())).to(torch.float32)
    return ((y.T @ x).square().sum() / ((x.T @ x).norm() * (y.T @ y).norm())).to(torch.float32)
