"""The named compositions for text."""

import pickle

import pytest
import torch

from nearfar.views import (
    Draws,
    TextPolicy,
    TextView,
    Tokens,
    given_texts,
    masked_text,
    next_sentence,
    next_sentences,
    sentence_order,
    sentence_orders,
    shuffled_text,
    span_crops,
    token_masks,
    twins,
)

TEXTS = Tokens(
    torch.cat([torch.full((6, 1), 2), torch.arange(10, 130).view(6, 20), torch.full((6, 1), 3)], dim=1),
    torch.full((6,), 22),
    torch.cat([torch.full((6, 1), -1), torch.arange(20).expand(6, 20), torch.full((6, 1), -1)], dim=1),
)
DRAWS = Draws.of(0, 0, torch.arange(6))


def test_twins_are_the_text_itself() -> None:
    views = twins(3)(TEXTS, DRAWS)
    assert len(views) == 3
    assert all(view.ids is TEXTS.ids for view in views)


def test_crops_and_masks_differ_from_view_to_view() -> None:
    crop_a, crop_b, crop_c = span_crops(crop_scale=(0.3, 0.6), num_views=3)(TEXTS, DRAWS)
    assert len({tuple(view.lengths.tolist()) for view in (crop_a, crop_b, crop_c)}) == 3
    mask_a, mask_b = token_masks(mask_id=4, vocab_size=200, masked=0.5)(TEXTS, DRAWS)
    assert ((mask_a.ids == 4).sum(1) >= 4).all()
    assert not torch.equal(mask_a.ids, mask_b.ids)


def test_a_view_crops_and_then_masks() -> None:
    view = TextView(crop_scale=(0.5, 0.5), masked=0.5, mask_id=4, vocab_size=200)(TEXTS, DRAWS)
    assert view.lengths.tolist() == [12] * 6
    changed = (view.ids - view.ids.roll(1, 1))[:, 2:11] != 1
    assert changed.any(1).all()


def test_views_of_one_salt_are_the_same() -> None:
    crop = TextView(crop_scale=(0.3, 0.9))
    first, second, third = TextPolicy((crop, crop, crop), salts=(0, 0, 1))(TEXTS, DRAWS)
    assert torch.equal(first.ids, second.ids)
    assert first.lengths.tolist() != third.lengths.tolist()


def test_pretext_tasks_have_one_view_with_its_answer() -> None:
    (masked,) = masked_text(mask_id=4, vocab_size=200, whole_words=True)(TEXTS, DRAWS)
    assert ((masked.target >= 0).sum(1) == 3).all()
    (shuffled,) = shuffled_text(num_spans=4)(TEXTS, DRAWS)
    assert shuffled.order.shape == (6, 4)


def test_given_texts_are_seen_as_they_are() -> None:
    policy = given_texts(["anchor", "positive", "negative"])
    assert policy.takes == ("anchor", "positive", "negative")
    texts = tuple(TEXTS._replace(ids=TEXTS.ids + kind) for kind in range(3))
    views = policy(texts, DRAWS)
    assert all(view is text for view, text in zip(views, texts, strict=True))


def test_pairs_are_drawn_for_each_sentence() -> None:
    marks = {"cls_id": 2, "sep_id": 3, "max_length": 30}
    first, second, stranger = (TEXTS._replace(ids=TEXTS.ids + 1000 * kind) for kind in range(3))
    (made,) = next_sentences(**marks)((first, second, stranger), DRAWS)
    wanted = next_sentence(first, second, stranger, DRAWS.fold(0), **marks)
    assert torch.equal(made.tokens.ids, wanted.tokens.ids)
    assert torch.equal(made.label, wanted.label)
    (made,) = sentence_orders(**marks)((first, second), DRAWS)
    wanted = sentence_order(first, second, DRAWS.fold(0), **marks)
    assert torch.equal(made.tokens.ids, wanted.tokens.ids)
    assert torch.equal(made.label, wanted.label)
    assert (next_sentences(**marks).takes, sentence_orders(**marks).takes) == (
        ("text", "next", "stranger"),
        ("text", "next"),
    )


def test_policies_are_picklable() -> None:
    of_pairs = (given_texts(), next_sentences(cls_id=2, sep_id=3), sentence_orders(cls_id=2, sep_id=3))
    for policy in (twins(), span_crops(), masked_text(mask_id=4, vocab_size=9), shuffled_text(), *of_pairs):
        assert pickle.loads(pickle.dumps(policy)) == policy


def test_masks_need_the_tokenizer_s_numbers() -> None:
    with pytest.raises(ValueError, match=r"^TextView: mask_id must be given with vocab_size .* Got None\. "):
        TextView(masked=0.15)
