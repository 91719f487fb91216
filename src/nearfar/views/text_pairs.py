"""Two texts as one: pairs of sentences that follow one another in their document, or do not."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from nearfar.errors import complaint
from nearfar.views.draws import Draws
from nearfar.views.tokens import Tokens, joined

__all__ = [
    "GivenText",
    "NextSentenceView",
    "SentenceOrderView",
    "TextPairs",
    "join_pairs",
    "next_sentence",
    "sentence_order",
]

_SPECIAL = 3  # [CLS] first [SEP] second [SEP]


class TextPairs(NamedTuple):
    """Pairs of texts, and whether they stand as in their document.

    Attributes:
        tokens: `[CLS] first [SEP] second [SEP]`, with segments.
        label: 0 where the second follows the first, as BERT has it, and 1 where it does not.
    """

    tokens: Tokens
    label: Int[Tensor, "n"]


def join_pairs(first: Tokens, second: Tokens, *, cls_id: int, sep_id: int, max_length: int = 128) -> Tokens:
    """`[CLS] first [SEP] second [SEP]`; what is too long loses tokens at the end of its longer text.

    Args:
        first: n texts; their own special tokens are left out.
        second: the text that stands behind each.
        cls_id: the number of the token before all.
        sep_id: the number of the token behind each text.
        max_length: most tokens of a pair, special ones too; at least 5.

    Raises:
        ValueError: there are not as many second texts, or the length leaves no room for both.

    Source: BERT, Devlin et al. 2018, arXiv 1810.04805, section 3 and its code, which takes tokens from either end.
    """
    if len(first.ids) != len(second.ids):
        sizes = (len(first.ids), len(second.ids))
        raise ValueError(complaint("join_pairs", "first and second", "row-aligned", sizes, "Give each a second text"))
    if max_length < _SPECIAL + 2:
        raise ValueError(complaint("join_pairs", "max_length", "at least 5", max_length, "Try 128"))
    size_a, size_b = first.content.sum(dim=1), second.content.sum(dim=1)
    room = max_length - _SPECIAL
    size_a = torch.minimum(size_a, (room - size_b).clamp(min=(room + 1) // 2))
    size_b = torch.minimum(size_b, room - size_a)
    lengths = size_a + size_b + _SPECIAL
    place = torch.arange(int(lengths.max()) if len(lengths) else 0, device=first.device).expand(len(lengths), -1)
    end_a = (size_a + 1)[:, None]
    return _assembled(first, second, place, end_a, lengths, special=(cls_id, sep_id))


def _assembled(
    first: Tokens, second: Tokens, place: Tensor, end_a: Tensor, lengths: Tensor, *, special: tuple[int, int]
) -> Tokens:
    """Each place's token: of the first text up to `end_a`, where it is separated, and then of the second."""
    behind = place >= lengths[:, None]
    is_end = (place == end_a) | (place == lengths[:, None] - 1)
    of_first, of_second = (place > 0) & (place < end_a), (place > end_a) & ~is_end & ~behind
    ids = torch.where(place == 0, special[0], torch.where(is_end, special[1], 0))
    words = torch.full_like(ids, -1)
    for text, inside, start in ((first, of_first, 1), (second, of_second, end_a + 1)):
        order = (~text.content).to(torch.uint8).argsort(dim=1, stable=True)
        source = order.gather(1, (place - start).clamp(0, max(0, order.shape[1] - 1)))
        ids = torch.where(inside, text.ids.gather(1, source), ids)
        words = torch.where(inside, text.words.gather(1, source), words)
    return Tokens(ids, lengths, words, ((place > end_a) & ~behind).long())


def next_sentence(
    first: Tokens,
    second: Tokens,
    stranger: Tokens,
    draws: Draws,
    *,
    cls_id: int,
    sep_id: int,
    max_length: int = 128,
) -> TextPairs:
    """Pairs of which half are a sentence and the next, and half a sentence and one from elsewhere.

    Args:
        first: n sentences.
        second: the one that follows each in its document.
        stranger: one from elsewhere for each.
        draws: one key for each pair.
        cls_id: the number of the token before all.
        sep_id: the number of the token behind each text.
        max_length: most tokens of a pair, special ones too.

    Source: BERT, Devlin et al. 2018, arXiv 1810.04805, section 3.1, task 2.
    """
    is_next, row = _halves(draws)
    both = joined([second, stranger])
    behind = both.rows(torch.where(is_next, row, row + len(row)))
    tokens = join_pairs(first, behind, cls_id=cls_id, sep_id=sep_id, max_length=max_length)
    return TextPairs(tokens, (~is_next).long())


def sentence_order(
    first: Tokens, second: Tokens, draws: Draws, *, cls_id: int, sep_id: int, max_length: int = 128
) -> TextPairs:
    """Pairs of a sentence and the next, of which half are swapped.

    Args:
        first: n sentences.
        second: the one that follows each in its document.
        draws: one key for each pair.
        cls_id: the number of the token before all.
        sep_id: the number of the token behind each text.
        max_length: most tokens of a pair, special ones too.

    Source: ALBERT, Lan et al. 2019, arXiv 1909.11942, section 3.1.
    """
    is_next, row = _halves(draws)
    both = joined([first, second])
    ahead, behind = (torch.where(is_next == straight, row, row + len(row)) for straight in (True, False))
    tokens = join_pairs(both.rows(ahead), both.rows(behind), cls_id=cls_id, sep_id=sep_id, max_length=max_length)
    return TextPairs(tokens, (~is_next).long())


@dataclass(frozen=True, kw_only=True)
class GivenText:
    """One of an example's texts, as it is.

    Attributes:
        place: which of them, counted from 0.
    """

    place: int

    def __call__(self, texts: tuple[Tokens, ...], draws: Draws) -> Tokens:
        """The view of each example.

        Args:
            texts: those of the examples, by place.
            draws: one key for each example; nothing is drawn.
        """
        return texts[self.place]


@dataclass(frozen=True, kw_only=True)
class NextSentenceView:
    """A sentence with the next, or with one from elsewhere, which is to be told.

    Attributes:
        cls_id: the number of the token before all.
        sep_id: the number of the token behind each text.
        max_length: most tokens of a pair, special ones too.
    """

    cls_id: int
    sep_id: int
    max_length: int = 128

    def __call__(self, texts: tuple[Tokens, ...], draws: Draws) -> TextPairs:
        """The view of each sentence.

        Args:
            texts: the sentences, the next of each, and one from elsewhere for each.
            draws: one key for each sentence.
        """
        first, second, stranger = texts
        return next_sentence(
            first, second, stranger, draws, cls_id=self.cls_id, sep_id=self.sep_id, max_length=self.max_length
        )


@dataclass(frozen=True, kw_only=True)
class SentenceOrderView:
    """A sentence and the next, swapped or not, which is to be told.

    Attributes:
        cls_id: the number of the token before all.
        sep_id: the number of the token behind each text.
        max_length: most tokens of a pair, special ones too.
    """

    cls_id: int
    sep_id: int
    max_length: int = 128

    def __call__(self, texts: tuple[Tokens, ...], draws: Draws) -> TextPairs:
        """The view of each sentence.

        Args:
            texts: the sentences and the next of each.
            draws: one key for each sentence.
        """
        first, second = texts
        return sentence_order(first, second, draws, cls_id=self.cls_id, sep_id=self.sep_id, max_length=self.max_length)


def _halves(draws: Draws) -> tuple[Bool[Tensor, "n"], Int[Tensor, "n"]]:
    """Whether each pair stays as it is, and its row."""
    return draws.uniform(1)[:, 0] < 0.5, torch.arange(len(draws.keys), device=draws.keys.device)
