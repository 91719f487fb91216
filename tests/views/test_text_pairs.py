"""Two texts as one: where each token stands, what is cut, and which pairs are drawn."""

import pytest
import torch

from nearfar.views import Draws, Tokens, join_pairs, next_sentence, sentence_order

CLS, SEP = 2, 3
MARKS = {"cls_id": CLS, "sep_id": SEP}


def texts(lengths: list[int], first: int) -> Tokens:
    """Each text is `[CLS]`, then numbers that go on from `first`, then `[SEP]`."""
    width = max(lengths) + 2
    ids, words = torch.zeros(len(lengths), width, dtype=torch.int64), torch.full((len(lengths), width), -1)
    for row, length in enumerate(lengths):
        place = torch.arange(length)
        ids[row, : length + 2] = torch.cat([torch.tensor([CLS]), first + 1000 * row + place, torch.tensor([SEP])])
        words[row, 1 : length + 1] = place // 2
    return Tokens(ids, torch.tensor(lengths) + 2, words)


def by_hand(first: list[int], second: list[int], room: int) -> list[int]:
    """BERT's own loop: the longer text loses its last token until both fit."""
    while len(first) + len(second) > room:
        (first if len(first) > len(second) else second).pop()
    return [CLS, *first, SEP, *second, SEP]


@pytest.mark.parametrize("max_length", [5, 6, 12, 13, 100])
def test_pairs_are_bert_s(max_length: int) -> None:
    lengths_a, lengths_b = [4, 1, 9, 20, 20, 3], [4, 9, 1, 20, 2, 30]
    first, second = texts(lengths_a, 10), texts(lengths_b, 500)
    made = join_pairs(first, second, max_length=max_length, **MARKS)
    for row in range(6):
        a = [10 + 1000 * row + place for place in range(lengths_a[row])]
        b = [500 + 1000 * row + place for place in range(lengths_b[row])]
        wanted = by_hand(a, b, max_length - 3)
        length = int(made.lengths[row])
        assert made.ids[row, :length].tolist() == wanted
        assert made.segments[row, :length].tolist() == [0] * (len(a) + 2) + [1] * (len(b) + 1)
        words = [-1, *(place // 2 for place in range(len(a))), -1, *(place // 2 for place in range(len(b))), -1]
        assert made.words[row, :length].tolist() == words
    assert made.shape[1] == made.lengths.max() <= max_length
    assert (made.ids[~made.real] == 0).all()
    assert (made.segments[~made.real] == 0).all()


def test_next_sentence_is_the_next_or_a_stranger() -> None:
    n = 600
    first, second, stranger = (texts([3] * n, start) for start in (10, 100, 200))
    own = Draws.of(0, 0, torch.arange(n))
    made = next_sentence(first, second, stranger, own, **MARKS)
    assert (made.tokens.ids[:, 1] % 1000 == 10).all()
    assert torch.equal(made.tokens.ids[:, 5] % 1000, torch.where(made.label == 0, 100, 200))
    assert torch.equal(made.tokens.ids[:, 5] // 1000, torch.arange(n))
    assert 0.45 < made.label.float().mean() < 0.55
    again = next_sentence(first.rows(slice(7, 9)), second.rows(slice(7, 9)), stranger.rows(slice(7, 9)),
                          Draws(own.keys[7:9]), **MARKS)  # fmt: skip
    assert torch.equal(again.tokens.ids, made.tokens.ids[7:9])
    assert torch.equal(again.label, made.label[7:9])


def test_sentence_order_swaps_half() -> None:
    n = 600
    first, second = texts([3] * n, 10), texts([4] * n, 100)
    made = sentence_order(first, second, Draws.of(0, 0, torch.arange(n)), **MARKS)
    assert torch.equal(made.tokens.ids[:, 1] % 1000, torch.where(made.label == 0, 10, 100))
    after = made.tokens.ids[torch.arange(n), torch.where(made.label == 0, 5, 6)]
    assert torch.equal(after % 1000, torch.where(made.label == 0, 100, 10))
    assert 0.45 < made.label.float().mean() < 0.55
    assert (made.tokens.lengths == 10).all()


@pytest.mark.usefixtures("as_users_call")
def test_a_wrong_call_gets_one_sentence() -> None:
    first, second = texts([3, 4], 10), texts([3], 100)
    with pytest.raises(ValueError, match=r"^join_pairs: first and second must be row-aligned\. Got \(2, 1\)\. "):
        join_pairs(first, second, **MARKS)
    with pytest.raises(ValueError, match=r"^join_pairs: max_length must be at least 5\. Got 4\. "):
        join_pairs(first, first, max_length=4, **MARKS)
