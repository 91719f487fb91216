"""How well scores without labels would have chosen among trials, said honestly."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import spearmanr

from nearfar.report.scores import LABEL_FREE, oriented, score_within
from nearfar.report.trials import Trial

__all__ = ["FEWEST", "Choice", "choices", "choices_verdict"]

FEWEST = 4
"""Trials below which the agreement of two scores says nothing."""


class Choice(NamedTuple):
    """How a score without labels would have chosen.

    Attributes:
        score: its name.
        correlation: Spearman's, of its order of the trials with the reference's; None where either has no order.
        interval: the 95 % interval of the correlation.
        picked: the trial that it finds best.
        accuracy: that trial's accuracy by the reference.
    """

    score: str
    correlation: float | None
    interval: tuple[float, float] | None
    picked: Trial
    accuracy: float


def choices(trials: Sequence[Trial], probe: str | None) -> tuple[Choice, ...]:
    """How each score without labels would have chosen, the one that agrees best first.

    Args:
        trials: those that are done.
        probe: what the scores are compared with; None where there are no labels.
    """
    found = []
    for score in LABEL_FREE:
        judged = [trial for trial in trials if score in trial.readings and probe in trial.readings]
        if probe is not None and len(judged) >= FEWEST:
            found.append(_choice(score, probe, judged))
    return tuple(sorted(found, key=lambda choice: 2.0 if choice.correlation is None else -choice.correlation))


def choices_verdict(trials: Sequence[Trial], probe: str | None, *, words: Callable[[Mapping[str, Any]], str]) -> str:
    """How far scores without labels would have helped, in a sentence or two.

    Args:
        trials: those that are done.
        probe: what the scores are compared with; None where there are no labels.
        words: says a combination of settings.
    """
    if probe is None:
        return "There are no labels here to say how well these scores choose."
    best = next((choice for choice in choices(trials, probe) if choice.correlation is not None), None)
    if best is None:
        return f"Fewer than {FEWEST} trials tell nothing about how well scores without labels choose."
    assert best.interval is not None
    accuracies = [trial.readings[probe].mean for trial in trials if probe in trial.readings]
    seed = f", seed {best.picked.seed}" if len({trial.seed for trial in trials}) > 1 else ""
    picked = f"{words(best.picked.settings)}{seed}, which reads {100 * best.accuracy:.1f} %"
    title = LABEL_FREE[best.score].title
    said = (
        f"{title} comes closest to the order of the {score_within(probe)}: Spearman's correlation "
        f"{best.correlation:.2f}, over {len(accuracies)} trials. It would have picked {picked}; the best reads "
        f"{100 * max(accuracies):.1f} %, the median {100 * statistics.median(accuracies):.1f} %."
    )
    if best.interval[0] <= 0:
        said += " So few trials do not tell this from chance."
    if len({trial.width for trial in trials}) > 1:
        said += " The trials' embeddings differ in width, and ranks compare between equal widths alone."
    return said


def _choice(score: str, probe: str, trials: Sequence[Trial]) -> Choice:
    ours = np.array([oriented(score, trial.readings[score].mean) for trial in trials])
    theirs = np.array([trial.readings[probe].mean for trial in trials])
    picked = trials[int(ours.argmax())]
    if np.ptp(ours) == 0 or np.ptp(theirs) == 0:
        return Choice(score, None, None, picked, picked.readings[probe].mean)
    correlation = float(spearmanr(ours, theirs).statistic)
    return Choice(score, correlation, _fisher(correlation, len(trials)), picked, picked.readings[probe].mean)


def _fisher(correlation: float, trials: int) -> tuple[float, float]:
    """The 95 % interval of Spearman's correlation, by Bonett and Wright 2000 (Psychometrika 65).

    A perfect order counts as half a swap of neighbours short of perfect: of few trials it may be luck.
    """
    most = 1 - 6 / (trials * (trials**2 - 1))
    center = math.atanh(min(max(correlation, -most), most))
    reach = 1.96 * math.sqrt((1 + correlation**2 / 2) / (trials - 3))
    return min(math.tanh(center - reach), correlation), max(math.tanh(center + reach), correlation)
