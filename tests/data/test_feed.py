from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from nearfar.data import PictureFeed, Pictures, RawBatch, open_source
from nearfar.errors import DataError


class Corners(NamedTuple):
    """Two views: a top-left square that moves with the step and the row, and the largest centred square."""

    shift: int = 1

    def __call__(self, step: int, rows: np.ndarray, heights: Tensor, widths: Tensor) -> list[tuple[Tensor, int]]:
        offset = torch.from_numpy((rows * self.shift + step) % 5).float()
        moving = torch.stack((offset, offset, torch.full_like(offset, 20), torch.full_like(offset, 20)), 1)
        side = torch.minimum(heights, widths).float()
        return [(moving, 16), (torch.stack(((heights - side) / 2, (widths - side) / 2, side, side), 1), 8)]


def feed(source: Any, **options: Any) -> PictureFeed:
    return PictureFeed(source, **{"batch_size": 4, "seed": 3, "boxes": Corners(), **options})


def same(one: RawBatch, other: RawBatch) -> bool:
    def tensors(batch: RawBatch) -> tuple[Tensor, ...]:
        pictures = batch.examples if isinstance(batch.examples, tuple) else (batch.examples,)
        return (*pictures, batch.index, torch.empty(0) if batch.label is None else batch.label)

    return all(torch.equal(a, b) for a, b in zip(tensors(one), tensors(other), strict=True))


@pytest.fixture
def kept() -> Pictures:
    pixels = np.random.default_rng(2).integers(0, 256, (22, 6, 6, 3), dtype=np.uint8)
    source = open_source((pixels, np.arange(22) % 3))
    assert isinstance(source, Pictures)
    return source


def test_each_epoch_is_another_permutation_without_the_rest(kept: Pictures) -> None:
    reader = feed(kept)
    assert reader.steps_per_epoch == 5
    epochs = [np.concatenate([reader.rows(step) for step in range(5 * epoch, 5 * epoch + 5)]) for epoch in (0, 1)]
    for rows in epochs:
        assert len(set(rows.tolist())) == 20
    assert epochs[0].tolist() != epochs[1].tolist()
    assert feed(kept, seed=4).rows(0).tolist() != reader.rows(0).tolist()


def test_a_kept_batch_is_its_rows(kept: Pictures) -> None:
    reader = feed(kept)
    batch = next(reader.batches(7, 8))
    assert batch.index.tolist() == reader.rows(7).tolist()
    assert isinstance(batch.examples, Tensor)
    assert batch.examples.shape == (4, 3, 6, 6)
    assert batch.examples.dtype == torch.uint8
    for picture, row in zip(batch.examples, batch.index.tolist(), strict=True):
        assert np.array_equal(picture.permute(1, 2, 0), np.asarray(kept.read(row)))
    assert batch.label is not None
    assert batch.label.tolist() == [row % 3 for row in batch.index.tolist()]


def test_a_selection_reads_its_own_rows(kept: Pictures) -> None:
    chosen = kept.select(np.array([9, 2, 21, 5]))
    batch = next(feed(chosen).batches(0, 1))
    whole = kept.pixels(np.array([9, 2, 21, 5]))
    assert isinstance(batch.examples, Tensor)
    assert torch.equal(batch.examples, whole[batch.index])


def test_cropped_views_come_in_their_sizes(varied: Path) -> None:
    source = open_source(varied)
    batch = next(feed(source).batches(0, 1))
    assert isinstance(batch.examples, tuple)
    assert [view.shape for view in batch.examples] == [(4, 3, 16, 16), (4, 3, 8, 8)]
    for place, row in enumerate(batch.index.tolist()):
        offset = row % 5
        expected = source.read(row).resize((16, 16), 2, box=(offset, offset, offset + 20, offset + 20))
        crop = batch.examples[0][place].permute(1, 2, 0).numpy().astype(int)
        assert np.abs(crop - np.asarray(expected, int)).max() <= 3, "a box one pixel further differs by tens"


def test_the_number_of_workers_changes_nothing(varied: Path) -> None:
    source = open_source(varied)
    alone = list(feed(source).batches(0, 7))
    state = torch.get_rng_state()
    helped = list(feed(source, workers=2).batches(0, 7))
    assert len(alone) == len(helped) == 7
    assert all(same(a, b) for a, b in zip(alone, helped, strict=True))
    assert torch.equal(state, torch.get_rng_state()), "starting workers draws nothing"


def test_a_feed_that_starts_in_the_middle_goes_on_as_if_it_had_not(varied: Path, kept: Pictures) -> None:
    for source in (open_source(varied), kept):
        whole = list(feed(source).batches(0, 9))
        resumed = list(feed(source).batches(4, 9))
        assert all(same(a, b) for a, b in zip(whole[4:], resumed, strict=True))


@pytest.mark.parametrize("world_size", [2, 3])
def test_ranks_share_the_batch_of_one_process(kept: Pictures, world_size: int) -> None:
    alone = feed(kept, batch_size=7)
    ranks = [feed(kept, batch_size=7, rank=rank, world_size=world_size) for rank in range(world_size)]
    for step in range(2 * alone.steps_per_epoch):
        shares = [reader.rows(step) for reader in ranks]
        assert np.concatenate(shares).tolist() == alone.rows(step).tolist()
        assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert ranks[0].steps_per_epoch == alone.steps_per_epoch


@pytest.mark.parametrize("workers", [0, 1])
def test_a_picture_that_breaks_is_named_in_one_sentence(varied: Path, workers: int) -> None:
    source = open_source(varied)
    (varied / "b" / "03.jpg").write_bytes(b"gone")
    with pytest.raises(DataError, match=r"varied/b/03\.jpg: picture must be readable\.") as caught:
        list(feed(source, workers=workers).batches(0, 3))
    assert "\n" not in str(caught.value)


def test_impossible_batches_are_refused(kept: Pictures, varied: Path) -> None:
    with pytest.raises(ValueError, match=r"EpochOrder: batch_size must be from 1 .* to 22 .*\. Got 23\. Try 22\."):
        feed(kept, batch_size=23)
    with pytest.raises(ValueError, match=r"batch_size must be from 5 \(one a rank\) .*\. Got 4\. Try 5\."):
        feed(kept, world_size=5)
    with pytest.raises(ValueError, match=r"boxes must be given .*\. Got None\."):
        feed(open_source(varied), boxes=None)
