"""Running text: which sentence stands behind which, and which are from elsewhere."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Int

from nearfar.data.sentences import Sentences
from nearfar.views.draws import Draws

__all__ = ["RunningText"]

_STRANGER = 2**21  # what these draws are told apart by from those of views and methods, which have smaller numbers


@dataclass(frozen=True, eq=False)
class RunningText:
    """Where n sentences stand to one another.

    Attributes:
        following: the row of the sentence behind each; -1 where there is none.
        document: of which document each is; any numbers.
    """

    following: Int[np.ndarray, "n"]
    document: Int[np.ndarray, "n"]

    @classmethod
    def of(cls, source: Sentences) -> "RunningText":
        """What a source knows of its sentences.

        Raises:
            DataError: the texts are no running text.
        """
        following = source.following()
        assert source.places is not None
        return cls(following, source.places.document)

    @cached_property
    def followed(self) -> Int[np.ndarray, "m"]:
        """(m,) the rows of the sentences that another stands behind."""
        return np.flatnonzero(self.following >= 0)

    def strangers(self, rows: Int[np.ndarray, "k"], *, seed: int, step: int) -> Int[np.ndarray, "k"]:
        """A random sentence for each of some, from another document where there is one; never itself nor the next.

        Args:
            rows: of sentences that another stands behind; there are at least three sentences in all.
            seed: of the run.
            step: for which they are drawn: for the same sentence another one in each.
        """
        first, second = Draws.of(seed, step, torch.from_numpy(rows)).fold(_STRANGER).uniform(2).double().numpy().T
        part, total = first + second * 2.0**-24, len(self.document)
        order, begins, sizes = self._by_document
        begin, size = begins[rows], sizes[rows]
        outside = (part * (total - size)).astype(np.int64)
        elsewhere = order[np.minimum(outside + np.where(outside >= begin, size, 0), total - 1)]
        behind = self.following[rows]
        within = (part * (total - 2)).astype(np.int64)
        for taken in (np.minimum(rows, behind), np.maximum(rows, behind)):
            within += within >= taken
        return np.where(size < total, elsewhere, within)

    @cached_property
    def _by_document(self) -> tuple[Int[np.ndarray, "n"], Int[np.ndarray, "n"], Int[np.ndarray, "n"]]:
        """All rows, those of a document together, and where each row's document begins among them and its size."""
        order = np.argsort(self.document, kind="stable")
        _, number, sizes = np.unique(self.document, return_inverse=True, return_counts=True)
        return order, (np.cumsum(sizes) - sizes)[number], sizes[number]
