"""Settings come back from JSON as they were, or not at all."""

import json
from typing import Any

import pytest

from nearfar.engine import ImageSpec, Settings
from nearfar.engine.settings import LATER
from nearfar.errors import RunError

SPEC = ImageSpec(backbone="small", stem=None, size=32, channels=3, mean=(0.5,) * 3, std=(0.2,) * 3, seed=0)
SETTINGS = Settings(
    method="simclr", options={"temperature": 0.2}, spec=SPEC, init=None, views={"crop_scale": (0.2, 1.0)},
    stages=((0.0, 0.5), (0.5, 1.0)), start_stem=True, batch_size=128, optimizer="muon", learning_rate=0.02,
    weight_decay=0.0, warmup=0.05, steps=10, precision="32-true",
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
    del value["examples"], value["without"], value["modality"], value["norm_eps"]
    assert Settings.from_dict(value) == SETTINGS


@pytest.mark.parametrize("name", [name for name in SETTINGS.as_dict() if name not in (*LATER, "modality", "norm_eps")])
def test_a_missing_setting_is_named(name: str) -> None:
    value = kept()
    del value[name]
    with pytest.raises(RunError, match=rf"settings must be those of this version\. Got \['{name}'\]"):
        Settings.from_dict(value)


def test_the_encoder_s_stand_among_them() -> None:
    assert SETTINGS.as_dict()["size"] == 32
    assert SETTINGS.as_dict()["modality"] == "image"
    assert SETTINGS.seed == SPEC.seed
