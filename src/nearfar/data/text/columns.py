"""Which columns of a table are texts, labels and scores, and what they hold."""

import math
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from nearfar.data._containers.columns import LABELS, column, labels_of
from nearfar.data.sentences import Places, Sentences
from nearfar.errors import DataError, complaint

__all__ = ["LONGEST", "TextColumns", "cleaned", "sentences_of", "text_labels"]

LONGEST = 100_000
"""Characters; a longer text is no sentence but a mistake, and is skipped."""

_TEXTS = ("text", "sentence", "content", "document", "body", "review", "question", "query", "utterance")
_USUAL = {
    "anchor": ("anchor", "sentence1", "sentence_a"),
    "positive": ("positive", "sentence2", "sentence_b"),
    "negative": ("negative", "hard_negative"),
    "score": ("score", "similarity", "similarity_score"),
}


@dataclass(frozen=True)
class TextColumns:
    """Which columns of a table say what; None finds one by its name.

    Attributes:
        text: of examples of one text.
        label: of labels.
        anchor: of the first texts of pairs.
        positive: of the texts that belong to them.
        negative: of texts that resemble these and do not belong to them.
        score: of how alike the two texts of a pair are.
    """

    text: str | None = None
    label: str | None = None
    anchor: str | None = None
    positive: str | None = None
    negative: str | None = None
    score: str | None = None

    def in_names(self, names: Collection[str], where: str) -> dict[str, str]:
        """The columns that there are, by what they say; those of texts stand in the order of the roles.

        Args:
            names: of all columns.
            where: who asks, for error sentences.

        Raises:
            DataError: a column that was asked for is not there, or no column of texts is found.
        """
        pair: tuple[str, ...] = ("anchor", "positive", "negative", "score")
        named = [role for role in pair if getattr(self, role) is not None]
        if self.text is not None and named:
            next_step = "Name the columns of one text, or of pairs"
            raise DataError(complaint(where, "text_column", f"left out beside {named[0]}_column", self.text, next_step))
        wanted = {
            each.name: column(getattr(self, each.name), names, usual, argument=f"{each.name}_column", where=where)
            for each in fields(self)
            for usual in [() if self.text and each.name in pair else _usual(each.name)]
        }
        alone = None if named else wanted["text"]
        if alone is None and wanted["anchor"] and wanted["positive"]:
            roles = pair
        else:
            _check_text(alone, named, names, where)
            roles = ("text",)
        return {role: name for role in (*roles, "label") if (name := wanted[role]) is not None}


def _usual(role: str) -> Sequence[str]:
    return _TEXTS if role == "text" else LABELS if role == "label" else _USUAL[role]


def _check_text(alone: str | None, named: Sequence[str], names: Collection[str], where: str) -> None:
    if alone is None:
        missing = "anchor_column and positive_column" if named else "text_column"
        next_step = f"Name {'both' if named else 'the column of texts'} of {', '.join(list(names)[:12]) or 'none'}"
        raise DataError(complaint(where, missing, "a column of the data", None, next_step))


def cleaned(value: Any) -> tuple[str, str]:
    """A text in normal form C without white space around it, and why it cannot be used, empty where it can.

    Args:
        value: of a cell.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "", "is empty"
    if not isinstance(value, str):
        return "", f"is no text: it is of type {type(value).__name__}"
    text = unicodedata.normalize("NFC", value).strip()
    if not text:
        return "", "is empty"
    if len(text) > LONGEST:
        return "", f"is too long: {len(text):,} characters of at most {LONGEST:,}"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "", "is no text: it holds half of a character"
    return text, ""


def sentences_of(
    values: Mapping[str, Sequence[Any]],
    columns: Mapping[str, str],
    *,
    rows: Sequence[int],
    ids: Sequence[str],
    name: str,
    where: str,
    places: Places | None = None,
) -> Sentences:
    """Cleans texts, and leaves out and names what cannot be used.

    Args:
        values: row-aligned, by column.
        columns: which says what, as `TextColumns.in_names` gives them.
        rows: which rows to take; labels are counted over all.
        ids: the name of each row.
        name: what the user called the data.
        where: who asks, for error sentences.
        places: where each row stands in running text.

    Raises:
        DataError: not one example can be used.
    """
    roles = [role for role in columns if role not in ("label", "score")]
    scores = _numbers(values[columns["score"]]) if "score" in columns else None
    found = _Cleaned({role: [] for role in roles}, [], [])
    for row in rows:
        broken = scores is not None and math.isnan(scores[row])
        found.take(row, ids[row], [values[columns[role]][row] for role in roles], broken=broken)
    if not found.rows:
        got = f"{name}: {' '.join(found.skipped[0])}" if found.skipped else f"{name}, which is empty"
        raise DataError(complaint(where, "data", "at least one text", got, "Name a file of texts"))
    labels, class_names = text_labels(values, columns.get("label"), where)
    kept = np.array(found.rows, dtype=np.int64)
    return Sentences(
        found.texts,
        name=name,
        ids=[ids[row] for row in found.rows],
        labels=None if labels is None else labels[kept],
        class_names=class_names,
        scores=None if scores is None else scores[kept],
        places=None if places is None else Places(*(each[kept] for each in places)),
        skipped=found.skipped,
        composed=found.composed,
    )


@dataclass
class _Cleaned:
    """Texts by role, the rows they are from, and what was left out."""

    texts: dict[str, list[str]]
    rows: list[int]
    skipped: list[tuple[str, str]]
    composed: int = 0

    def take(self, row: int, name: str, cells: Sequence[Any], *, broken: bool) -> None:
        clean = [cleaned(cell) for cell in cells]
        why = next((reason for _, reason in clean if reason), "has a score that is no number" if broken else "")
        if why:
            self.skipped.append((name, why))
            return
        self.rows.append(row)
        self.composed += any(text != cell.strip() for (text, _), cell in zip(clean, cells, strict=True))
        for texts, (text, _) in zip(self.texts.values(), clean, strict=True):
            texts.append(text)


def text_labels(
    values: Mapping[str, Sequence[Any]], label: str | None, where: str
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Labels from 0 and the names of classes, of a table in which numbers may be words.

    Args:
        values: row-aligned, by column.
        label: the column of labels; None where there is none.
        where: who asks, for error sentences.

    Raises:
        DataError: the column holds more than numbers and words.
    """
    if label is None:
        return None, ()
    odd = next((value for value in values[label] if not isinstance(value, str | int | float | None)), None)
    if odd is not None:
        constraint = "a column of numbers or words"
        raise DataError(complaint(where, "label_column", constraint, f"{label}: {odd!r}", "Name another"))
    known = ["" if value == "-1" else value for value in values[label]]  # unknown, in words as in numbers
    words = [value.encode("utf-8", "replace").decode() if isinstance(value, str) else value for value in known]
    return labels_of({**values, label: words}, label)


def _numbers(values: Sequence[Any]) -> np.ndarray:
    """Finite numbers, and no number for anything else."""
    made = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            continue
        if math.isfinite(number):
            made[row] = number
    return made
