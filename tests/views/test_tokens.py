"""Rows of tokens: what methods ask of a batch of views, and taking tokens out of it."""

import pickle

import pytest
import torch

from nearfar.views.tokens import Tokens, compact, joined, taken


def tokens() -> Tokens:
    ids = torch.tensor([[2, 11, 12, 13, 3, 0], [2, 21, 3, 7, 7, 7]])
    words = torch.tensor([[-1, 0, 0, 1, -1, -1], [-1, 0, -1, 9, 9, 9]])  # what is behind the end means nothing
    return Tokens(ids, torch.tensor([5, 3]), words)


def test_it_says_what_is_real_and_what_is_content() -> None:
    assert tokens().shape == (2, 6)
    assert tokens().device == torch.device("cpu")
    assert tokens().real.long().tolist() == [[1, 1, 1, 1, 1, 0], [1, 1, 1, 0, 0, 0]]
    assert tokens().content.long().tolist() == [[0, 1, 1, 1, 0, 0], [0, 1, 0, 0, 0, 0]]
    moved = tokens().to("meta")
    assert moved.ids.device.type == moved.lengths.device.type == "meta"
    assert moved.segments is None


def test_cat_puts_one_below_the_other_on_one_width() -> None:
    narrow = Tokens(torch.tensor([[5, 6]]), torch.tensor([2]), torch.tensor([[0, 1]]))
    both = torch.cat([tokens(), narrow])
    assert isinstance(both, Tokens)
    assert both.ids[:2].equal(tokens().ids)
    assert both.ids[2].tolist() == [5, 6, 0, 0, 0, 0]
    assert both.words[2].tolist() == [0, 1, -1, -1, -1, -1]
    assert both.lengths.tolist() == [5, 3, 2]
    assert both.segments is None
    paired = tokens()._replace(segments=torch.ones(2, 6, dtype=torch.int64))
    assert joined([paired, paired]).segments.shape == (4, 6)
    assert joined([paired, tokens()]).segments is None
    with pytest.raises(TypeError):
        torch.stack([tokens(), tokens()])


def test_some_rows_and_some_tokens() -> None:
    assert tokens().rows(torch.tensor([1])).ids.tolist() == [[2, 21, 3, 7, 7, 7]]
    kept = compact(tokens(), tokens().content)
    assert kept.ids.tolist() == [[11, 12, 13], [21, 0, 0]]
    assert kept.words.tolist() == [[0, 0, 1], [0, -1, -1]]
    assert kept.lengths.tolist() == [3, 1]
    turned = taken(tokens(), torch.tensor([[4, 3, 2], [2, 1, 5]]), torch.tensor([3, 2]))
    assert turned.ids.tolist() == [[3, 13, 12], [3, 21, 0]]


def test_it_is_picklable() -> None:
    assert pickle.loads(pickle.dumps(tokens())).ids.equal(tokens().ids)
