"""Prototypes: directions that embeddings are compared with."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.errors import complaint

__all__ = ["Prototypes"]


class Prototypes(nn.Module):
    """Learned directions on the unit sphere: a layer without bias whose weights have length 1.

    scores = z / ||z|| . c,  for each prototype c

    `settle` brings them back to length 1 after each optimizer step. While they are frozen their gradients are zero
    rather than missing, so that every rank and every optimizer finds what it expects.

    Args:
        dim: width of the embeddings.
        num_prototypes: how many.
        freeze: the part of the run, from its start, in which they do not move.

    Raises:
        ValueError: `freeze` is no part of a run.

    Source: SwAV, Caron et al. 2020 (arXiv 2006.09882), section 3 and appendix A.
    """

    frozen: Tensor

    def __init__(self, dim: int, num_prototypes: int, *, freeze: float = 0.0) -> None:
        super().__init__()
        if not 0 <= freeze < 1:
            raise ValueError(complaint("Prototypes", "freeze", "a part of the run in [0, 1)", freeze, "Try 0.01"))
        self.weight = nn.Parameter(F.normalize(torch.randn(num_prototypes, dim), dim=1))
        self.register_buffer("frozen", torch.tensor(freeze > 0))
        self.freeze = freeze

    def forward(self, z: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """The cosine of each embedding and each prototype.

        Args:
            z: any length; they are normalised here.
        """
        weight = torch.where(self.frozen, self.weight.detach(), self.weight)
        return F.linear(F.normalize(z, dim=1), weight)

    @torch.no_grad()
    def settle(self, progress: float) -> None:
        """Back to length 1 after an optimizer step; frozen until the progress says otherwise.

        Args:
            progress: the part of the run that is done, in (0, 1].
        """
        self.weight.copy_(F.normalize(self.weight, dim=1))
        self.frozen.fill_(progress < self.freeze)
