"""Settings come back from JSON as they were, or not at all."""

import json
from dataclasses import fields
from typing import Any

import pytest

from nearfar.engine import Settings
from nearfar.engine.settings import LATER
from nearfar.errors import RunError

SETTINGS = Settings(
    method="simclr", options={"temperature": 0.2}, backbone="small", stem=None, init=None, size=32, channels=3,
    mean=(0.5, 0.5, 0.5), std=(0.2, 0.2, 0.2), views={"crop_scale": (0.2, 1.0)}, stages=((0.0, 0.5), (0.5, 1.0)),
    start_stem=True, batch_size=128, optimizer="muon", learning_rate=0.02, weight_decay=0.0, warmup=0.05, steps=10,
    seed=0, precision="32-true",
)  # fmt: skip


def kept(**changes: Any) -> dict[str, Any]:
    return json.loads(json.dumps(SETTINGS.as_dict())) | changes


def test_they_survive_json() -> None:
    assert Settings.from_dict(kept()) == SETTINGS


def test_a_whole_number_may_stand_for_a_number() -> None:
    assert Settings.from_dict(kept(learning_rate=1)).learning_rate == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": "ten"}, {"steps": 1.5}, {"steps": True}, {"method": None}, {"stem": 5}, {"mean": 0.5},
        {"mean": [0.5, "a"]}, {"stages": [[0.0]]}, {"stages": [0.0, 1.0]}, {"options": []}, {"start_stem": 1},
        {"examples": "all"}, {"without": "flip"}, {"without": [1]},
    ],
    ids=str,
)  # fmt: skip
def test_another_type_is_refused(changes: dict[str, Any]) -> None:
    (name,) = changes
    with pytest.raises(RunError, match=rf"run\.json: {name} must be of type"):
        Settings.from_dict(kept(**changes))


def test_a_run_of_before_a_setting_has_its_default() -> None:
    value = kept()
    del value["examples"], value["without"]
    assert Settings.from_dict(value) == SETTINGS


@pytest.mark.parametrize("name", [entry.name for entry in fields(Settings) if entry.name not in LATER])
def test_a_missing_setting_is_named(name: str) -> None:
    value = kept()
    del value[name]
    with pytest.raises(RunError, match=rf"settings must be those of this version\. Got \['{name}'\]"):
        Settings.from_dict(value)


def test_the_encoder_is_specified_by_some_of_them() -> None:
    assert SETTINGS.spec.backbone == "small"
    assert (SETTINGS.spec.size, SETTINGS.spec.mean, SETTINGS.spec.seed) == (32, (0.5, 0.5, 0.5), 0)
