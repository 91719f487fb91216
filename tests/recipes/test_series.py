"""Recipes for series: every method gets a network, views and options that fit its data."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nearfar.data import Series, open_series
from nearfar.engine import Encoder, SeriesSpec, Settings
from nearfar.errors import DataError
from nearfar.methods import METHODS
from nearfar.recipes import described, for_series, policy, resolve
from nearfar.recipes.resolve import OF_SOME
from nearfar.views import SeriesPolicy

OF_SERIES = sorted(name for name, method in METHODS.items() if "series" in method.modalities)
ALONE = ("autoencoder", "denoisingautoencoder", "instdisc", "mae", "supervised", "vae")
"""Methods of one view."""
NAMES = ("backbone", "init", "epochs", "steps", "batch_size", "optimizer", "learning_rate", "weight_decay", "clip")
SAID = dict.fromkeys((*NAMES, "examples", "without", *OF_SOME)) | {"accumulate": 1}


def series(length: int = 50, *, channels: int = 3, count: int = 70) -> Series:
    values = np.random.default_rng(0).normal(5, 3, size=(count, channels, length))
    return open_series((values, np.arange(count) % 2))


def resolved(name: str, source: Series, **said: Any) -> Settings:
    return resolve(name, METHODS[name], source, said={**SAID, **said}, options={}, seed=0, precision="32-true")


def test_which_methods_learn_from_series() -> None:
    assert {"autoencoder", "denoisingautoencoder", "mae", "vae", "simclr", "byol", "vicreg", "supcon"} <= set(OF_SERIES)
    of_texts = {name for name, method in METHODS.items() if {"image", "text"} <= set(method.modalities)}
    assert of_texts <= set(OF_SERIES), "joint embedding is told by views alone"


@pytest.mark.parametrize("name", OF_SERIES)
@pytest.mark.parametrize("length", [24, 50, 251])
def test_a_method_of_series_takes_its_recipe(name: str, length: int) -> None:
    settings = resolved(name, series(length))
    spec = settings.spec
    assert isinstance(spec, SeriesSpec)
    assert spec.channels == 3
    assert spec.size == (250 if (length, spec.backbone) == (251, "vit") else length)
    assert np.allclose(spec.mean, 5, atol=0.3)
    assert np.allclose(spec.std, 3, atol=0.3)
    assert settings.options.get("shape", (3, spec.size)) == (3, spec.size)
    METHODS[name](spec.build(), **settings.options)
    views = policy(settings)
    assert isinstance(views, SeriesPolicy)
    assert len(views.views) == (1 if name in ALONE else 2)
    assert described(settings).startswith(f"Settings: {spec.backbone} of {spec.size} steps, ")
    assert Settings.from_dict(settings.as_dict()) == settings
    assert settings.steps >= 500


def test_the_user_s_length_and_network_count() -> None:
    assert resolved("autoencoder", series(), size=32).spec.size == 32
    assert resolved("autoencoder", series(251), backbone="vit").spec.size == 250
    assert resolved("mae", series(251), size=251).spec.size == 251
    assert resolved("autoencoder", series(3000, count=10)).spec.size == 2048


def test_a_channel_that_never_changes_stays_as_it_is() -> None:
    values = np.random.default_rng(0).normal(size=(70, 2, 30))
    values[:, 1] = 7.0
    spec = resolved("autoencoder", open_series(values)).spec
    assert isinstance(spec, SeriesSpec)
    assert (spec.mean[1], spec.std[1]) == (7.0, 1.0)


def test_a_run_goes_on_from_another_s_encoder(tmp_path: Path) -> None:
    first = resolved("autoencoder", series(), size=40).spec
    Encoder(first, first.build()).save(tmp_path)
    begun = resolved("vae", series(), init=str(tmp_path)).spec
    assert begun == first
    for init in (str(tmp_path / "nothing"), "timm:resnet18"):
        with pytest.raises(DataError, match=r"^pretrain: init must be a run on series\. Got .* Name the folder of"):
            resolved("vae", series(), init=init)


@pytest.mark.parametrize("flag", ["stem", "dim", "vocab_size"])
def test_what_means_nothing_is_refused(flag: str) -> None:
    with pytest.raises(ValueError, match=rf"{flag} must be left out for series\."):
        resolved("mae", series(), **{flag: 8})


def test_a_method_without_settings_of_its_own_has_the_shared_ones() -> None:
    assert for_series("supervised").backbone == for_series("autoencoder").backbone == "small"
    assert for_series("supervised", begun=True).learning_rate < for_series("supervised").learning_rate
