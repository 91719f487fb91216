from pathlib import Path

import numpy as np
import pytest
import torch

from nearfar.data import channel_statistics, open_source, plain_batches, resize_center


def test_every_row_comes_once_in_order(varied: Path) -> None:
    source = open_source(varied)
    batches = list(plain_batches(source, size=16, channels=3, batch_size=5))
    assert [len(rows) for _, rows in batches] == [5, 5, 2]
    assert np.concatenate([rows for _, rows in batches]).tolist() == list(range(12))
    pictures = torch.cat([pictures for pictures, _ in batches])
    assert pictures.shape == (12, 3, 16, 16)
    assert pictures.dtype == torch.uint8
    for row in range(12):
        with source.opened(row) as picture:
            assert np.array_equal(pictures[row], resize_center(picture, size=16, channels=3))


def test_the_number_of_workers_changes_nothing(varied: Path) -> None:
    source = open_source(varied)
    alone = plain_batches(source, size=16, channels=1, batch_size=5)
    helped = plain_batches(source, size=16, channels=1, batch_size=5, workers=2)
    for (one, rows), (other, others) in zip(alone, helped, strict=True):
        assert torch.equal(one, other)
        assert rows.tolist() == others.tolist()


@pytest.mark.parametrize(("size", "channels"), [(8, 1), (8, 3), (6, 1), (12, 3)])
@pytest.mark.parametrize("depth", [1, 3])
def test_kept_pictures_are_brought_to_what_is_asked(size: int, channels: int, depth: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 8, depth), dtype=np.uint8)
    source = open_source(pixels)
    ((pictures, _),) = plain_batches(source, size=size, channels=channels, batch_size=8)
    assert pictures.shape == (5, channels, size, size)
    for row in range(5):
        assert np.array_equal(pictures[row], resize_center(source.read(row), size=size, channels=channels))


def test_statistics_are_those_of_the_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8) // np.array([1, 2, 4], np.uint8)
    mean, std = channel_statistics(open_source(pixels), 3)
    assert mean == pytest.approx((pixels / 255).mean((0, 1, 2)))
    assert std == pytest.approx((pixels / 255).std((0, 1, 2)))


def test_statistics_of_a_sample_look_at_all_of_the_source() -> None:
    pixels = np.repeat(np.array([0, 255], np.uint8), 50)[:, None, None] * np.ones((1, 4, 4), np.uint8)
    assert channel_statistics(open_source(pixels), 1, sample=10) == ((0.5,), (0.5,))


def test_pictures_without_contrast_can_be_divided_by_their_deviation() -> None:
    assert channel_statistics(open_source(np.zeros((3, 4, 4), np.uint8)), 1) == ((0.0,), (1 / 255,))


def test_gray_statistics_of_pictures_of_many_sizes(varied: Path) -> None:
    mean, std = channel_statistics(open_source(varied), 1)
    assert len(mean) == len(std) == 1
    assert 0.2 < mean[0] < 0.8
    assert 0.05 < std[0] < 0.5
