"""Is the run fine, stuck or collapsing? Judged from its records, without labels, by one rule for every method."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

__all__ = ["TROUBLE", "State", "Verdict", "guard"]

State = Literal["early", "fine", "stuck", "collapsing", "collapsed"]
TROUBLE = ("stuck", "collapsing", "collapsed")
"""The states in which something should be done."""

EARLY = 0.3
"""Nothing is said before this part of the run: untrained networks look collapsed, their loss is near chance, and BYOL
passes through few directions on its way to many."""
EARLY_STEPS = 50
"""Nor before so many steps."""
NEAR_CHANCE = 0.03
"""The part of the way from chance to the floor that a loss must have come by then, or be on its way."""
FILLED = 0.6
"""Until here a loss may be above chance: it is lifted while a queue or a memory bank fills."""
Limits = Mapping[str, float]
SPREAD: Limits = {"collapsing": 0.12, "collapsed": 0.04}
"""Of an even spread. Healthy runs are above 0.25 by then."""
RANK: Limits = {"collapsing": 0.04, "collapsed": 0.02}
"""Of the most directions that the run has used. Healthy runs keep more than 0.065."""
HOLLOW = 0.0027
"""Of the square of the part of the loss that is left, times the part of an even spread, times the part of the most
directions: a loss that nears its floor while examples become alike is met by a trivial solution, while BYOL and SimSiam
pass through few directions with a fifth of their loss still to come. From 0.3 of the steps on healthy runs are above
0.0034; failing ones fall below 0.002."""
WELL_SPREAD = 0.5
"""Projections that keep this part of their spread and directions are no trivial solution, however low the loss."""
GROWN = 2.0
"""Of the square root of the steps: how many times as large the weights may become. Steps that go back and forth let
them grow no faster than that root: healthy runs stay below 0.3 of it, ruinous rates are above 5."""
RISING = 1.2
"""What has grown by this factor since half the steps is on its way up, not collapsing."""
RELIEF = 1.1
"""A run that was in trouble is well again once it is above a limit by this factor: no verdict flutters."""
GUARDED = (
    "and what keeps the method from collapse: stop-gradient, predictor, centring, balanced codes, or its variance term"
)
GENTLER = "a larger batch, weaker views"
CLIPPED = "a limit to the gradient (--clip 1)"
KINDS = {"projections": ("projection_spread", "projection_rank"), "embeddings": ("embedding_spread", "effective_rank")}
"""What collapse is read from: the projections, which the loss sees, where the method has them."""


class Verdict(NamedTuple):
    """How a run goes.

    Attributes:
        state: "early" (too early to say), "fine", "stuck", "collapsing" or "collapsed".
        sentence: the same in plain words, with the numbers that say so and what usually helps.
    """

    state: State
    sentence: str


def guard(records: Sequence[Mapping[str, Any]], *, steps: int, can_collapse: bool = True) -> Verdict:
    """Whether a run is fine, stuck or collapsing.

    Collapse is read from the projections, or, where a method has none, from the embeddings. They lie nearly in one
    point, or on one line, and do not recover; or the loss comes near its floor while they use ever fewer directions,
    which only a solution that makes examples alike can do so early. Stuck is read from the weights, which a ruinous
    rate blows up in its first steps, and from the loss: it has not left its chance value, and is not on its way. A
    healthy loss may stay near chance, as NT-Xent's does at temperature 0.5, so what counts is the way from chance to
    the floor; one that rises, as MoCo's does while its queue fills, is well as long as it is below chance.

    Landmarks: an untrained network is "early"; equal similarities are "stuck"; one point, or one line, is "collapsed".
    It cannot tell whether what a spread-out representation holds is of use, and it does not see embeddings that shrink
    as a whole without losing directions.

    Args:
        records: those of `metrics.jsonl` so far. Read are `step`, `loss`, `learning_rate` and, where there are any,
            `floor`, `chance`, `effective_rank`, `embedding_spread`, `projection_rank`, `projection_spread` and
            `weight_norm`, of which the first are those of the untrained network, and the last `guard`.
        steps: of the whole run.
        can_collapse: whether making examples alike lowers the loss. Of a method that rebuilds them, or solves puzzles
            of them, the loss alone is read: its embeddings may well have most of their length in common.

    Returns:
        The state, and one sentence.

    Source: the spread's landmarks are those of SimSiam, Chen and He 2021 (arXiv 2011.10566), section 4.1; that
    dimensions collapse before points do is Jing et al. 2022 (arXiv 2110.09348). The limits are measured.
    """
    step = records[-1]["step"]
    if step < max(EARLY * steps, EARLY_STEPS):
        return Verdict("early", f"Too early to say after {step:,} of {steps:,} steps.")
    relief = RELIEF if _last(records, "guard") in TROUBLE else 1.0
    collapse = _collapse(records, relief) if can_collapse else None
    trouble = collapse or _stuck(records, step / steps, relief)
    return trouble or Verdict("fine", _fine(records))


def _collapse(records: Sequence[Mapping[str, Any]], relief: float) -> Verdict | None:
    what, spread, rank = _spectrum(records)
    if not spread or not rank:
        return None
    even, now, most = spread[-1][1], rank[-1][1], max(value for _, value in rank)
    found = f"the {what} use {now:.0f} of the {most:.0f} directions they had, at {_percent(even)} of an even spread"
    if (state := _below(even, SPREAD, relief)) and not _rises(spread):
        return _warn(state, f"different examples come close to one point: {found}", records)
    if (state := _below(now / most, RANK, relief)) and not _rises(rank):
        return _warn(state, f"different examples come close to one line: {found}", records)
    way, kept = _way(records), even * now / most
    if way is not None and what == "projections" and kept < WELL_SPREAD and (1 - way) ** 2 * kept < HOLLOW * relief:
        near = f", while the loss has come {_percent(way)} of the way to its floor" if way > 0.5 else ""
        return _warn("collapsing", f"different examples are being made alike: {found}{near}", records)
    return None


def _stuck(records: Sequence[Mapping[str, Any]], done: float, relief: float) -> Verdict | None:
    growth, step = _growth(records), records[-1]["step"]
    if growth > GROWN * math.sqrt(step) / relief:
        found = f"the weights are {growth:,.0f} times as large as before training, too large for steps to turn them"
        return _warn("stuck", found, records, CLIPPED)
    chance, floor = _last(records, "chance"), _last(records, "floor")
    if chance is None:
        return None
    way = chance - floor if floor is not None and floor < chance else abs(chance)
    near = NEAR_CHANCE * relief * way
    earlier, before, now = _loss(records, 0.4, 0.5), _loss(records, 0.7, 0.8), _loss(records, 0.9, 1.0)
    if chance - min(before, now) >= near or earlier - now >= NEAR_CHANCE / 2 * way:
        return None
    if now - chance >= near and done < FILLED:
        return None
    found = f"the loss is {now:.2f} after {step:,} steps, where chance is {chance:.2f}"
    return _warn("stuck", found, records, GENTLER)


def _growth(records: Sequence[Mapping[str, Any]]) -> float:
    """How many times as large as before training the weights are; 1 where it is not known."""
    norms = _series(records, "weight_norm")
    return norms[-1][1] / norms[0][1] if norms and norms[0][1] else 1.0


def _warn(state: State, found: str, records: Sequence[Mapping[str, Any]], helps: str = GUARDED) -> Verdict:
    rate = max(record["learning_rate"] for record in records)
    lower = f"a lower rate than {rate:.3g} (try --learning-rate {rate / 10:.3g})"
    return Verdict(state, f"{state.capitalize()}: {found}. What usually helps: {lower}, {helps}.")


def _fine(records: Sequence[Mapping[str, Any]]) -> str:
    what, spread, rank = _spectrum(records)
    way, facts = _way(records), []
    if way is not None:
        facts.append(f"the loss has come {_percent(way)} of the way from chance to its floor")
    if spread and rank:
        facts.append(f"the {what} use {rank[-1][1]:.0f} directions at {_percent(spread[-1][1])} of an even spread")
    return f"Fine: {', and '.join(facts)}." if facts else "Fine: nothing speaks against it."


def _way(records: Sequence[Mapping[str, Any]]) -> float | None:
    """The part of the way from chance to the floor that the loss has come, where both are known."""
    chance, floor = _last(records, "chance"), _last(records, "floor")
    if chance is None or floor is None or floor >= chance:
        return None
    return min(max((chance - _loss(records, 0.9, 1.0)) / (chance - floor), 0.0), 1.0)


Series = list[tuple[float, float]]


def _spectrum(records: Sequence[Mapping[str, Any]]) -> tuple[str, Series, Series]:
    """What is looked at, and the course of its spread and of its rank."""
    for what, keys in KINDS.items():
        spread, rank = (_series(records, key) for key in keys)
        if spread:
            return what, spread, rank
    return "embeddings", [], _series(records, "effective_rank")


def _series(records: Sequence[Mapping[str, Any]], key: str) -> Series:
    return [(record["step"], record[key]) for record in records if record.get(key) is not None]


def _rises(series: Series) -> bool:
    last, now = series[-1]
    before = min(series, key=lambda reading: abs(reading[0] - last / 2))[1]
    return now > RISING * before


def _below(value: float, limits: Limits, relief: float) -> State | None:
    if value < limits["collapsed"] * relief:
        return "collapsed"
    return "collapsing" if value < limits["collapsing"] * relief else None


def _loss(records: Sequence[Mapping[str, Any]], start: float, end: float) -> float:
    """The mean loss over a stretch of the steps so far; a single record's is noisy."""
    last = records[-1]["step"]
    stretch = [record["loss"] for record in records if start * last <= record["step"] <= end * last]
    return statistics.fmean(stretch or [records[-1]["loss"]])


def _last(records: Sequence[Mapping[str, Any]], key: str) -> Any:
    return next((record[key] for record in reversed(records) if record.get(key) is not None), None)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
