"""Recipes for texts and for captioned pictures: every method takes its own, and what does not fit is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from squares import squares

from nearfar.data import Sentences, Source
from nearfar.engine import Encoder, ImageTextSpec, Settings, TextSpec
from nearfar.errors import DataError
from nearfar.methods import METHODS
from nearfar.recipes import described, for_texts, policy, resolve
from nearfar.views import Policy, TextPolicy

pytest.importorskip("tokenizers")

TEXTS = [f"the {color} {thing} is here" for color in ("red", "green", "blue", "grey") for thing in "abcdefgh"]
OF_TEXTS = [name for name, method in METHODS.items() if "text" in method.modalities]
OF_PAIRS = [name for name, method in METHODS.items() if "image-text" in method.modalities]
SMALL = {"dim": 64, "depth": 1, "vocab_size": 300}
SAID = {
    "examples": None, "without": (), "backbone": None, "init": None, "batch_size": None, "accumulate": 1,
    "optimizer": None, "learning_rate": None, "weight_decay": None, "clip": None, "epochs": None, "steps": None,
}  # fmt: skip


def sentences() -> Sentences:
    return Sentences({"text": TEXTS}, name="texts")


def pairs(*, roles: tuple[str, ...] = ("anchor", "positive"), **more: Any) -> Sentences:
    return Sentences(dict.fromkeys(roles, TEXTS), name="pairs", **more)


def resolved(name: str, source: Source, **said: Any) -> Settings:
    return resolve(name, METHODS[name], source, said={**SAID, **said}, options={}, seed=0, precision="32-true")


@pytest.mark.parametrize("name", OF_TEXTS)
def test_a_method_of_texts_takes_its_recipe(name: str) -> None:
    settings = resolved(name, pairs() if name == "dualencoder" else sentences(), **SMALL)
    assert isinstance(settings.spec, TextSpec)
    assert (settings.spec.dim, settings.spec.depth) == (64, 1)
    METHODS[name](settings.spec.build(), **{**settings.options, **({"num_classes": 2} if name == "supervised" else {})})
    assert isinstance(policy(settings), TextPolicy)
    assert described(settings).startswith(f"Settings: {settings.spec.backbone} of ")
    assert Settings.from_dict(settings.as_dict()) == settings


@pytest.mark.parametrize("name", OF_PAIRS)
def test_a_method_of_captioned_pictures_takes_its_recipe(name: str) -> None:
    settings = resolved(name, squares(), **SMALL)
    assert isinstance(settings.spec, ImageTextSpec)
    assert settings.spec.backbone == "small+transformer"
    METHODS[name](settings.spec.build(), **settings.options)
    views = policy(settings)
    assert isinstance(views.image, Policy)
    assert views.image.views[0].flip == 0, "captions speak of left and right"


def test_pairs_are_the_views_of_methods_that_compare() -> None:
    assert policy(resolved("simclr", pairs(), **SMALL)).takes == ("anchor", "positive")
    triplets = pairs(roles=("anchor", "positive", "negative"))
    assert policy(resolved("simclr", triplets, **SMALL)).takes == ("anchor", "positive")
    settings = resolved("simcse", triplets, **SMALL)
    assert policy(settings).takes == ("anchor", "positive", "negative")
    assert settings.options["hard_negatives"] is True


def test_what_the_views_hide_is_the_methods_option() -> None:
    settings = resolve(
        "maskedlanguage", METHODS["maskedlanguage"], sentences(), said={**SAID, **SMALL},
        options={"fraction": 0.4, "whole_words": True}, seed=0, precision="32-true",
    )  # fmt: skip
    (view,) = policy(settings).views
    assert (view.fraction, view.whole_words) == (0.4, True)


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        ("maskedlanguage", pairs(), "must be single texts, which maskedlanguage learns from"),
        ("dualencoder", sentences(), "must be questions with the passages that answer them"),
        ("simcse", pairs(scores=np.ones(len(TEXTS))), "must be pairs that belong together, and these have scores"),
    ],
)
def test_texts_of_another_shape_are_refused(name: str, source: Sentences, words: str) -> None:
    with pytest.raises(DataError, match=words):
        resolved(name, source, **SMALL)


def test_a_run_goes_on_with_its_vocabulary_and_shape(tmp_path: Path) -> None:
    spec = resolved("maskedlanguage", sentences(), **SMALL).spec
    Encoder(spec, spec.build()).save(tmp_path)
    settings = resolved("simcse", Sentences({"text": TEXTS[:8]}, name="few"), init=str(tmp_path))
    assert settings.spec == spec
    assert settings.learning_rate < resolved("simcse", sentences(), **SMALL).learning_rate
    with pytest.raises(ValueError, match="pretrain: dim must be left out beside init, whose dim holds"):
        resolved("simcse", sentences(), init=str(tmp_path), dim=64)


@pytest.mark.parametrize("which", ["image", "text"])
def test_a_tower_starts_from_a_run(which: str, tmp_path: Path) -> None:
    whole = resolved("clip", squares(), **SMALL, size=8).spec
    assert isinstance(whole, ImageTextSpec)
    tower = getattr(whole, which)
    Encoder(tower, tower.build()).save(tmp_path)
    said = {"size": 8} if which == "text" else SMALL
    spec = resolved("clip", squares(), init=str(tmp_path), **said).spec
    assert getattr(spec, which) == tower
    network = spec.build()
    assert spec.part_of(network, str(tmp_path)) is getattr(network, which)


def test_flags_of_another_modality_are_refused() -> None:
    for name, source in (("size", sentences()), ("stem", sentences())):
        with pytest.raises(ValueError, match=f"pretrain: {name} must be left out for texts"):
            resolved("simclr", source, **{name: 32})
    with pytest.raises(ValueError, match="pretrain: depth must be left out for pictures"):
        resolved("simclr", squares().pictures, depth=2)


def test_runs_from_trained_weights_are_gentle() -> None:
    for name in OF_TEXTS:
        assert for_texts(name, begun=True).learning_rate < for_texts(name).learning_rate
