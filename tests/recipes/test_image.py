"""Recipes for pictures: every method has one, for small pictures and for large, and its constructor takes it."""

from typing import Any

import numpy as np
import pytest
from cases import CASES

from nearfar.data import Pictures, open_source
from nearfar.methods import METHODS
from nearfar.networks import SmallResNet, backbone
from nearfar.recipes import for_pictures, method_options

OF_PICTURES = [name for name, method in METHODS.items() if "image" in method.modalities]
MEAN, STD = (0.5,), (0.3,)


def pictures(n: int = 40) -> Pictures:
    source = open_source(np.random.default_rng(0).integers(0, 256, (n, 20, 20), dtype=np.uint8))
    assert isinstance(source, Pictures)
    return source


def options(name: str, size: int, **facts: Any) -> dict[str, Any]:
    recipe = for_pictures(name, size=size, source=pictures())
    return {key: value for key, value in ({**recipe.options, **facts}).items() if key in method_options(METHODS[name])}


@pytest.mark.parametrize("size", [28, 64, 96, 224])
@pytest.mark.parametrize("name", OF_PICTURES)
def test_a_method_is_shown_as_many_views_as_it_takes(name: str, size: int) -> None:
    recipe = for_pictures(name, size=size)
    views = recipe.policy(size, mean=MEAN, std=STD, **recipe.views).views
    wanted = CASES[name].num_views
    assert len(views) == wanted if wanted < 3 else len(views) > 2
    assert views[0].size == size


@pytest.mark.parametrize("name", OF_PICTURES)
def test_a_method_takes_its_options(name: str) -> None:
    kind = for_pictures(name, size=28).backbone
    network = SmallResNet(channels=1, width=8) if kind == "small" else backbone(kind, size=28, channels=1)
    METHODS[name](network, **options(name, 28, num_classes=4))


@pytest.mark.parametrize("name", OF_PICTURES)
@pytest.mark.parametrize("size", [28, 224])
def test_no_option_is_of_another_method(name: str, size: int) -> None:
    from nearfar.recipes.image import LARGE_ONES, SMALL_ONES

    own = (SMALL_ONES if size == 28 else LARGE_ONES).get(name, {}).get("options", {})
    assert set(own) <= set(method_options(METHODS[name]))


@pytest.mark.parametrize("name", ["autoencoder", "denoisingautoencoder", "vae", "bigan"])
def test_a_decoder_gives_pictures_of_the_size_and_channels_of_the_views(name: str) -> None:
    assert options(name, 24)["shape"] == (1, 24, 24)
    assert for_pictures(name, size=24).stages == ((0.0, 1.0),)


def test_a_bank_has_a_row_for_each_example() -> None:
    assert options("instdisc", 28)["num_examples"] == 40


@pytest.mark.parametrize("size", [28, 224])
@pytest.mark.parametrize("name", ["moco", "nnclr", "swav"])
def test_a_queue_holds_no_more_than_half_the_data(name: str, size: int) -> None:
    assert options(name, size)["queue_size"] == 20


def test_the_rate_is_said_per_256_examples() -> None:
    line = for_pictures("simclr", size=28).rate_line
    assert line == "learning rate 0.0283 per 256 examples, growing with the square root of the batch"
