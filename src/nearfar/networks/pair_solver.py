"""A head that answers a question about two sentences that were read together."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.networks.pooling import TokenRows, real_tokens

__all__ = ["PairSolver"]


class PairSolver(nn.Module):
    """Which answer is right for a pair of sentences.

    It sees the representation of the pair, the mean state of each sentence, their product and their absolute
    difference. The last two say at once what both have in common, which from the pair alone a network learns to tell
    only after very many steps.

    Args:
        dim: width of the representation, and of the tokens' states.
        num_answers: how many answers there are.

    Source: the dense layer before the answer of BERT, Devlin et al. 2018, arXiv 1810.04805; the features of a pair of
        Sentence-BERT, Reimers and Gurevych 2019, arXiv 1908.10084, section 3, with the product of InferSent, Conneau et
        al. 2017, arXiv 1705.02364.
    """

    def __init__(self, dim: int, *, num_answers: int = 2) -> None:
        super().__init__()
        self.dense, self.answer = nn.Linear(5 * dim, dim), nn.Linear(dim, num_answers)

    def forward(
        self, h: Float[Tensor, "n d"], locations: Float[Tensor, "n t d"], view: TokenRows
    ) -> Float[Tensor, "n k"]:
        """The logits of the answers.

        Args:
            h: the representation of each pair.
            locations: the states of its tokens.
            view: the pairs, with segments.
        """
        first, second = (_mean(locations, view, segment) for segment in (0, 1))
        features = torch.cat([h, first, second, first * second, (first - second).abs()], dim=1)
        return self.answer(torch.tanh(self.dense(features)))


def _mean(locations: Tensor, view: TokenRows, segment: int) -> Tensor:
    """Of the tokens of one sentence; 0 where it has none."""
    assert view.segments is not None
    inside = (real_tokens(view) & (view.segments == segment))[:, :, None].to(locations.dtype)
    return (locations * inside).sum(dim=1) / inside.sum(dim=1).clamp(min=1)
