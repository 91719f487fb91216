"""Settings: the user's word, else the recipe's, else the method's."""

from typing import Any

import numpy as np
import pytest

from nearfar.data import Pictures, open_source
from nearfar.engine import Settings
from nearfar.methods import SimCLR, Supervised
from nearfar.recipes import described, for_pictures, policy, resolve, view_size

NOTHING = {
    "examples": None,
    "without": (),
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
    assert settings.spec.backbone == recipe.backbone
    assert settings.optimizer == recipe.optimizer
    assert settings.options["temperature"] == recipe.options["temperature"]


def test_the_user_is_obeyed() -> None:
    settings = resolved(options={"temperature": 0.5}, backbone="resnet18", learning_rate=0.3, size=24, batch_size=8)
    assert settings.options["temperature"] == 0.5
    assert (settings.spec.backbone, settings.learning_rate, settings.spec.size, settings.batch_size) == (
        "resnet18",
        0.3,
        24,
        8,
    )


def test_what_is_left_out_is_out_of_the_views() -> None:
    settings = resolved(without=["flip", "crop"])
    assert settings.without == ("flip", "crop")
    assert {(view.flip, view.crop_scale) for view in policy(settings).views} == {(0.0, (1.0, 1.0))}
    assert policy(resolved()).augmentations == ("crop", "flip", "color")


def test_the_settings_are_told_with_how_the_rate_follows_the_batch() -> None:
    told = described(resolved(steps=7, batch_size=32))
    assert told.startswith("Settings: small at 20 px, 7 steps of 32 examples, muon, learning rate 0.0283 per 256 exam")
    assert described(resolved(learning_rate=0.3)).endswith("muon, learning rate 0.3.")
    assert described(resolved(optimizer="sgd", learning_rate=0.1)).endswith("sgd, learning rate 0.1.")


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
        (
            {"batch_size": 9, "accumulate": 2},
            "must be a multiple of 2 between 4 and 40, the number of examples. Got 9. Try 8.",
        ),
        ({"accumulate": 21}, "pretrain: accumulate must be at most 20 for 40 examples. Got 21. Try 1."),
        ({"epochs": 1e6, "batch_size": 2, "n": 2002}, "pretrain: steps must be at most 1,000,000,000. Got 1001000000."),
        ({"n": 1}, "pretrain: data must be at least 2 pictures, the smallest batch of SimCLR. Got '1 in array'."),
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


@pytest.mark.parametrize("accumulate", [2, 3, 7, 20])
def test_the_recipes_batch_can_be_cut_into_any_number_of_parts(accumulate: int) -> None:
    settings = resolved(n=300, accumulate=accumulate)
    assert settings.batch_size % accumulate == 0
    assert settings.batch_size >= 100


def test_numbers_of_numpy_become_plain_ones() -> None:
    settings = resolved(options={"temperature": np.float32(0.5)}, batch_size=np.int64(8), learning_rate=np.float64(0.1))
    assert [type(value) for value in (settings.batch_size, settings.learning_rate)] == [int, float]
    assert type(settings.options["temperature"]) is float


@pytest.mark.usefixtures("as_users_call")
def test_what_is_counted_in_the_data_is_not_the_users_to_say() -> None:
    source = open_source((np.zeros((8, 16, 16), np.uint8), list("aabbccdd")))
    assert isinstance(source, Pictures)

    def settings(**options: int) -> Settings:
        said = {"said": NOTHING | {"batch_size": 4}, "seed": 0, "precision": "32-true"}
        return resolve("supervised", Supervised, source, options=options, **said)

    assert settings().options["num_classes"] == settings(num_classes=4).options["num_classes"] == 4
    with pytest.raises(ValueError, match=r"num_classes must be 4, as counted in the data\. Got 7\. Leave it out"):
        settings(num_classes=7)
