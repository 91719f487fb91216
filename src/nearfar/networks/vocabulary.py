"""From a state to a score for each token of the vocabulary."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.errors import complaint

__all__ = ["TokenScores"]


class TokenScores(nn.Module):
    """Scores tokens by the vectors that a network reads them with, and a bias for each.

    The vectors are the network's own and no parameters of this module: they are learned once.

    Args:
        backbone: a network with an `nn.Embedding` called `token`, as wide as its locations.

    Raises:
        ValueError: it has none.

    Source: Press and Wolf 2016, arXiv 1608.05859.
    """

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        token = getattr(backbone, "token", None)
        if not isinstance(token, nn.Embedding) or token.embedding_dim != getattr(backbone, "location_dim", None):
            constraint = "a network of texts, with the vectors of its tokens in `token`"
            raise ValueError(complaint("TokenScores", "backbone", constraint, type(backbone).__name__, "Try another"))
        self.vocab_size = token.num_embeddings
        self.bias = nn.Parameter(torch.zeros(self.vocab_size))
        self._token = [token]  # in a list, lest its weight become a parameter twice

    def forward(self, states: Float[Tensor, "*n d"]) -> Float[Tensor, "*n v"]:
        """The score of each token at each state."""
        return F.linear(states, self._token[0].weight, self.bias)
