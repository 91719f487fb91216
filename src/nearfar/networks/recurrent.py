"""Recurrent networks over tokens, for comparison with Transformers."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from nearfar.errors import complaint, suggestion
from nearfar.networks.pooling import TokenRows, pooled, real_tokens

__all__ = ["TextRecurrent"]

_KINDS = {"lstm": nn.LSTM, "gru": nn.GRU}
_POOLINGS = ("mean", "last")


class TextRecurrent(nn.Module):
    """An LSTM or GRU that reads tokens, in both directions unless told otherwise.

    Padding never changes a result. With one direction, what stands behind a token changes nothing at it or before it.

    Args:
        vocab_size: how many tokens there are.
        dim: width of the tokens' vectors and of the representation; two directions have half of it each.
        depth: how many layers.
        kind: "lstm" or "gru".
        bidirectional: whether the text is read backwards too.
        pooling: the representation is the "mean" over all tokens, or the "last" state of each direction.
        dropout: the part of the tokens' vectors, and of what is between layers, that is dropped in training.

    Raises:
        ValueError: a word is unknown, or two directions cannot share the width.

    Source: LSTM, Hochreiter and Schmidhuber 1997, without peepholes; GRU, Cho et al. 2014, arXiv 1406.1078.
    """

    def __init__(
        self,
        vocab_size: int,
        *,
        dim: int = 256,
        depth: int = 1,
        kind: Literal["lstm", "gru"] = "lstm",
        bidirectional: bool = True,
        pooling: Literal["mean", "last"] = "mean",
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        for name, value, known in (("kind", kind, tuple(_KINDS)), ("pooling", pooling, _POOLINGS)):
            if value not in known:
                words = f"one of {', '.join(known)}"
                raise ValueError(complaint("TextRecurrent", name, words, value, suggestion(value, known)))
        if bidirectional and dim % 2:
            raise ValueError(complaint("TextRecurrent", "dim", "even for two directions", dim, f"Try {dim + 1}"))
        self.dim = self.location_dim = dim
        self.pooling, self.bidirectional = pooling, bidirectional
        self.token = nn.Embedding(vocab_size, dim)
        self.dropout = nn.Dropout(dropout)
        self.layers = _KINDS[kind](
            dim,
            dim // 2 if bidirectional else dim,
            num_layers=depth,
            batch_first=True,
            bidirectional=bidirectional,
            dropout=dropout if depth > 1 else 0.0,
        )

    def locations(self, view: TokenRows) -> Float[Tensor, "n t {self.dim}"]:
        """The state at each token; 0 at padding."""
        x = self.dropout(self.token(view.ids))
        packed = pack_padded_sequence(x, view.lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.layers(packed)[0], batch_first=True, total_length=view.ids.shape[1])
        return states.masked_fill(~real_tokens(view)[:, :, None], 0)

    def with_locations(self, view: TokenRows) -> tuple[Float[Tensor, "n {self.dim}"], Float[Tensor, "n t {self.dim}"]]:
        """The representation and the locations, in one pass."""
        states = self.locations(view)
        h = pooled(states, view.lengths, pooling=self.pooling)
        if self.pooling == "last" and self.bidirectional:
            half = self.dim // 2
            h = torch.cat([h[:, :half], states[:, 0, half:]], dim=1)
        return h, states

    def forward(self, view: TokenRows) -> Float[Tensor, "n {self.dim}"]:
        """The representation of each text."""
        return self.with_locations(view)[0]
