"""Each trial is dealt out once, whatever was begun, done, added or killed before."""

from pathlib import Path
from typing import Any

import pytest
from api.sweeping.stub import NoOptuna

from nearfar.api.sweeping import plan as module
from nearfar.api.sweeping.grid import Span, combinations
from nearfar.api.sweeping.plan import Plan
from nearfar.records import SweepFolder


@pytest.fixture
def files(tmp_path: Path) -> SweepFolder:
    found = SweepFolder(tmp_path)
    found.trials.mkdir()
    return found


@pytest.fixture
def without_optuna(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Suggestions", NoOptuna)


def planned(files: SweepFolder, *, by: str = "linear", **values: tuple[Any, ...]) -> Plan:
    return Plan(files, grid=values, listed=combinations(values), sampler="grid", trials=0, by=by)


def done(files: SweepFolder, name: str, accuracy: float) -> None:
    (record,) = [record for record in files.read_trials() if record["name"] == name]
    scores = {"linear": {"accuracy": accuracy, "interval": [0, 1]}}
    files.write_trial(record | {"state": "done", "scores": scores, "label_free": {"uniformity": -accuracy}})


@pytest.mark.usefixtures("without_optuna")
def test_a_grid_is_dealt_out_once(files: SweepFolder) -> None:
    plan = planned(files, temperature=(0.1, 0.2), seed=(0, 1))
    names = [plan.next() for _ in range(5)]
    assert names[:2] == ["temperature-0.1_seed-0", "temperature-0.2_seed-0"]
    assert len(set(names[:4])) == 4
    assert names[4] is None
    assert [record["number"] for record in files.read_trials()] == [0, 1, 2, 3]
    assert (plan.total, plan.ended) == (4, 0)


@pytest.mark.usefixtures("without_optuna")
def test_what_was_begun_goes_on_first_and_what_is_done_does_not_come_again(files: SweepFolder) -> None:
    plan = planned(files, temperature=(0.1, 0.2, 0.5))
    first, second = plan.next(), plan.next()
    done(files, first, 0.7)
    assert plan.end(first)["state"] == "done"
    assert plan._suggestions.ended == [(first, 0.7)]
    again = planned(files, temperature=(0.1, 0.2, 0.5))
    assert again._suggestions.recalled == [(first, 0.7)]
    assert [again.next(), again.next(), again.next()] == [second, "temperature-0.5", None]
    assert again.ended == 1


@pytest.mark.usefixtures("without_optuna")
def test_a_larger_grid_adds_what_is_new(files: SweepFolder) -> None:
    plan = planned(files, temperature=(0.1, 0.2))
    for name in (plan.next(), plan.next()):
        done(files, name, 0.5)
        plan.end(name)
    larger = planned(files, temperature=(0.1, 0.2), batch_size=(64, 128))
    assert larger.total == 6, "none of the new says what the former left to the recipe"
    more = planned(files, temperature=(0.2, 0.5))
    assert (more.total, more.next(), more.next()) == (3, "temperature-0.5", None)
    assert more._suggestions.space == {"temperature": (0.2, 0.5, 0.1)}, "choices of before stay choices"


@pytest.mark.usefixtures("without_optuna")
def test_a_failed_trial_is_not_tried_again(files: SweepFolder) -> None:
    plan = planned(files, temperature=(0.1,))
    name = plan.next()
    files.write_trial(files.read_trials()[0] | {"state": "failed", "said": "no"})
    assert plan.end(name)["said"] == "no"
    assert plan._suggestions.ended == [(name, None)]
    assert planned(files, temperature=(0.1,)).next() is None


@pytest.mark.usefixtures("without_optuna")
def test_what_is_to_be_low_is_told_as_high(files: SweepFolder) -> None:
    plan = planned(files, by="uniformity", temperature=(0.1,))
    name = plan.next()
    done(files, name, 0.5)
    plan.end(name)
    assert plan._suggestions.ended == [(name, 0.5)]


def drawing(files: SweepFolder, trials: int, sampler: str, **values: Any) -> Plan:
    return Plan(files, grid=values, listed=None, sampler=sampler, trials=trials, by="linear")


def test_optuna_draws_the_same_whether_it_was_stopped_or_not(files: SweepFolder) -> None:
    grid = {"temperature": Span(0.05, 0.5), "without": ([], ["flip"]), "seed": (0, 1), "steps": (5,)}
    plan, drawn = drawing(files, 3, "tpe", **grid), []
    for number in range(3):
        drawn.append(str(plan.next()))
        done(files, drawn[-1], 0.5 + number / 10)
        plan.end(drawn[-1])
    assert plan.next() is None
    settings = [record["settings"] for record in files.read_trials()]
    assert [one["seed"] for one in settings] == [0, 1, 0]
    assert all(0.05 <= one["temperature"] <= 0.5 and one["steps"] == 5 for one in settings)

    import optuna

    files.trial(drawn[2]).unlink()
    assert drawing(files, 3, "tpe", **grid).next() == drawn[2], "from the records of the two before"
    assert files.read_trials()[2]["settings"] == settings[2]
    study = optuna.load_study(study_name="sweep", storage=f"sqlite:///{files.database}")
    kept = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
    assert [trial.value for trial in kept] == [0.5, 0.6]
    assert [trial.params["without"] for trial in kept] == [",".join(one["without"]) or "none" for one in settings[:2]]
