"""Operations on texts: drawn for each text alone, input untouched, and what each promises."""

from collections.abc import Callable
from itertools import pairwise, permutations
from typing import Any

import pytest
import torch

from nearfar.views import Draws, Masked, Shuffled, Tokens, crop_spans, delete_tokens, mask_tokens, shuffle_spans

CLS, SEP, MASK, FIRST, VOCABULARY = 2, 3, 4, 10, 1000


def texts(lengths: list[int], width: int | None = None) -> Tokens:
    """`[CLS]`, so many different tokens, `[SEP]`; words are of one, two and three tokens in turn."""
    width = width or max(lengths) + 2
    ids, words = torch.zeros(len(lengths), width, dtype=torch.int64), torch.full((len(lengths), width), -1)
    pattern = torch.tensor([0, 1, 1, 2, 2, 2])
    for row, length in enumerate(lengths):
        place = torch.arange(length)
        ids[row, : length + 2] = torch.cat([torch.tensor([CLS]), FIRST + 50 * row + place, torch.tensor([SEP])])
        words[row, 1 : length + 1] = 3 * (place // 6) + pattern[place % 6]
    return Tokens(ids, torch.tensor(lengths) + 2, words)


def draws(n: int, step: int = 0) -> Draws:
    return Draws.of(0, step, torch.arange(n))


OPERATIONS: dict[str, Callable[[Tokens, Draws], Any]] = {
    "crop": lambda tokens, own: (crop_spans(tokens, own, scale=(0.2, 0.9)),),
    "delete": lambda tokens, own: (delete_tokens(tokens, own, fraction=0.5),),
    "mask": lambda tokens, own: mask_tokens(tokens, own, mask_id=MASK, vocab_size=VOCABULARY, fraction=0.3),
    "whole words": lambda tokens, own: mask_tokens(
        tokens, own, mask_id=MASK, vocab_size=VOCABULARY, fraction=0.3, whole_words=True
    ),
    "shuffle": lambda tokens, own: shuffle_spans(tokens, own, num_spans=4),
}
ALL = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


def lists(made: Any, row: int) -> list[Any]:
    """All that was made of one text, without padding."""
    tokens: Tokens = made[0]
    length = int(tokens.lengths[row])
    values = [tokens.ids[row, :length], tokens.words[row, :length]]
    rest = [each[row].tolist() for each in made[1:]]
    return [
        *(value.tolist() for value in values),
        *(each[:length] if isinstance(each, list) else each for each in rest),
    ]


@ALL
def test_one_by_one_is_the_batch_whatever_the_padding(operation: Callable[[Tokens, Draws], Any]) -> None:
    lengths = [12, 1, 5, 30, 2, 17]
    whole = operation(texts(lengths), draws(6))
    wider = operation(texts(lengths, width=40), draws(6))
    for row in range(6):
        rows = slice(row, row + 1)
        alone = operation(texts(lengths, width=40).rows(rows), Draws(draws(6).keys[rows]))
        assert lists(whole, row) == lists(alone, 0) == lists(wider, row)


@ALL
def test_the_same_draws_give_the_same_and_others_another(operation: Callable[[Tokens, Draws], Any]) -> None:
    tokens = texts([20] * 8)
    assert lists(operation(tokens, draws(8)), 3) == lists(operation(tokens, draws(8)), 3)
    first, second = operation(tokens, draws(8)), operation(tokens, draws(8, step=1))
    assert any(lists(first, row) != lists(second, row) for row in range(8))


@ALL
def test_inputs_stay_and_special_tokens_keep_their_places(operation: Callable[[Tokens, Draws], Any]) -> None:
    tokens = texts([12, 1, 5, 30])
    kept = [each.clone() for each in tokens[:3]]
    made: Tokens = operation(tokens, draws(4))[0]
    assert all(torch.equal(each, other) for each, other in zip(tokens[:3], kept, strict=True))
    assert (made.ids[:, 0] == CLS).all()
    assert (made.ids.gather(1, made.lengths[:, None] - 1) == SEP).all()
    assert (made.ids[~made.real] == 0).all()
    assert (made.words[~made.real] == -1).all()


def test_a_crop_is_a_span_of_the_asked_length() -> None:
    tokens = texts([40] * 400)
    made = crop_spans(tokens, draws(400), scale=(0.25, 0.75))
    sizes = made.lengths - 2
    assert (sizes.min(), sizes.max()) == (10, 30)
    starts = made.ids[:, 1] - FIRST - 50 * torch.arange(400)
    for row in range(400):
        assert torch.equal(made.ids[row, 1 : 1 + sizes[row]], made.ids[row, 1] + torch.arange(int(sizes[row])))
    assert starts.min() == 0
    assert (starts + sizes).max() == 40
    assert abs(float((starts + sizes / 2).mean()) - 20) < 1, "anywhere in the text"
    assert made.shape[1] == sizes.max() + 2


def test_a_crop_of_little_keeps_a_token() -> None:
    assert crop_spans(texts([1, 2, 3]), draws(3), scale=(0.01, 0.01)).lengths.tolist() == [3, 3, 3]
    whole = texts([5, 9])
    assert torch.equal(crop_spans(whole, draws(2), scale=(1.0, 1.0)).ids, whole.ids)


def test_a_deleted_part_is_as_large_as_asked_and_the_rest_keeps_its_order() -> None:
    tokens = texts([40] * 400)
    made = delete_tokens(tokens, draws(400), fraction=0.3)
    assert made.lengths.tolist() == [28 + 2] * 400
    inner = made.ids[:, 1:29]
    assert (inner.diff(dim=1) > 0).all()
    kept = torch.zeros(400, 40).scatter(1, inner - FIRST - 50 * torch.arange(400)[:, None], 1)
    assert (abs(kept.mean(0) - 0.7) < 0.12).all(), "each place as often as any other"
    assert delete_tokens(texts([1, 2, 3]), draws(3), fraction=0.99).lengths.tolist() == [3, 3, 3]
    assert torch.equal(delete_tokens(tokens, draws(400), fraction=0.0).ids, tokens.ids)


def masked(lengths: list[int], *, fraction: float = 0.15, whole_words: bool = False) -> tuple[Tokens, Masked]:
    tokens = texts(lengths)
    own = draws(len(lengths))
    return tokens, mask_tokens(
        tokens, own, mask_id=MASK, vocab_size=VOCABULARY, fraction=fraction, whole_words=whole_words
    )


def test_15_percent_are_chosen_80_10_10() -> None:
    tokens, made = masked([40] * 2000)
    chosen = made.target >= 0
    assert (chosen.sum(1) == 6).all(), "15 % of 40"
    assert not chosen[~tokens.content].any()
    assert torch.equal(made.target[chosen], tokens.ids[chosen])
    assert torch.equal(made.tokens.ids[~chosen], tokens.ids[~chosen])
    seen, count = made.tokens.ids[chosen], int(chosen.sum())
    hidden, same = (seen == MASK).sum() / count, (seen == tokens.ids[chosen]).sum() / count
    assert hidden.item() == pytest.approx(0.8, abs=0.015)
    assert same.item() == pytest.approx(0.1, abs=0.012)
    other = seen[(seen != MASK) & (seen != tokens.ids[chosen])]
    assert len(other) / count == pytest.approx(0.1, abs=0.012)
    assert other.min() < VOCABULARY / 10
    assert other.max() > 9 * VOCABULARY / 10
    share = chosen[:, 1:41].float().mean(0)
    assert share.min() > 0.1
    assert share.max() < 0.2


@pytest.mark.parametrize(("length", "number"), [(1, 1), (3, 1), (9, 1), (10, 2), (17, 3), (100, 15)])
def test_every_text_has_a_chosen_token_and_the_rest_is_rounded(length: int, number: int) -> None:
    _, made = masked([length] * 3)
    assert (made.target >= 0).sum(1).tolist() == [number] * 3


def test_whole_words_are_chosen_with_all_their_tokens() -> None:
    tokens, made = masked([60] * 300, whole_words=True)
    chosen = made.target >= 0
    for row in range(300):
        words = set(tokens.words[row][chosen[row]].tolist())
        assert len(words) == round(0.15 * 30)
        assert chosen[row].tolist() == [word in words for word in tokens.words[row].tolist()]
    assert chosen[:, 1:61].float().mean().item() == pytest.approx(4 / 30, abs=0.01)


def test_words_of_two_segments_are_not_one() -> None:
    tokens = texts([4])._replace(
        words=torch.tensor([[-1, 0, 0, 0, 0, -1]]), segments=torch.tensor([[0, 0, 0, 1, 1, 1]])
    )
    made = mask_tokens(tokens, draws(1), mask_id=MASK, vocab_size=VOCABULARY, whole_words=True)
    assert (made.target >= 0).tolist()[0] in ([False, True, True, *[False] * 3], [*[False] * 3, True, True, False])


def shuffled(lengths: list[int], num_spans: int = 3) -> tuple[Tokens, Shuffled]:
    tokens = texts(lengths)
    return tokens, shuffle_spans(tokens, draws(len(lengths)), num_spans=num_spans)


def test_spans_stand_in_the_order_that_is_told() -> None:
    tokens, made = shuffled([10, 3, 11, 30, 7])
    for row, length in enumerate([10, 3, 11, 30, 7]):
        edges = [-(-span * length // 3) for span in range(4)]
        content = tokens.ids[row, 1 : length + 1]
        wanted = torch.cat([content[edges[span] : edges[span + 1]] for span in made.order[row].tolist()])
        assert made.tokens.ids[row, 1 : length + 1].tolist() == wanted.tolist()
        assert max(b - a for a, b in pairwise(edges)) - length // 3 <= 1
        assert made.label[row] == list(permutations(range(3))).index(tuple(made.order[row].tolist()))
    assert torch.equal(made.tokens.lengths, tokens.lengths)


def test_all_orders_are_as_likely() -> None:
    _, made = shuffled([12] * 1800)
    counts = torch.bincount(made.label, minlength=6)
    assert len(counts) == 6
    assert counts.min() > 300 * 0.8
    assert counts.max() < 300 * 1.2


def test_a_text_too_short_to_cut_is_left_and_has_no_label() -> None:
    tokens, made = shuffled([2, 1, 3])
    assert made.label.tolist()[:2] == [-1, -1]
    assert made.label[2] >= 0
    assert torch.equal(made.tokens.ids[:2], tokens.ids[:2])


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t, d: delete_tokens(t, d, fraction=1.0), r"delete_tokens: fraction must be at least 0 and below 1\. "),
        (lambda t, d: crop_spans(t, d, scale=(0.0, 1.0)), r"crop_spans: scale must be rising in \(0, 1\]\. "),
        (lambda t, d: crop_spans(t, d, scale=(0.9, 0.5)), r"crop_spans: scale must be rising in \(0, 1\]\. "),
        (
            lambda t, d: mask_tokens(t, d, mask_id=4, vocab_size=9, fraction=0.0),
            "mask_tokens: fraction must be above",
        ),
        (
            lambda t, d: mask_tokens(t, d, mask_id=9, vocab_size=9),
            "mask_tokens: mask_id must be a token below 9",
        ),
        (lambda t, d: shuffle_spans(t, d, num_spans=1), r"shuffle_spans: num_spans must be from 2 to 8\. Got 1\. "),
    ],
)
def test_a_wrong_call_gets_one_sentence(call: Callable[[Tokens, Draws], object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        call(texts([3, 4]), draws(2))
