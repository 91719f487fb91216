"""One vector for a text, from one for each of its tokens."""

from typing import Literal, Protocol, TypeAlias, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from nearfar.errors import complaint, suggestion

__all__ = ["POOLINGS", "Pooling", "TokenRows", "pooled", "real_tokens"]

Pooling: TypeAlias = Literal["mean", "cls", "last"]

POOLINGS = ("mean", "cls", "last")
"""The mean over all tokens, the first, or the last."""


@runtime_checkable
class TokenRows(Protocol):
    """What text encoders read: n texts as rows of token numbers, of which each is as long as its text.

    Attributes:
        ids: the numbers of the tokens.
        lengths: how many tokens each text has; the rest of its row is padding.
        segments: 0 where a token is of the first text of a pair and 1 where it is of the second; None without pairs.
    """

    @property
    def ids(self) -> Int[Tensor, "n t"]:
        """The numbers of the tokens."""
        ...

    @property
    def lengths(self) -> Int[Tensor, "n"]:
        """How many tokens each text has."""
        ...

    @property
    def segments(self) -> Int[Tensor, "n t"] | None:
        """Of which text of a pair each token is."""
        ...


def real_tokens(view: TokenRows) -> Bool[Tensor, "n t"]:
    """Where there is a token and no padding."""
    return torch.arange(view.ids.shape[1], device=view.ids.device) < view.lengths[:, None]


def pooled(states: Float[Tensor, "n t d"], lengths: Int[Tensor, "n"], *, pooling: Pooling) -> Float[Tensor, "n d"]:
    """The vector of each text; 0 for a text without tokens.

    Args:
        states: of each token; 0 at padding.
        lengths: how many tokens each text has.
        pooling: one of `POOLINGS`.

    Raises:
        ValueError: there is no such pooling.
    """
    if pooling == "mean":
        return states.sum(dim=1) / lengths.clamp(min=1)[:, None].to(states.dtype)
    if pooling == "cls":
        return states[:, 0]
    if pooling == "last":
        return states[torch.arange(states.shape[0], device=states.device), (lengths - 1).clamp(min=0)]
    raise ValueError(
        complaint("pooled", "pooling", f"one of {', '.join(POOLINGS)}", pooling, suggestion(pooling, POOLINGS))
    )
