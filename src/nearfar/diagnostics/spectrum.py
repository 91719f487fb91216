"""How the embeddings spread over the directions of their space."""

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["effective_rank"]


@torch.no_grad()
def effective_rank(x: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
    """How many directions the embeddings use: RankMe.

    With s the singular values of `x`, which is not centred:

        p_k = s_k / sum over l of s_l
        effective_rank = exp( - sum over k of p_k log p_k )

    Landmarks: 1 when all rows are one vector or lie on one line (collapse); d when all directions are used alike
    (white embeddings, n at least d); never above min(n, d). Compare it only between equal n and d.

    Args:
        x: the embeddings of n examples.

    Returns:
        A number of directions, from 1 to min(n, d); NaN if a value of `x` is not finite.

    Source: RankMe, Garrido et al. 2023 (arXiv 2210.02885), which adds 1e-7 to each p; Roy and Vetterli
    2007.
    """
    if not bool(x.isfinite().all()):
        return torch.full((), torch.nan, device=x.device)
    x = x.to(torch.float64)
    gram = x.T @ x if x.shape[0] >= x.shape[1] else x @ x.T
    values = torch.linalg.eigvalsh(gram).clamp_min(0.0).sqrt()
    share = values / values.sum().clamp_min(torch.finfo(torch.float64).tiny)
    return torch.special.entr(share).sum().exp().to(torch.float32)
