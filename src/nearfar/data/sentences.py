"""Texts as a source, from whatever files they come."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

from nearfar.data.source import Source
from nearfar.errors import DataError, complaint

__all__ = ["ROLES", "Places", "Sentences"]

ROLES = ("text", "anchor", "positive", "negative")
"""What a text may be to its example: all of it, or one of a pair or a triplet."""


class Places(NamedTuple):
    """Where in running text each sentence stands; all counted from 0 and never again from 0.

    Attributes:
        document: of each sentence.
        paragraph: of each sentence.
        sentence: its number, which skips those that were left out.
    """

    document: Int[np.ndarray, "n"]
    paragraph: Int[np.ndarray, "n"]
    sentence: Int[np.ndarray, "n"]


class Sentences(Source):
    """n examples of one text each, or of a pair or a triplet of texts.

    All text is in Unicode's normal form C, without white space around it.

    Attributes:
        roles: what the texts of an example are: `("text",)`, or of `ROLES` the anchor and what is compared with it.
        scores: (n,) float64, how alike the texts of each pair are; None where nobody said.
        places: where each sentence stands in its document; None for texts that are no running text.
        composed: how many examples were not in normal form C and were brought to it.
    """

    modality = "text"

    def __init__(
        self,
        texts: Mapping[str, Sequence[str]],
        *,
        name: str,
        ids: Sequence[str] | None = None,
        labels: Int[np.ndarray, "n"] | None = None,
        class_names: Sequence[str] = (),
        scores: Float[np.ndarray, "n"] | None = None,
        places: Places | None = None,
        skipped: Sequence[tuple[str, str]] = (),
        composed: int = 0,
    ) -> None:
        """Takes texts that are clean; `open_sentences` reads and cleans.

        Args:
            texts: row-aligned, by role.
            name: what the user called them.
            ids: the name of each example; its row where None.
            labels: of each example, -1 where unknown; None where none is known.
            class_names: the name of each label.
            scores: of each pair.
            places: of each sentence.
            skipped: place and reason of what was found and could not be used.
            composed: how many examples were brought to normal form C.

        Raises:
            DataError: the roles are none that fit together, or not all roles have as many texts.
        """
        self.roles = _checked_roles(texts)
        self.name = name
        self.labels = labels
        self.class_names = tuple(class_names)
        self.skipped = tuple(skipped)
        self.scores = scores
        self.places = places
        self.composed = composed
        self._texts = {role: tuple(texts[role]) for role in self.roles}
        count = len(self._texts[self.roles[0]])
        self.ids = tuple(str(row) for row in range(count)) if ids is None else tuple(ids)

    @cached_property
    def hashes(self) -> Shaped[np.ndarray, "n"]:
        """(n,) S16: 16 bytes for each example, the first of the SHA-256 of its text, or of its texts and score."""
        if self.roles == ("text",):
            contents = [text.encode() for text in self.texts()]
        else:
            scores = [None] * len(self) if self.scores is None else self.scores.tolist()
            rows = zip(*(self.texts(role) for role in self.roles), scores, strict=True)
            contents = [json.dumps(row).encode() for row in rows]
        hashes = np.array([hashlib.sha256(content).digest()[:16] for content in contents], dtype="S16")
        hashes.flags.writeable = False
        return hashes

    def texts(self, role: str | None = None) -> tuple[str, ...]:
        """All texts of a role, in the order of the examples.

        Args:
            role: one of `roles`; the first where None.

        Raises:
            DataError: the examples have no such text.
        """
        role = self.roles[0] if role is None else role
        if role not in self._texts:
            constraint = f"one of {', '.join(self.roles)}"
            next_step = f"Name its column when {self.name} is opened"
            raise DataError(complaint("Sentences", "role", constraint, role, next_step))
        return self._texts[role]

    def following(self) -> Int[np.ndarray, "n"]:
        """The row of the sentence that follows each in its document; -1 where there is none in this source.

        Raises:
            DataError: the texts are no running text.
        """
        if self.places is None:
            next_step = "Name a .txt file with a sentence a line and two empty lines between documents"
            raise DataError(complaint("Sentences", "data", "running text", self.name, next_step))
        rows = {number: row for row, number in enumerate(self.places.sentence.tolist())}
        after = np.array([rows.get(number + 1, -1) for number in self.places.sentence.tolist()], dtype=np.int64)
        same = self.places.document[after] == self.places.document
        return np.where((after >= 0) & same, after, -1)

    def read(self, row: int) -> str | tuple[str, ...]:
        """The text of a row, or its texts in the order of the roles."""
        texts = tuple(self._texts[role][row] for role in self.roles)
        return texts[0] if len(texts) == 1 else texts

    def select(self, rows: np.ndarray) -> "Sentences":
        """The source of some rows, in the order given."""
        wanted = np.arange(len(self))[rows].tolist()
        selected = Sentences(
            {role: [texts[row] for row in wanted] for role, texts in self._texts.items()},
            name=self.name,
            ids=[self.ids[row] for row in wanted],
            labels=None if self.labels is None else self.labels[rows],
            class_names=self.class_names,
            scores=None if self.scores is None else self.scores[rows],
            places=None if self.places is None else Places(*(each[rows] for each in self.places)),
            skipped=self.skipped,
            composed=self.composed,
        )
        if "hashes" in self.__dict__:
            selected.__dict__["hashes"] = self.hashes[rows]
        return selected


def _checked_roles(texts: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    roles = tuple(role for role in ROLES if role in texts)
    if set(roles) != set(texts) or not roles or (roles[0] == "text") != (len(roles) == 1):
        constraint = "'text' alone, or 'anchor' and what it is compared with"
        raise DataError(complaint("Sentences", "texts", constraint, list(texts), "Name the roles so"))
    counts = {role: len(texts[role]) for role in roles}
    if len(set(counts.values())) > 1:
        raise DataError(complaint("Sentences", "texts", "row-aligned", counts, "Give each example all its texts"))
    return roles
