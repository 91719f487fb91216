"""Batches of texts: of like lengths, shared by ranks, and the same whenever they are asked for."""

import numpy as np
import pytest
import torch

from nearfar.data import EncodedTexts, TextFeed

LENGTHS = np.random.default_rng(0).integers(3, 60, 203)


def texts() -> EncodedTexts:
    starts = np.concatenate([[0], np.cumsum(LENGTHS)])
    ids = np.repeat(np.arange(203), LENGTHS).astype(np.int32)
    return EncodedTexts(ids, np.zeros_like(ids), starts, pad_id=999, cut=0)


def test_an_epoch_has_each_text_at_most_once_and_the_next_another_order() -> None:
    feed = TextFeed(texts(), batch_size=10, seed=0)
    assert feed.steps_per_epoch == 20
    first = np.concatenate([feed.rows(step) for step in range(20)])
    assert len(set(first.tolist())) == 200
    assert not np.array_equal(first[:10], feed.rows(20))


def test_a_batch_is_known_without_those_before_it() -> None:
    labels = np.arange(203)
    own = list(TextFeed(texts(), labels=labels, batch_size=10, seed=3).batches(17, 24))
    for step, batch in zip(range(17, 24), own, strict=True):
        (again,) = TextFeed(texts(), labels=labels, batch_size=10, seed=3).batches(step, step + 1)
        assert torch.equal(again.index, batch.index)
        assert torch.equal(again.examples.ids, batch.examples.ids)
        assert torch.equal(batch.label, batch.index)
        assert torch.equal(batch.examples.ids[:, 0], batch.index), "each row holds its own text"


def test_ranks_share_the_batch() -> None:
    whole = TextFeed(texts(), batch_size=11, seed=1)
    shares = [TextFeed(texts(), batch_size=11, seed=1, rank=rank, world_size=3) for rank in range(3)]
    for step in (0, 5, 30):
        np.testing.assert_array_equal(np.concatenate([share.rows(step) for share in shares]), whole.rows(step))


def test_little_of_a_batch_is_padding() -> None:
    batches = [batch.examples for batch in TextFeed(texts(), batch_size=10, seed=0).batches(0, 20)]
    padded = sum(tokens.ids.numel() for tokens in batches)
    assert padded < 1.1 * sum(int(tokens.lengths.sum()) for tokens in batches)


@pytest.mark.parametrize(("batch_size", "world_size"), [(204, 1), (2, 3)])
def test_a_batch_that_cannot_be_filled_is_refused(batch_size: int, world_size: int) -> None:
    with pytest.raises(ValueError, match=r"TextFeed: batch_size must be from"):
        TextFeed(texts(), batch_size=batch_size, seed=0, world_size=world_size)
