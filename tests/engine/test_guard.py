"""The guard in the loop: when it looks, what it sees, what is said and written, and real runs that fail or do not."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from cases import TinyBackbone
from failing_methods import FAILING, HEALTHY, Training, records_of, stopped_together
from lightning_fabric import Fabric
from ranks import run
from torch import nn

from nearfar.engine import health as health_module
from nearfar.engine.display import Display
from nearfar.engine.health import LOOKS, SHARE, Checkup, health
from nearfar.engine.recorder import Recorder, Signals
from nearfar.errors import CollapseError, NearfarError
from nearfar.methods import Method, SimCLR, Step
from nearfar.records import MetricsLog, RunFolder

STEPS = 200
WELL = {"effective_rank": 9.0, "embedding_spread": 0.6, "projection_rank": 7.0, "projection_spread": 0.9}
ONE_POINT = WELL | {"projection_spread": 0.01}


@pytest.fixture
def method() -> Method:
    return SimCLR(TinyBackbone(), hidden_dim=32, projection_dim=8)


class Heard:
    """A logger that keeps what it is told."""

    def __init__(self) -> None:
        self.records: list[dict[str, float]] = []

    def log(self, record: dict[str, float], step: int) -> None:
        self.records.append(record)

    def close(self) -> None:
        pass


@pytest.fixture
def record(method: Method, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Made"]:
    """A recorder that looks at every step, and a function that takes it through some steps."""
    monkeypatch.setattr(health_module, "SHARE", math.inf)
    made = []

    def make(diagnose: Callable[[], dict[str, float]], **settings: Any) -> tuple[Recorder, Callable[[int, int], None]]:
        recorder = Recorder(
            Fabric(accelerator="cpu"), method, torch.optim.SGD(method.parameters(), lr=0.02),
            RunFolder(tmp_path), Display(tmp_path / "log.txt", steps=STEPS), steps=STEPS, batch_size=16,
            steps_per_epoch=10, work=lambda step: step / STEPS, signals=Signals(), diagnose=diagnose, **settings,
        )  # fmt: skip

        def go(first: int, last: int) -> None:
            for step in range(first, last + 1):
                recorder(step, [Step(torch.tensor(2.0))])

        made.append(recorder)
        return recorder, go

    yield make
    for recorder in made:
        recorder.close()


Made = Callable[..., tuple[Recorder, Callable[[int, int], None]]]


def test_each_change_is_said_once_and_every_look_is_written(
    record: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = itertools.chain(itertools.repeat(WELL, 79), itertools.repeat(ONE_POINT))
    heard = Heard()
    _, go = record(lambda: next(found), loggers=[heard])
    go(1, 120)
    said = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in said] == ["Fine", "Collapsed"]
    assert said[1].endswith("or its variance term.")
    assert "Collapsed: different examples" in (tmp_path / "log.txt").read_text()
    records = MetricsLog.read(RunFolder(tmp_path).metrics)
    states = [entry["guard"] for entry in records]
    assert states == ["early"] * 59 + ["fine"] * 20 + ["collapsed"] * 41
    assert records[-1]["guard_says"] == said[1]
    assert all(isinstance(value, int | float) for entry in heard.records for value in entry.values())
    assert heard.records[-1]["projection_spread"] == 0.01


def test_stop_ends_a_run_that_is_twice_found_in_trouble_and_leaves_the_checkpoint(record: Made, tmp_path: Path) -> None:
    recorder, go = record(lambda: ONE_POINT, on_collapse="stop")
    go(1, 59)
    recorder.save(59)
    before = RunFolder(tmp_path).checkpoint.read_bytes()
    go(60, 60)
    with pytest.raises(CollapseError) as caught:
        go(61, 61)
    assert issubclass(CollapseError, NearfarError)
    said = str(caught.value)
    assert said.startswith("Stopped after step 61 of 200. Collapsed: different examples come close to one point: ")
    assert said.endswith(f"The last checkpoint is kept in {tmp_path}.")
    assert RunFolder(tmp_path).checkpoint.read_bytes() == before
    assert MetricsLog.read(RunFolder(tmp_path).metrics)[-1]["step"] == 61


@pytest.mark.distributed
def test_every_rank_stops_at_the_same_step_with_the_same_words(tmp_path: Path) -> None:
    one, other = run(stopped_together, 2, tmp_path)
    assert one == other
    assert one.startswith("Stopped after step ")
    assert "Collapsed: different examples come close to one point" in one


def test_a_run_that_is_done_is_not_stopped(record: Made, tmp_path: Path) -> None:
    found = itertools.chain([WELL] * 198, itertools.repeat(ONE_POINT))
    _, go = record(lambda: next(found), on_collapse="stop")
    go(1, STEPS)
    assert RunFolder(tmp_path).checkpoint.exists()


def test_one_bad_look_stops_nothing_and_warn_never_does(record: Made) -> None:
    found = itertools.chain([WELL] * 69, [ONE_POINT], itertools.repeat(WELL))
    recorder, go = record(lambda: next(found), on_collapse="stop")
    go(1, 100)
    assert recorder.checkup is not None
    assert recorder.checkup.last == "fine"
    recorder, go = record(lambda: ONE_POINT)
    go(1, STEPS)
    assert recorder.checkup is not None
    assert recorder.checkup.last == "collapsed"


def test_a_run_that_goes_on_remembers_what_it_was(record: Made, capsys: pytest.CaptureFixture[str]) -> None:
    recorder, go = record(lambda: WELL)
    go(1, 60)
    recorder.close()
    capsys.readouterr()
    few = WELL | {"projection_rank": 0.2}
    recorder, go = record(lambda: few, first_step=60)
    assert recorder.checkup is not None
    assert recorder.checkup.last == "fine"
    go(61, 62)
    said = capsys.readouterr().err
    assert "one line: the projections use 0 of the 7 directions they had" in said
    assert said.count("\n") == 1


def test_a_look_that_costs_much_is_taken_at_the_fixed_parts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()
    now = [0.0]
    monkeypatch.setattr(health_module.time, "monotonic", lambda: now[0])

    def diagnose() -> dict[str, float]:
        now[0] += 1000.0
        return WELL

    checkup = Checkup(diagnose, steps=400, history=[])
    looked = []
    for step in range(1, 401):
        now[0] += 1.0
        if checkup({"step": step, "loss": next(clock), "learning_rate": 0.1}) is not None:
            looked.append(step)
    assert looked == [1, *(math.ceil(part * 400) for part in LOOKS), 400]


def test_cheap_looks_take_their_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(health_module.time, "monotonic", lambda: now[0])

    def diagnose() -> dict[str, float]:
        now[0] += 0.2
        return WELL

    checkup = Checkup(diagnose, steps=400, history=[])
    for step in range(1, 401):
        now[0] += 1.0
        checkup({"step": step, "loss": 1.0, "learning_rate": 0.1})
    assert SHARE / 2 < checkup.taken / now[0] < 0.02


def test_health_is_0_for_one_point_and_1_for_everywhere() -> None:
    method = SimCLR(TinyBackbone())
    method.projector = nn.Sequential(nn.Linear(16, 16, bias=False))
    with torch.no_grad():
        method.projector[0].weight.copy_(torch.eye(16))
    everywhere = health(method, torch.randn(4000, 16))
    assert everywhere["projection_spread"] == pytest.approx(1, abs=0.02)
    assert everywhere["embedding_spread"] == pytest.approx(1, abs=0.02)
    assert everywhere["projection_rank"] == pytest.approx(16, rel=0.01)
    point = health(method, torch.ones(100, 16))
    assert point["projection_spread"] == pytest.approx(0, abs=1e-6)
    shifted = health(method, torch.randn(4000, 16) + 100)
    assert shifted["effective_rank"] < 2
    assert shifted["projection_rank"] == pytest.approx(16, rel=0.01)


def test_health_leaves_the_mode_and_the_statistics_alone(method: Method) -> None:
    before = {name: value.clone() for name, value in method.state_dict().items()}
    health(method, torch.randn(50, 16))
    assert method.projector.training
    assert all(torch.equal(value, before[name]) for name, value in method.state_dict().items())


def test_health_without_a_projector_and_of_what_is_not_finite() -> None:
    method = SimCLR(TinyBackbone())
    del method.projector
    assert set(health(method, torch.randn(50, 16))) == {"effective_rank", "embedding_spread", "weight_norm"}
    assert set(health(method, torch.full((50, 16), math.nan))) == {"weight_norm"}


def named(records: list[dict[str, Any]], *, until: float) -> set[str]:
    """The states that the guard found up to a part of the run."""
    steps = records[-1]["step"]
    return {record["guard"] for record in records if "guard" in record and record["step"] <= until * steps}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", FAILING)
def test_a_known_failure_is_named_within_the_first_third(name: str, seed: int, tmp_path: Path) -> None:
    make, training = FAILING[name]
    records = records_of(make, replace(training, seed=seed), tmp_path)
    assert named(records, until=1 / 3) & {"stuck", "collapsing", "collapsed"}


@pytest.mark.slow
@pytest.mark.parametrize("name", HEALTHY)
def test_no_healthy_run_is_warned_about(name: str, tmp_path: Path) -> None:
    assert named(records_of(HEALTHY[name], Training(), tmp_path), until=1.0) == {"early", "fine"}
