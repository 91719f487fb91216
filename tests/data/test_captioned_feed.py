"""Batches of pictures and captions: the pictures' own feed, and with each batch the tokens of its rows."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from nearfar.data import Captioned, CaptionedFeed, EncodedTexts, PictureFeed, Sentences, open_captioned, open_source

LENGTHS = np.random.default_rng(0).integers(2, 9, 22)


def texts(count: int = 22) -> EncodedTexts:
    """Each text is the number of its row, again and again."""
    starts = np.concatenate([[0], np.cumsum(LENGTHS[:count])])
    ids = np.repeat(np.arange(count), LENGTHS[:count]).astype(np.int32)
    return EncodedTexts(ids, np.zeros_like(ids), starts, pad_id=999, cut=0)


@pytest.fixture
def kept() -> Captioned:
    pixels = np.random.default_rng(2).integers(0, 256, (22, 6, 6, 3), dtype=np.uint8)
    source = open_captioned((pixels, [f"text {row}" for row in range(22)]))
    assert source.pictures.is_kept
    return source


def feed(source: Captioned, **options: Any) -> CaptionedFeed:
    return CaptionedFeed(source, texts(len(source)), **{"batch_size": 6, "seed": 3, **options})


def test_a_batch_is_pictures_and_the_tokens_of_its_rows(kept: Captioned) -> None:
    reader, alone = feed(kept), PictureFeed(kept.pictures, batch_size=6, seed=3)
    assert reader.steps_per_epoch == alone.steps_per_epoch == 3
    for step, (batch, plain) in enumerate(zip(reader.batches(0, 7), alone.batches(0, 7), strict=True)):
        canvas, tokens = batch.examples
        assert torch.equal(canvas, plain.examples)
        assert batch.index.tolist() == plain.index.tolist() == reader.rows(step).tolist()
        assert tokens.lengths.tolist() == LENGTHS[batch.index].tolist()
        assert tokens.ids[:, 0].tolist() == batch.index.tolist(), "each picture has the caption of its row"
        assert tokens.ids.shape[1] == max(tokens.lengths)
        assert batch.label is None


def squares(step: int, rows: np.ndarray, heights: Tensor, widths: Tensor) -> list[tuple[Tensor, int]]:
    side = torch.minimum(heights, widths).float()
    return [(torch.stack((torch.zeros_like(side), torch.zeros_like(side), side, side), 1), 8)]


def test_pictures_that_vary_come_as_crops_from_workers(varied: Path) -> None:
    pictures = open_source(varied)
    captions = Sentences({"text": [f"text {row}" for row in range(12)]}, name="", labels=pictures.labels)
    source = Captioned(pictures, captions)
    alone = list(feed(source, boxes=squares).batches(0, 3))
    helped = list(feed(source, boxes=squares, workers=1).batches(0, 3))
    for one, other in zip(alone, helped, strict=True):
        (crops,), tokens = one.examples
        assert crops.shape == (6, 3, 8, 8)
        assert torch.equal(crops, other.examples[0][0])
        assert torch.equal(tokens.ids, other.examples[1].ids)
        assert one.label.tolist() == pictures.labels[one.index].tolist()


def test_ranks_share_the_batch_of_one_process(kept: Captioned) -> None:
    (whole,) = feed(kept).batches(4, 5)
    shares = [next(feed(kept, rank=rank, world_size=2).batches(4, 5)) for rank in range(2)]
    assert torch.equal(torch.cat([share.index for share in shares]), whole.index)
    assert torch.equal(torch.cat([share.examples[0] for share in shares]), whole.examples[0])
    assert [row for share in shares for row in share.examples[1].ids[:, 0].tolist()] == whole.index.tolist()


def test_texts_of_another_number_are_refused(kept: Captioned) -> None:
    with pytest.raises(ValueError, match=r"CaptionedFeed: texts must be those of the 22 captions\. Got 21\."):
        CaptionedFeed(kept, texts(21), batch_size=6, seed=0)
