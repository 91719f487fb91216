"""What a probe says, and how sure it is."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

__all__ = ["Score", "student_interval", "wilson_interval"]


@dataclass(frozen=True)
class Score:
    """An accuracy, its 95 % interval, and what was measured how.

    Attributes:
        accuracy: the fraction of test rows that were classified right.
        interval: the low and the high end of the 95 % interval, fractions.
        settings: the probe's settings, the number of rows and of classes.
        more: other numbers of the same probe, by name.
        probabilities: of each class for each test row that has a label, in float32, where the probe gives them; the
            classes are those of the training rows, in order. It is no part of `as_dict`.
    """

    accuracy: float
    interval: tuple[float, float]
    settings: Mapping[str, Any]
    more: Mapping[str, float] = field(default_factory=dict)
    probabilities: Float[np.ndarray, "m classes"] | None = field(default=None, repr=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """The score in the types of JSON."""
        settings = dict(self.settings)
        return {"accuracy": self.accuracy, "interval": list(self.interval), **self.more, "settings": settings}


def wilson_interval(accuracy: float, rows: int) -> tuple[float, float]:
    """The 95 % interval of a fraction of test rows: other rows might have been drawn.

    Args:
        accuracy: the fraction that was right.
        rows: how many rows there were.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference". Unlike the normal
        interval it stays within [0, 1] and has a width at 0 and at 1.
    """
    z = statistics.NormalDist().inv_cdf(0.975)
    centre = (accuracy + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * math.sqrt(accuracy * (1 - accuracy) / rows + (z / (2 * rows)) ** 2)
    return max(0.0, centre - half), min(1.0, centre + half)


def student_interval(accuracies: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean over episodes: other training rows might have been drawn.

    Args:
        accuracies: at least 2 fractions, one an episode.

    Source: Student 1908, "The probable error of a mean".
    """
    mean = statistics.fmean(accuracies)
    half = float(stdtrit(len(accuracies) - 1, 0.975)) * statistics.stdev(accuracies) / math.sqrt(len(accuracies))
    return max(0.0, mean - half), min(1.0, mean + half)
