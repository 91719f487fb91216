"""What the ready-made studies try, and what they keep equal."""

from typing import Any

import numpy as np
import pytest

from nearfar.api.sweeping.grid import read_grid
from nearfar.api.sweeping.studies import STUDIES, study_combinations
from nearfar.data import Pictures, open_source
from nearfar.recipes import for_pictures


def pictures(n: int = 640, side: int = 8, channels: int = 3) -> Pictures:
    shape = (n, side, side, channels) if channels == 3 else (n, side, side)
    source = open_source(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    assert isinstance(source, Pictures)
    return source


def tried(study: str, source: Pictures, **grid: Any) -> list[dict[str, Any]]:
    return study_combinations(study, "simclr", read_grid("simclr", grid), source)[1]


def test_augmentations_are_left_out_one_at_a_time() -> None:
    found = tried("augmentations", pictures(20), steps=5, seed=[0, 1])
    assert [one["without"] for one in found if one["seed"] == 0] == [[], ["crop"], ["flip"], ["color"], ["grayscale"]]
    assert {one["steps"] for one in found} == {5}
    gray = tried("augmentations", pictures(20, channels=1), without="flip")
    assert [one["without"] for one in gray] == [["flip"], ["flip", "crop"], ["flip", "color"]]


def test_data_sizes_have_equal_steps_and_a_batch_that_the_least_can_fill() -> None:
    found = tried("data-size", pictures(), epochs=3)
    assert [one["examples"] for one in found] == [80, 160, 320, 640]
    assert {one["batch_size"] for one in found} == {80}
    assert {one["steps"] for one in found} == {3 * (640 // for_pictures("simclr", size=16).batch_size)}
    assert all("epochs" not in one for one in found)


def test_batches_see_equally_many_examples() -> None:
    found = tried("batch-size", pictures(), steps=100)
    assert [one["batch_size"] for one in found] == [64, 128, 256, 512]
    seen = {one["batch_size"] * one["steps"] for one in found}
    assert max(seen) - min(seen) <= 256
    assert 100 * for_pictures("simclr", size=16).batch_size in seen
    assert [one["batch_size"] for one in tried("batch-size", pictures(), steps=100, batch_size=[8, 16])] == [8, 16]
    assert [one["batch_size"] for one in tried("batch-size", pictures(100))] == [64]


def test_a_network_that_convolves_meets_a_transformer() -> None:
    assert [one["backbone"] for one in tried("backbones", pictures(20))] == ["small", "vit_tiny_patch16_224"]
    assert "fewshot" in STUDIES["backbones"].probes


@pytest.mark.parametrize(
    ("study", "grid"), [("augmentations", {"without": [[], ["flip"]]}), ("batch-size", {"steps": [5, 6]})]
)
def test_a_study_wants_one_value_of_what_it_computes_with(study: str, grid: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be one value in this study"):
        tried(study, pictures(20), **grid)
