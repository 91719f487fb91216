"""What can be said of the encoder without labels, with the words that it takes to read the numbers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from nearfar.report.scores import LABEL_FREE
from nearfar.report.words import many, one

__all__ = ["Reading", "unlabelled"]


class Reading(NamedTuple):
    """A number and what it tells.

    Attributes:
        title: of the number.
        value: it, as text.
        meaning: what it tells, in a line.
        better: which way is better.
    """

    title: str
    value: str
    meaning: str
    better: str


TOLD = {
    "effective_rank": "How many directions the embeddings use.",
    "participation_ratio": "How many directions hold most of the variance; the long tail hardly counts.",
    "alpha_req": "How fast variance falls from direction to direction: 0 is alike in all, a high number in few only.",
    "embedding_spread": "How evenly embeddings point everywhere: 0 % is one point, 100 % all round.",
    "uniformity": "How evenly examples cover the sphere: 0 is one point, near \N{MINUS SIGN}4 is even.",
    "alignment": "How far apart two views of a {one} lie: 0 is one point, 2 is unrelated. Read it beside the spread.",
    "lidar": "How many directions tell {many} apart more than they tell views apart.",
}
"""What each number tells, in reading order."""


def unlabelled(found: Mapping[str, Any] | None, *, modality: str = "") -> list[Reading]:
    """The label-free numbers of `scores.json` in reading order; one that is not known keeps its name and stands last.

    Args:
        found: by name; what is no number is left out.
        modality: of the run.
    """
    numbers = {name: value for name, value in (found or {}).items() if isinstance(value, int | float)}
    order = [name for name in TOLD if name in numbers] + sorted(numbers.keys() - TOLD.keys())
    return [_reading(name, numbers[name], modality) for name in order]


def _reading(name: str, value: float, modality: str) -> Reading:
    known = LABEL_FREE.get(name)
    title, better = (known.title, known.better) if known else (name.replace("_", " ").capitalize(), "")
    return Reading(title, _text(name, value), TOLD.get(name, "").format(one=one(modality), many=many(modality)), better)


def _text(name: str, value: float) -> str:
    if name == "embedding_spread":
        return f"{100 * value:.0f}\N{NO-BREAK SPACE}%"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")
