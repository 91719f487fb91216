"""Settings: the user's word, else the recipe's, else the method's."""

from typing import Any

import numpy as np
import pytest

from nearfar.data import Pictures, open_source
from nearfar.engine import Settings
from nearfar.methods import SimCLR
from nearfar.recipes import for_pictures, policy, resolve, view_size

NOTHING = {
    "backbone": None,
    "stem": None,
    "init": None,
    "size": None,
    "batch_size": None,
    "accumulate": 1,
    "optimizer": None,
    "learning_rate": None,
    "weight_decay": None,
    "clip": None,
    "epochs": None,
    "steps": None,
}


def pictures(n: int = 40, side: int = 20) -> Pictures:
    source = open_source(np.random.default_rng(0).integers(0, 256, (n, side, side), dtype=np.uint8))
    assert isinstance(source, Pictures)
    return source


def resolved(n: int = 40, options: dict[str, Any] | None = None, **said: Any) -> Settings:
    return resolve(
        "simclr", SimCLR, pictures(n), said=NOTHING | said, options=options or {}, seed=0, precision="32-true"
    )


def test_the_recipe_fills_what_the_user_left_out() -> None:
    recipe, settings = for_pictures("simclr", size=20), resolved()
    assert settings.backbone == recipe.backbone
    assert settings.optimizer == recipe.optimizer
    assert settings.options["temperature"] == recipe.options["temperature"]


def test_the_user_is_obeyed() -> None:
    settings = resolved(options={"temperature": 0.5}, backbone="resnet18", learning_rate=0.3, size=24, batch_size=8)
    assert settings.options["temperature"] == 0.5
    assert (settings.backbone, settings.learning_rate, settings.size, settings.batch_size) == ("resnet18", 0.3, 24, 8)


def test_epochs_become_steps() -> None:
    assert resolved(epochs=3, batch_size=20).steps == 6
    assert resolved(steps=7).steps == 7
    assert resolved(batch_size=20).steps == for_pictures("simclr", size=20).epochs * 2


def test_a_batch_is_no_larger_than_the_data() -> None:
    assert resolved(n=10).batch_size == 10


def test_muons_rate_follows_the_square_root_of_the_batch() -> None:
    recipe = for_pictures("simclr", size=20)
    assert recipe.scaled_rate(recipe.batch_size * 4) == pytest.approx(2 * recipe.learning_rate)


def test_another_optimizer_has_its_own_usual_rate() -> None:
    assert resolved(optimizer="sgd", batch_size=32).learning_rate == pytest.approx(0.06 * 32 / 256)


def test_views_are_as_large_as_the_pictures_within_limits() -> None:
    assert view_size(pictures(side=20)) == 20
    assert view_size(pictures(side=8)) == 16
    assert view_size(pictures(n=4, side=300)) == 224


def test_settings_survive_json() -> None:
    import json

    settings = resolved()
    assert Settings.from_dict(json.loads(json.dumps(settings.as_dict()))) == settings


def test_the_policy_has_the_size_of_the_settings() -> None:
    assert {view.size for view in policy(resolved(size=24)).views} == {24}


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"batch_size": 41}, "SimCLR: batch_size must be between 2 and 40, the number of examples. Got 41. Try 40."),
        ({"batch_size": 1}, "SimCLR: batch_size must be between 2 and 40, the number of examples. Got 1. Try 2."),
        ({"accumulate": 0}, "pretrain: accumulate must be at least 1. Got 0. Try 1."),
        ({"batch_size": 9, "accumulate": 2}, "must be a multiple of 2 between 4 and 40"),
        ({"learning_rate": 0.0}, "pretrain: learning_rate must be above 0. Got 0.0."),
        ({"clip": 0.0}, "pretrain: clip must be above 0. Got 0.0. Try 1, or leave it out."),
        ({"weight_decay": -1.0}, "pretrain: weight_decay must be at least 0. Got -1.0."),
        ({"init": "timm:resnet18", "backbone": "resnet50"}, "backbone must be left out, or 'resnet18' as --init says"),
    ],
)
def test_wrong_calls(said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence.replace(".", r"\.")):
        resolved(**said)


@pytest.mark.usefixtures("as_users_call")
def test_an_unknown_option_gets_a_suggestion() -> None:
    with pytest.raises(ValueError, match="Did you mean 'temperature'"):
        resolved(options={"temperatures": 0.1})
