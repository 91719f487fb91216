"""Texts as an encoder sees them: rows of token numbers, of which each is as long as its text."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

__all__ = ["Tokens", "compact", "joined", "taken"]


class Tokens(NamedTuple):
    """n texts of different lengths as one rectangle; what stands behind a text's end means nothing.

    It has what methods ask of a batch of views: `shape`, `device`, `to`, and `torch.cat` of several.

    Attributes:
        ids: the numbers of the tokens.
        lengths: how many tokens each text has, special ones too; the rest of its row is padding.
        words: which word of its text each token is of, counted from 0; -1 for special tokens and padding.
        segments: 0 where a token is of the first text of a pair and 1 where it is of the second; None where there are
            no pairs.
    """

    ids: Int[Tensor, "n t"]
    lengths: Int[Tensor, "n"]
    words: Int[Tensor, "n t"]
    segments: Int[Tensor, "n t"] | None = None

    @property
    def shape(self) -> torch.Size:
        """The number of texts, and of tokens in the longest row."""
        return self.ids.shape

    @property
    def device(self) -> torch.device:
        """Where the numbers are."""
        return self.ids.device

    @property
    def real(self) -> Bool[Tensor, "n t"]:
        """Where there is a token and no padding."""
        return torch.arange(self.ids.shape[1], device=self.device) < self.lengths[:, None]

    @property
    def content(self) -> Bool[Tensor, "n t"]:
        """Where there is a token of the text itself, neither special nor padding."""
        return (self.words >= 0) & self.real

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> "Tokens":
        """The same on another device.

        Args:
            device: where to.
            non_blocking: whether to go on before it is there.
        """
        moved = (None if each is None else each.to(device, non_blocking=non_blocking) for each in self)
        return Tokens(*moved)  # type: ignore[arg-type]  # only segments may be None

    def rows(self, which: slice | Tensor) -> "Tokens":
        """Some of the texts, on a rectangle of the same width.

        Args:
            which: their rows.
        """
        chosen = (None if each is None else each[which] for each in self)
        return Tokens(*chosen)  # type: ignore[arg-type]

    def without_segments(self) -> "Tokens":
        """The same, as texts that are no pairs."""
        return self._replace(segments=None)

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """`torch.cat` of texts, one below the other; what else torch can do to tensors is refused."""
        if func is not torch.cat or kwargs or len(args) != 1:
            return NotImplemented
        return joined(args[0])


def joined(parts: Sequence[Tokens]) -> Tokens:
    """Texts one below the other, on a rectangle that is wide enough for all; `torch.cat` does the same."""
    width = max(part.shape[1] for part in parts)
    wide = [_widened(part, width) for part in parts]
    segments = [part.segments for part in wide if part.segments is not None]
    return Tokens(
        torch.cat([part.ids for part in wide]),
        torch.cat([part.lengths for part in wide]),
        torch.cat([part.words for part in wide]),
        torch.cat(segments) if len(segments) == len(wide) else None,
    )


def _widened(tokens: Tokens, width: int) -> Tokens:
    def padded(x: Tensor, value: int) -> Tensor:
        return torch.nn.functional.pad(x, (0, width - x.shape[1]), value=value)

    if tokens.shape[1] == width:
        return tokens
    segments = None if tokens.segments is None else padded(tokens.segments, 0)
    return Tokens(padded(tokens.ids, 0), tokens.lengths, padded(tokens.words, -1), segments)


def taken(tokens: Tokens, places: Int[Tensor, "n m"], lengths: Int[Tensor, "n"]) -> Tokens:
    """Tokens in another order, or some of them.

    Args:
        tokens: the texts.
        places: for each new place the old one; what stands behind the new end is anything.
        lengths: how many tokens each text has then.
    """
    padding = torch.arange(places.shape[1], device=places.device) >= lengths[:, None]

    def moved(x: Tensor, value: int) -> Tensor:
        return x.gather(1, places).masked_fill(padding, value)

    segments = None if tokens.segments is None else moved(tokens.segments, 0)
    return Tokens(moved(tokens.ids, 0), lengths, moved(tokens.words, -1), segments)


def compact(tokens: Tokens, keep: Bool[Tensor, "n t"]) -> Tokens:
    """Some tokens of each text, in their order, on a rectangle no wider than they need.

    Args:
        tokens: the texts.
        keep: which; of padding, none.
    """
    lengths = keep.sum(dim=1)
    width = int(lengths.max()) if len(lengths) else 0
    return taken(tokens, (~keep).to(torch.uint8).argsort(dim=1, stable=True)[:, :width], lengths)
