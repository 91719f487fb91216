"""Pictures that a run has not learned from: of the test split, else of the validation split, else none."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nearfar.data import Reading, open_source
from nearfar.data.some import held_out_pictures
from nearfar.errors import DataError


def pixels(count: int, light: int) -> np.ndarray:
    return np.random.default_rng(light).integers(light, light + 40, (count, 6, 6), dtype=np.uint8)


def container(path: Path, **splits: np.ndarray) -> Path:
    np.savez(path / "data.npz", **{f"x_{name}": values for name, values in splits.items()})
    return path / "data.npz"


def lights(held: Any) -> list[int]:
    """The mean of each picture, in order."""
    return [round(float(np.asarray(held.examples.read(row)).mean())) for row in range(len(held.examples))]


def test_they_are_of_the_test_split_then_of_the_validation_split(tmp_path: Path) -> None:
    parts = {"train": pixels(20, 0), "val": pixels(20, 100), "test": pixels(20, 200)}
    whole = container(tmp_path, **parts)
    held = held_out_pictures(whole, split=None, count=5)
    assert held is not None
    assert held.split == "test"
    assert len(held.examples) == 5
    assert min(lights(held)) >= 200
    other = held_out_pictures(whole, split="test", count=5)
    assert other is not None
    assert other.split == "val"
    assert all(100 <= light < 140 for light in lights(other))


def test_where_nothing_is_held_out_there_are_none(tmp_path: Path) -> None:
    assert held_out_pictures(container(tmp_path, train=pixels(20, 0)), split=None, count=5) is None
    assert held_out_pictures(container(tmp_path, test=pixels(20, 0)), split="test", count=5) is None
    assert held_out_pictures(pixels(20, 0), split=None, count=5) is None
    assert held_out_pictures(open_source(pixels(20, 0)), split=None, count=5) is None


def test_a_run_on_all_splits_holds_none_out(tmp_path: Path) -> None:
    """Without a split called train, all pictures are learned from."""
    assert held_out_pictures(container(tmp_path, val=pixels(9, 0), test=pixels(9, 0)), split=None, count=5) is None


def test_the_choice_is_random_seeded_and_not_in_order(tmp_path: Path) -> None:
    whole = container(tmp_path, train=pixels(4, 0), test=pixels(200, 100))
    first, again, other = (held_out_pictures(whole, split=None, count=30, seed=seed) for seed in (0, 0, 1))
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.examples.ids == again.examples.ids
    assert set(first.examples.ids) != set(other.examples.ids)
    numbers = [int(name.rpartition("/")[2]) for name in first.examples.ids]
    assert len(set(numbers)) == 30
    assert numbers != sorted(numbers)
    assert max(numbers) > 150
    everything = held_out_pictures(whole, split=None, count=1000)
    assert everything is not None
    assert len(everything.examples) == 200


def test_pictures_that_cannot_be_used_are_left_out_even_where_the_run_is_strict(tmp_path: Path) -> None:
    for split, count in (("train", 3), ("test", 4)):
        (tmp_path / split / "cats").mkdir(parents=True)
        for row in range(count):
            Image.fromarray(pixels(1, row)[0]).save(tmp_path / split / "cats" / f"{row}.png")
    (tmp_path / "test" / "cats" / "0.png").write_bytes(b"")
    held = held_out_pictures(tmp_path, split=None, count=9, reading=Reading(strict=True))
    assert held is not None
    assert len(held.examples) == 3
    for row in range(1, 4):
        (tmp_path / "test" / "cats" / f"{row}.png").write_bytes(b"")
    with pytest.raises(DataError, match="at least one readable picture"):
        held_out_pictures(tmp_path, split=None, count=9)
