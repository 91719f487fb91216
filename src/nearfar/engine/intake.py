"""Data as a run takes it in: parted for judging, and told of in a line or two."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nearfar.data.holdout import holdout
from nearfar.data.modality import KINDS, open_data, splits_of
from nearfar.data.opening import BUILT_IN
from nearfar.data.pictures import Pictures
from nearfar.data.reading import Reading
from nearfar.data.sentences import Sentences
from nearfar.data.series import Series
from nearfar.data.source import Source
from nearfar.errors import DataError, complaint

__all__ = ["Parts", "account", "named", "noun", "parts", "place_of"]

SHOWN = 3
"""How many reasons and names stand for all of them."""
_PIECE = {"text": "row", "series": "row"}
"""What is skipped where examples are no files of their own."""


class Parts(NamedTuple):
    """Labelled examples to judge an encoder with.

    Attributes:
        train: what probes are fitted on.
        test: what they are scored on.
        held_out: whether the test part was held out of the data, which has no test split.
    """

    train: Source
    test: Source
    held_out: bool


def place_of(data: Any) -> str | None:
    """Where data is to be found again: a name, or an absolute path; None for objects in memory."""
    if not isinstance(data, str | Path):
        return None
    path = Path(data).expanduser()
    return str(path.absolute()) if str(data) not in BUILT_IN and os.path.exists(path) else str(data)


def parts(
    data: Any,
    *,
    modality: str,
    split: str | None,
    test: Any,
    seed: int,
    reading: Reading,
    where: str,
    train: Source | None = None,
) -> Parts:
    """What to fit probes on and what to score them on.

    Args:
        data: labelled examples.
        modality: what they are.
        split: of the data, to fit on.
        test: other data to score on; the data's test split, or else a part held out, when it is None.
        seed: of what is held out.
        reading: how to read both.
        where: who asks, for error sentences.
        train: that split of the data, where it is open already.

    Raises:
        DataError: the data cannot be used, or the two have different classes, or too few examples to hold any out.
    """

    def opened(data: Any, split: str | None, where: str) -> Source:
        return open_data(data, modality=modality, split=split, reading=reading, where=where)

    def there(data: Any) -> tuple[str, ...]:
        return splits_of(data, modality=modality, reading=reading)

    train = opened(data, split, where) if train is None else train
    if test is not None:
        whole = opened(test, None, f"{where} test")
        held = opened(test, "test", where) if "test" in there(test) else whole
        _check_classes(train, held)
        return Parts(train, held, held_out=False)
    names = there(data)
    for name in ("test", "val"):
        if name in names and name != split:
            return Parts(train, opened(data, name, where), held_out=False)
    _check_enough(train, where=where)
    larger, aside = holdout(train, seed=seed)
    return Parts(larger, aside, held_out=True)


def _check_classes(train: Source, test: Source) -> None:
    if test.class_names != train.class_names:
        names = ", ".join(sorted(set(test.class_names) ^ set(train.class_names))) or "another order"
        constraint = "data with the classes of the training data"
        raise DataError(complaint("evaluate", "test", constraint, names, "Name the classes alike"))


def _check_enough(source: Source, *, where: str) -> None:
    """Refuses to hold examples out where fewer than two classes have one to spare; `judge` wants labels anyway."""
    if source.labels is None:
        return
    labels, counts = np.unique(source.labels[source.labels >= 0], return_counts=True)
    if len(labels) >= 2 and (counts > 1).sum() < 2:
        lone = named([source.class_names[label] for label in labels[counts == 1]])
        constraint = f"of at least 2 {noun(source, many=True)} in each of 2 classes, one to fit on and one to judge by"
        next_step = f"Add {noun(source, many=True)}, or leave the class out"
        raise DataError(complaint(where, "data", constraint, f"1 of class {lone}", next_step))


def account(source: Source, *, role: str, listed: Path | None = None, again: bool = False) -> str:
    """How many examples there are, in how many classes, what is used in part, and what was skipped and why, for people.

    Args:
        source: the examples.
        role: what they are for, first word of the line.
        listed: where all that was skipped is listed.
        again: whether what was skipped has been said, of another part of the same data.
    """
    number = _count(len(source), noun(source), noun(source, many=True))
    said = f"{role}: {number}{_shape(source)}{_classes(source)}{_used(source)}"
    if not source.skipped or again:
        return f"{said}."
    where = "" if listed is None else f"; all of them are in {listed}"
    skipped = _count(len(source.skipped), _PIECE.get(source.modality, "file"))
    return f"{said}; {skipped} skipped: {_reasons(source.skipped)}{where}."


def _reasons(skipped: Sequence[tuple[str, str]]) -> str:
    """The most frequent reasons, each with the first file it holds for."""
    short = [(file, re.split("[:;,]", reason)[0]) for file, reason in skipped]
    times = Counter(reason for _, reason in short).most_common()
    first = {reason: file for file, reason in reversed(short)}
    shown = [f"'{reason}' {_times(number)} ({first[reason]})" for reason, number in times[:SHOWN]]
    rest = sum(number for _, number in times[SHOWN:])
    return ", ".join(shown + ([f"other reasons {_times(rest)}"] if rest else []))


def noun(source: Source, *, many: bool = False) -> str:
    """What one example is called, or several are.

    Args:
        source: the examples.
        many: whether several are meant.
    """
    if isinstance(source, Sentences) and len(source.roles) > 1:
        return ("pair" if len(source.roles) == 2 else "triplet") + "s" * many
    kind = KINDS[source.modality]
    return kind.many if many else kind.one


def _shape(source: Source) -> str:
    """Of series what shows whether steps and channels stand where they should."""
    if not isinstance(source, Series):
        return ""
    return f" of {_count(source.channels, 'channel')} and {_count(source.length, 'step')}"


def _used(source: Source) -> str:
    """What was used in part, or changed."""
    cut = source.truncated if isinstance(source, Pictures) else ()
    if cut:
        return f"; {_count(len(cut), 'truncated picture')} used as far as can be seen ({named(cut)})"
    composed = source.composed if isinstance(source, Sentences) else 0
    return f"; {composed:,} brought to Unicode's normal form C" if composed else ""


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _classes(source: Source) -> str:
    if isinstance(source, Sentences) and source.scores is not None:
        return " with scores"
    if source.labels is None:
        return " without labels"
    unknown = int((source.labels < 0).sum())
    classes = len(np.unique(source.labels[source.labels >= 0]))
    return f" in {_count(classes, 'class', 'classes')}{f', {unknown:,} of them without a label' if unknown else ''}"


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def named(names: Sequence[str], *, of: int | None = None) -> str:
    """Some names, and how many more there are.

    Args:
        names: the names, or the first of them.
        of: how many there are in all.
    """
    rest = (len(names) if of is None else of) - min(len(names), SHOWN)
    return ", ".join(names[:SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")
