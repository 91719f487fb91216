"""Scores of a trial, accuracies and those that need no labels: which values are better, and how they read."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from nearfar.report.headline import TITLES

__all__ = ["LABEL_FREE", "LabelFree", "is_fraction", "oriented", "score_text", "score_title", "score_within"]


class LabelFree(NamedTuple):
    """A score that needs no labels.

    Attributes:
        title: for people.
        better: which values are better, in a word.
        value: the score, so that more is better.
    """

    title: str
    better: str
    value: Callable[[float], float]


def _as_it_is(value: float) -> float:
    return value


def _negative(value: float) -> float:
    return -value


def _nearness_to_1(value: float) -> float:
    return -abs(value - 1)


LABEL_FREE: Mapping[str, LabelFree] = {
    "lidar": LabelFree("LiDAR", "higher", _as_it_is),
    "effective_rank": LabelFree("Effective rank (RankMe)", "higher", _as_it_is),
    "participation_ratio": LabelFree("Participation ratio", "higher", _as_it_is),
    "alpha_req": LabelFree("alpha-ReQ", "nearer 1", _nearness_to_1),
    "embedding_spread": LabelFree("Embedding spread", "higher", _as_it_is),
    "uniformity": LabelFree("Uniformity", "lower", _negative),
    "alignment": LabelFree("Alignment", "lower", _negative),
}
"""The scores of `nearfar.engine.label_free`; the first ranks trials where there are no labels."""


def oriented(score: str, value: float) -> float:
    """A score's value, so that more is better.

    Args:
        score: a probe or a score without labels.
        value: its value.
    """
    return LABEL_FREE[score].value(value) if score in LABEL_FREE else value


def is_fraction(score: str) -> bool:
    """Whether a score is an accuracy, a fraction.

    Args:
        score: a probe or a score without labels.
    """
    return score not in LABEL_FREE


def score_title(score: str) -> str:
    """A score's name for people.

    Args:
        score: a probe or a score without labels.
    """
    return LABEL_FREE[score].title if score in LABEL_FREE else TITLES.get(score, score.capitalize())


def score_within(score: str) -> str:
    """A score's name inside a sentence.

    Args:
        score: a probe or a score without labels.
    """
    return score_title(score) if score in LABEL_FREE else score_title(score).lower()


def score_text(score: str, value: float) -> str:
    """A score's value for people.

    Args:
        score: a probe or a score without labels.
        value: its value.
    """
    return f"{100 * value:.1f} %" if is_fraction(score) else f"{value:.3g}"
