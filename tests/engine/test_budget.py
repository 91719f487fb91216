"""A time becomes a number of steps: what a machine keeps up counts, not its first burst."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from cases import TinyBackbone
from lightning_fabric import Fabric

from nearfar.data import RawBatch
from nearfar.engine import budget
from nearfar.methods import SimCLR, Step
from nearfar.views import ViewPlan
from nearfar.views.policies import simclr


class NoFeed:
    """Nobody reads it."""

    def batches(self, first_step: int, last_step: int) -> Iterator[RawBatch]:
        return iter(())


class Clock:
    """A machine whose step takes as many seconds as the views' factor says, and half of it in the first steps."""

    def __init__(self, *, burst: int) -> None:
        self.now, self.burst, self.steps = 0.0, burst, 0

    def monotonic(self) -> float:
        return self.now

    def train(self, method: Any, feed: Any, plan: ViewPlan, *_: Any, steps: int, watch: Any, **__: Any) -> None:
        for step in range(steps):
            self.steps += 1
            self.now += plan.stages[0][1] * (0.5 if self.steps <= self.burst else 1.0)
            watch(step + 1, [Step(torch.zeros(()))])


def steps_in(seconds: float, monkeypatch: pytest.MonkeyPatch, *, burst: int) -> int:
    clock = Clock(burst=burst)
    monkeypatch.setattr(budget, "time", clock)
    monkeypatch.setattr(budget, "train", clock.train)
    plan = ViewPlan(simclr(32, mean=(0.5,), std=(0.25,)), seed=0, micro_steps=1, stages=((0.0, 1.0), (0.5, 3.0)))
    method = SimCLR(TinyBackbone())
    steps = budget.steps_within(
        seconds, method, NoFeed(), plan, lambda twin: torch.optim.SGD(twin.parameters(), lr=0.1), fabric=Fabric()
    )
    assert clock.now < 0.1 * seconds + 8 * (1 + 3)  # measuring is a small part of it
    return steps


def test_stages_count_by_their_share_of_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = steps_in(10_000, monkeypatch, burst=0)
    assert steps == pytest.approx(0.93 * 10_000 / 2, rel=0.05)  # a step is 1 s in one half and 3 s in the other


def test_a_fast_start_does_not_deceive(monkeypatch: pytest.MonkeyPatch) -> None:
    assert steps_in(10_000, monkeypatch, burst=8) == pytest.approx(steps_in(10_000, monkeypatch, burst=0), rel=0.1)


def test_there_is_always_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    assert steps_in(0.1, monkeypatch, burst=0) == 1
