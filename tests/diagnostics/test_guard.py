"""The guard on constructed histories: failing ones are named within the first third, healthy ones never."""

import itertools
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from nearfar.diagnostics import guard
from nearfar.diagnostics.guard import EARLY_STEPS, GROWN, RANK, SPREAD

STEPS = 300
CHANCE = math.log(255)
Course = Callable[[float], float]


def history(
    loss: Course,
    spread: Course = lambda part: 0.9,
    rank: Course = lambda part: 40.0,
    *,
    steps: int = STEPS,
    **bounds: Any,
) -> list[dict[str, Any]]:
    """A run whose quantities are functions of its progress; the spectrum is known at every tenth record."""
    records = []
    for step in range(1, steps + 1):
        part = step / steps
        record: dict[str, Any] = {"step": step, "loss": loss(part), "learning_rate": min(part, 0.02), **bounds}
        if step % (steps // 10) == 1 or step == steps:
            record |= {"projection_spread": spread(part), "projection_rank": rank(part)}
        records.append(record)
    return records


def verdicts(records: Sequence[dict[str, Any]], *, until: float = 1.0, steps: int = STEPS) -> list[str]:
    """The states through a run, each verdict known to those after it."""
    states = []
    for end in range(1, round(until * steps) + 1, 3):
        verdict = guard(records[:end], steps=steps)
        records[end - 1]["guard"] = verdict.state
        states.append(verdict.state)
    return states


def falling(from_: float, to: float, *, speed: float = 10.0) -> Course:
    return lambda part: to + (from_ - to) * math.exp(-speed * part)


HEALTHY = {
    "simclr": history(falling(CHANCE, 3.0), floor=0.97, chance=CHANCE),
    "simclr at temperature 0.5, which stays near chance": history(falling(CHANCE, 4.4), floor=3.55, chance=CHANCE),
    "moco, whose loss rises as the queue fills": history(
        lambda part: 4.0 + 3.5 * min(1, 3 * part), floor=3.35, chance=math.log(4097)
    ),
    "a memory bank, which lifts the loss above chance until it is filled": history(
        lambda part: 9.5 + 4 * part if part < 0.4 else 11.1 - 5 * part, floor=0.01, chance=math.log(10_000)
    ),
    "a loss that leaps back to chance as the pictures grow": history(
        lambda part: 0.0 if 0.5 < part < 0.55 else -1.6, floor=-2.08, chance=0.0
    ),
    "byol, which passes through few directions": history(
        lambda part: 4 - 3 * min(1, 4 * part), lambda part: 0.65,
        lambda part: 34 if part < 0.1 else 5 + 60 * max(0, part - 0.25),
        floor=0.0, chance=4.0,
    ),
    "moco on its way down from chance": history(
        lambda part: 8.32 - max(0, part - 0.2), floor=3.35, chance=math.log(4097)
    ),
    "simsiam": history(falling(0.0, -0.85), rank=falling(70.0, 28.0), floor=-1.0, chance=0.0),
    "simsiam on CIFAR-10, with 11 of its 161 directions at a third": history(
        falling(0.0, -0.77, speed=20), lambda part: 0.95,
        lambda part: 161 if part < 0.01 else 11 + 25 * max(0, part - 0.3),
        floor=-1.0, chance=0.0,
    ),
    "byol on CIFAR-10, with 13 of its 134 directions at a third": history(
        falling(4.0, 1.05, speed=20), lambda part: 0.71,
        lambda part: 134 if part < 0.01 else 13 + 20 * max(0, part - 0.3),
        floor=0.0, chance=4.0,
    ),
    "byol, whose projections are close to one at first": history(
        falling(4.0, 0.8), spread=lambda part: min(0.75, 0.15 + 2.5 * part), rank=lambda part: 8 + 20 * part,
        floor=0.0, chance=4.0,
    ),
    "a slow start that is on its way": history(falling(4.0, 0.8), spread=lambda part: 0.05 + part),
    "dino at 65,536 prototypes, slowly": history(lambda part: 11.09 - 1.5 * part, floor=0.0, chance=math.log(65536)),
    "a method without landmarks": history(falling(30.0, 18.0)),
}  # fmt: skip
FAILING = {
    "simsiam without stop-gradient: one point": (
        history(falling(0.0, -1.0), spread=falling(0.9, 0.01, speed=20), floor=-1.0, chance=0.0),
        "collapsed",
        "different examples come close to one point: the projections use 40 of the 40 directions they had, at 1 %",
    ),
    "simsiam without stop-gradient: few directions": (
        history(falling(0.0, -0.89, speed=20), rank=falling(80.0, 5.0, speed=7), floor=-1.0, chance=0.0),
        "collapsing",
        r"alike: the projections use 1\d of the 78 directions they had, at 90 % of an even spread, while the loss has "
        r"come 8\d % of the way to its floor\.",
    ),
    "one line": (
        history(falling(4.0, 2.0), rank=falling(80.0, 1.0, speed=20), floor=0.0, chance=4.0),
        "collapsed",
        "different examples come close to one line: the projections use 1 of the 75 directions they had",
    ),
    "byol without predictor": (
        history(falling(4.0, 0.0, speed=30), spread=falling(0.4, 0.18, speed=6), floor=0.0, chance=4.0),
        "collapsing",
        "while the loss has come 100 % of the way to its floor",
    ),
    "dino without centring: one-hot": (
        history(falling(5.5, 0.3), lambda part: 0.28, falling(60.0, 10.0, speed=20), floor=0.0, chance=math.log(256)),
        "collapsing",
        "at 28 % of an even spread",
    ),
    "dino without sharpening: uniform": (
        history(lambda part: math.log(256), floor=0.0, chance=math.log(256)),
        "stuck",
        "the loss is 5.55 after .* steps, where chance is 5.55",
    ),
    "dino without sharpening: uniform, and a point": (
        history(lambda part: math.log(256), lambda part: 0.1, floor=0.0, chance=math.log(256)),
        "collapsing",
        "at 10 % of an even spread. What",
    ),
    "simclr at a ruinous rate": (
        history(lambda part: CHANCE + 0.01 * math.sin(99 * part), floor=0.97, chance=CHANCE),
        "stuck",
        r"a lower rate than 0.02 \(try --learning-rate 0.002\)",
    ),
}


@pytest.mark.parametrize("records", HEALTHY.values(), ids=HEALTHY)
def test_a_healthy_run_is_never_warned_about(records: list[dict[str, Any]]) -> None:
    states = verdicts(records)
    assert set(states) == {"early", "fine"}
    assert states[-1] == "fine"


@pytest.mark.parametrize(("records", "state", "words"), FAILING.values(), ids=FAILING)
def test_a_failing_run_is_named_within_the_first_third(records: list[dict[str, Any]], state: str, words: str) -> None:
    assert verdicts(records, until=1 / 3)[-1] == state
    sentence = guard(records[: STEPS // 3], steps=STEPS).sentence
    assert sentence.startswith(f"{state.capitalize()}: ")
    assert re.search(words, sentence), sentence
    assert "What usually helps: a lower rate than 0.02" in sentence


def test_a_loss_that_stays_above_chance_is_named_late() -> None:
    states = verdicts(history(lambda part: 9.0, floor=0.97, chance=CHANCE))
    assert "stuck" not in states[: len(states) // 2]
    assert states[-1] == "stuck"


def test_nothing_is_said_early_and_of_short_runs() -> None:
    collapsed = history(lambda part: CHANCE, spread=lambda part: 0.0, floor=0.97, chance=CHANCE)
    assert set(verdicts(collapsed, until=0.29)) == {"early"}
    short = history(lambda part: CHANCE, spread=lambda part: 0.0, steps=EARLY_STEPS - 1)
    assert set(verdicts(short, steps=EARLY_STEPS - 1)) == {"early"}


def test_the_words_of_a_fine_run_name_its_numbers() -> None:
    records = history(lambda part: 4.0, floor=1.0, chance=5.0)
    assert guard(records, steps=STEPS).sentence == (
        "Fine: the loss has come 25 % of the way from chance to its floor, "
        "and the projections use 40 directions at 90 % of an even spread."
    )
    assert guard(history(lambda part: 4.0)[:-1], steps=STEPS).sentence.startswith("Fine: the projections use")
    bare = [{"step": 100, "loss": 4.0, "learning_rate": 0.1}]
    assert guard(bare, steps=100).sentence == "Fine: nothing speaks against it."


def of_embeddings(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records of a method without a projector."""
    names = {"projection_spread": "embedding_spread", "projection_rank": "effective_rank"}
    return [{names.get(key, key): value for key, value in record.items()} for record in records]


def test_without_projections_the_embeddings_are_judged() -> None:
    def state(spread: float, rank: float) -> str:
        records = history(falling(2.0, 1.0), lambda part: spread, lambda part: 50.0 if part < 0.1 else rank)
        return guard(of_embeddings(records), steps=STEPS).state

    assert state(0.3, 40.0) == "fine"
    assert state(SPREAD["collapsing"] - 0.01, 40.0) == "collapsing"
    assert state(SPREAD["collapsed"] - 0.01, 40.0) == "collapsed"
    assert state(0.3, 50 * RANK["collapsed"] - 0.1) == "collapsed"


def test_of_what_cannot_collapse_the_loss_alone_is_read() -> None:
    narrow = of_embeddings(history(falling(1.0, 0.6), lambda part: 0.01, lambda part: 1.0, floor=0.0, chance=1.0))
    assert guard(narrow, steps=STEPS).state == "collapsed"
    assert guard(narrow, steps=STEPS, can_collapse=False).state == "fine"
    stuck = of_embeddings(history(lambda part: 1.0, floor=0.0, chance=1.0))
    assert guard(stuck, steps=STEPS, can_collapse=False).state == "stuck"


def test_a_classifier_that_masters_its_classes_is_fine() -> None:
    records = history(falling(2.3, 0.001), lambda part: 0.6, falling(90.0, 10.0), floor=0.0, chance=math.log(10))
    assert verdicts(of_embeddings(records))[-1] == "fine"


def test_weights_that_a_ruinous_rate_blew_up_are_named() -> None:
    def grown(factor: float) -> list[dict[str, Any]]:
        records = history(falling(CHANCE, 3.0), floor=0.97, chance=CHANCE)
        return [record | {"weight_norm": 20.0 * (1.0 if record["step"] == 1 else factor)} for record in records]

    blown_up = grown(160.0)
    assert verdicts(blown_up, until=1 / 3)[-1] == "stuck"
    assert "the weights are 160 times as large as before training, too large for steps to turn them." in (
        guard(blown_up, steps=STEPS).sentence
    )
    assert guard(blown_up, steps=STEPS, can_collapse=False).state == "stuck"
    assert set(verdicts(grown(3.0))) == {"early", "fine"}
    assert guard(grown(0.99 * GROWN * math.sqrt(STEPS)), steps=STEPS).state == "fine"


def test_a_verdict_does_not_flutter() -> None:
    limit = SPREAD["collapsing"]
    records = history(lambda part: 1.0, lambda part: limit * (1 + 0.1 * math.sin(20 * part)))
    states = verdicts(records)
    assert sum(one != other for one, other in itertools.pairwise(states)) <= 2


def test_a_run_that_recovers_is_fine_again() -> None:
    records = history(lambda part: 1.0, lambda part: 0.1 if part < 0.6 else 0.9)
    states = verdicts(records)
    assert "collapsing" in states
    assert states[-1] == "fine"
