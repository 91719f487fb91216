"""Batches of texts: of like lengths, shared by ranks, and the same whenever they are asked for."""

import numpy as np
import pytest
import torch

from nearfar.data import EncodedTexts, Places, RunningText, Sentences, TextFeed
from nearfar.errors import DataError

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


class TestOfSeveralTexts:
    """Each text of a row holds the row's number, and its kind's in thousands."""

    @staticmethod
    def kinds() -> tuple[EncodedTexts, ...]:
        random = np.random.default_rng(1)
        made = []
        for kind in range(3):
            lengths = random.integers(3, 40, 50)
            ids = np.repeat(np.arange(50) + 1000 * kind, lengths).astype(np.int32)
            starts = np.concatenate([[0], np.cumsum(lengths)])
            made.append(EncodedTexts(ids, np.zeros_like(ids), starts, pad_id=0, cut=0))
        return tuple(made)

    def test_an_example_s_texts_come_together(self) -> None:
        feed = TextFeed(self.kinds(), batch_size=5, seed=0)
        seen = []
        for batch in feed.batches(0, feed.steps_per_epoch):
            first, second, third = (tokens.ids[:, 0] for tokens in batch.examples)
            assert torch.equal(first, batch.index)
            assert torch.equal(second, first + 1000)
            assert torch.equal(third, first + 2000)
            seen += first.tolist()
        assert sorted(seen) == list(range(50)), "every example once an epoch"

    def test_batches_are_of_like_lengths_in_all(self) -> None:
        kinds = self.kinds()
        lengths = sum(texts.lengths for texts in kinds)
        feed = TextFeed(kinds, batch_size=5, seed=0)
        spread = [np.ptp(lengths[feed.rows(step)]) for step in range(10)]
        assert np.mean(spread) < np.ptp(lengths) / 4


class TestOfRunningText:
    DOCUMENTS = (7, 1, 20, 2)

    @classmethod
    def running(cls, documents: tuple[int, ...] = DOCUMENTS) -> RunningText:
        document = np.repeat(np.arange(len(documents)), documents)
        number = np.arange(len(document)) + document  # as after a sentence that was left out
        places = Places(document, document, number)
        found = Sentences({"text": [f"{row}" for row in range(len(document))]}, name="book", places=places)
        mixed = found.select(np.random.default_rng(0).permutation(len(document)))
        return RunningText.of(mixed)

    @staticmethod
    def texts(count: int) -> EncodedTexts:
        return EncodedTexts(np.arange(count, dtype=np.int32), np.zeros(count, np.int32), np.arange(count + 1), 0, 0)

    def feed(self, *, takes: tuple[str, ...] = ("text", "next", "stranger"), **more: int) -> TextFeed:
        running = self.running()
        count = len(running.document)
        options = {"batch_size": 4, "seed": 0, **more}
        return TextFeed((self.texts(count),) * len(takes), takes=takes, running=running, **options)

    def test_every_sentence_that_another_follows_comes_once_with_that(self) -> None:
        running, feed = self.running(), self.feed(batch_size=2)
        assert (len(feed.examples), feed.steps_per_epoch) == (6 + 0 + 19 + 1, 13)
        pairs = {}
        for batch in feed.batches(0, 13):
            first, second, _ = (tokens.ids[:, 0].tolist() for tokens in batch.examples)
            assert first == batch.index.tolist()
            pairs |= dict(zip(first, second, strict=True))
        assert pairs == {row: after for row, after in enumerate(running.following.tolist()) if after >= 0}

    def test_strangers_are_of_other_documents_all_as_likely_and_new_in_each_step(self) -> None:
        running = self.running()
        rows = np.full(1, int(running.followed[0]))
        drawn = [int(running.strangers(rows, seed=0, step=step)[0]) for step in range(3000)]
        own = running.document[rows[0]]
        others = np.flatnonzero(running.document != own)
        counts = np.bincount(drawn, minlength=len(running.document))
        assert set(np.flatnonzero(counts)) == set(others)
        expected = 3000 / len(others)
        assert ((counts[others] - expected) ** 2 / expected).sum() < len(others) + 5 * np.sqrt(2 * len(others))
        everything = running.strangers(running.followed, seed=0, step=0)
        assert (running.document[everything] != running.document[running.followed]).all()
        assert not np.array_equal(everything, running.strangers(running.followed, seed=1, step=0))

    def test_in_a_single_document_a_stranger_is_neither_the_sentence_nor_the_next(self) -> None:
        running = self.running((5,))
        rows = running.followed
        drawn = np.stack([running.strangers(rows, seed=0, step=step) for step in range(200)])
        for place, row in enumerate(rows.tolist()):
            assert set(drawn[:, place].tolist()) == set(range(5)) - {row, int(running.following[row])}

    def test_ranks_together_read_what_one_process_reads(self) -> None:
        whole = self.feed(batch_size=5)
        shares = [self.feed(batch_size=5, rank=rank, world_size=2) for rank in range(2)]
        batches = zip(whole.batches(0, 12), *(share.batches(0, 12) for share in shares), strict=True)
        for one, *parts in batches:
            for kind in range(3):
                ids = torch.cat([part.examples[kind].ids for part in parts])
                assert torch.equal(ids, one.examples[kind].ids)

    def test_a_resumed_epoch_is_the_straight_one(self) -> None:
        straight = list(self.feed().batches(0, 15))[8:]
        for one, other in zip(straight, self.feed().batches(8, 15), strict=True):
            assert all(torch.equal(a.ids, b.ids) for a, b in zip(one.examples, other.examples, strict=True))

    def test_sentences_that_none_follows_fill_no_batch(self) -> None:
        what = r"the sentences that another stands behind"
        with pytest.raises(ValueError, match=rf"from 1 \(one a rank\) to 26 \({what}\)\. Got 28\. Try 26\.$"):
            self.feed(batch_size=28)
        lone, two = self.running((1, 1, 1)), self.running((2,))
        with pytest.raises(ValueError, match=r"Got 2\. Name more text\."):
            TextFeed((self.texts(3),) * 2, takes=("text", "next"), running=lone, batch_size=2, seed=0)
        takes = ("text", "next", "stranger")
        with pytest.raises(DataError, match=r"TextFeed: texts must be at least 3 sentences\. Got 2\. Name more text\."):
            TextFeed((self.texts(2),) * 3, takes=takes, running=two, batch_size=1, seed=0)
