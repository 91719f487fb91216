"""The same example twice: how often, and where the labels disagree."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Shaped

from nearfar.errors import complaint

__all__ = ["Duplicates", "duplicates"]

_SHOWN = 3  # contradictions that the sentence names


class Duplicates(NamedTuple):
    """What exact copies a source holds; `str` says it in a sentence.

    Attributes:
        examples: the source's number of examples.
        copies: how many of them repeat the content of an earlier one.
        contradictions: the ids of each content that is found under more than one class; of each class the first.
        classes: the names of these classes, aligned with `contradictions`.
    """

    examples: int
    copies: int
    contradictions: tuple[tuple[str, ...], ...]
    classes: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        if not self.copies:
            return f"None of {self.examples:,} examples is an exact copy of another."
        verb = "is an exact copy" if self.copies == 1 else "are exact copies"
        sentence = f"{self.copies:,} of {self.examples:,} examples {verb} of an earlier one"
        if not self.contradictions:
            return f"{sentence}."
        named = [
            " = ".join(f"{each} ({name})" for each, name in zip(ids, names, strict=True))
            for ids, names in zip(self.contradictions[:_SHOWN], self.classes[:_SHOWN], strict=True)
        ]
        more = len(self.contradictions) - len(named)
        rest = f" and {more:,} more" if more else ""
        return f"{sentence}, and labels contradict each other: {'; '.join(named)}{rest}."


def duplicates(
    hashes: Shaped[np.ndarray, "n ..."],
    *,
    ids: Sequence[str],
    labels: Int[np.ndarray, "n"] | None = None,
    class_names: Sequence[str] = (),
) -> Duplicates:
    """Finds examples of the same content, and those of them that lie in different classes.

    Examples of unknown class contradict nobody.

    Args:
        hashes: of each example's content: fixed-size bytes, integers, or rows of them.
        ids: the examples' names.
        labels: their classes, -1 where unknown; None where none is known.
        class_names: the name of each label; the number itself where there is none.

    Raises:
        ValueError: there are not as many ids or labels as hashes.
    """
    for name, values in (("ids", ids), ("labels", labels)):
        if values is not None and len(values) != len(hashes):
            constraint = f"one for each of {len(hashes)} hashes"
            raise ValueError(complaint("duplicates", name, constraint, len(values), "Align them"))
    if not len(hashes):
        return Duplicates(0, 0, (), ())
    _, first, content = np.unique(_as_bytes(hashes), return_index=True, return_inverse=True)
    copies = len(hashes) - len(first)
    if labels is None or not copies:
        return Duplicates(len(hashes), copies, (), ())
    groups = _contradicting(content.ravel(), labels)
    names = dict(enumerate(class_names))
    return Duplicates(
        examples=len(hashes),
        copies=copies,
        contradictions=tuple(tuple(ids[row] for row in rows) for rows in groups),
        classes=tuple(tuple(names.get(int(labels[row]), str(labels[row])) for row in rows) for rows in groups),
    )


def _as_bytes(hashes: Shaped[np.ndarray, "n ..."]) -> Shaped[np.ndarray, "n"]:
    """Each hash as one opaque value; strings of numpy would lose zeros at their end."""
    rows = np.ascontiguousarray(hashes).reshape(len(hashes), -1)
    return rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()


def _contradicting(content: Int[np.ndarray, "n"], labels: Int[np.ndarray, "n"]) -> list[list[int]]:
    """Rows of each content that has several labels, one row a label, in the order of the rows."""
    known = np.flatnonzero(labels >= 0)
    pairs = np.stack((content[known], labels[known]), axis=1)
    distinct, first = np.unique(pairs, axis=0, return_index=True)
    contents, counts = np.unique(distinct[:, 0], return_counts=True)
    several = np.isin(distinct[:, 0], contents[counts > 1])
    groups: dict[int, list[int]] = {}
    for row in sorted(known[first[several]].tolist()):
        groups.setdefault(int(content[row]), []).append(row)
    return list(groups.values())
