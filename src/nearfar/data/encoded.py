"""Texts as numbers, kept end to end in memory."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int

from nearfar.errors import complaint
from nearfar.views.tokens import Tokens

__all__ = ["EncodedTexts"]


@dataclass(frozen=True, eq=False)
class EncodedTexts:
    """n texts as token numbers, special tokens too, one behind the other.

    Attributes:
        ids: the numbers of all tokens, int32.
        words: which word of its text each is of; -1 for special tokens.
        starts: where each text begins, and the last one ends.
        pad_id: what stands behind the end of a text in a batch.
        cut: how many texts were longer than the encoder reads and lost their end.
    """

    ids: Int[np.ndarray, "all"]
    words: Int[np.ndarray, "all"]
    starts: Int[np.ndarray, "edges"]
    pad_id: int
    cut: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Int[np.ndarray, "n"]:
        """(n,) int64: how many tokens each text has."""
        return np.diff(self.starts)

    @property
    def rows(self) -> Int[np.ndarray, "all"]:
        """Which text each token is of."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def batch(self, rows: Int[np.ndarray, "m"], *, width: int | None = None) -> Tokens:
        """Some texts, padded to the longest of them.

        Args:
            rows: which, in any order.
            width: padded to this many tokens instead.

        Raises:
            ValueError: a text is longer than the width.
        """
        begins, lengths = self.starts[rows], self.lengths[rows]
        longest = int(lengths.max(initial=0))
        if width is not None and width < longest:
            raise ValueError(complaint("EncodedTexts", "width", f"at least {longest}", width, f"Try {longest}"))
        place = np.arange(longest if width is None else width)
        real = place < lengths[:, None]
        source = np.where(real, begins[:, None] + place, 0)
        empty = not len(self.ids)
        ids, words = (
            np.full(real.shape, value) if empty else np.where(real, all_of[source], value).astype(np.int64)
            for all_of, value in ((self.ids, self.pad_id), (self.words, -1))
        )
        return Tokens(torch.from_numpy(ids), torch.from_numpy(lengths), torch.from_numpy(words))
