"""What is done to texts so that one pass sees them otherwise: spans, masks and another order.

Each operation is drawn for each text from a key of its own, looks at no other text, and leaves special tokens where
they are.
"""

from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from nearfar.errors import complaint
from nearfar.views.draws import Draws
from nearfar.views.tokens import Tokens, compact, taken

__all__ = ["Masked", "Shuffled", "crop_spans", "delete_tokens", "mask_tokens", "shuffle_spans"]

_HIDDEN, _RANDOM = 0.8, 0.1  # of the chosen tokens; the rest stays as it is


class Masked(NamedTuple):
    """Texts of which some tokens are hidden.

    Attributes:
        tokens: the texts as the encoder sees them.
        target: the token that stood there, where it was chosen to be predicted; -1 elsewhere.
    """

    tokens: Tokens
    target: Int[Tensor, "n t"]


class Shuffled(NamedTuple):
    """Texts whose spans stand in another order.

    Attributes:
        tokens: the texts as the encoder sees them.
        order: which span of the text stands at each place, counted from 0.
        label: the number of that order among all, in the order of a dictionary, from 0 for the text's own; -1 where a
            text has fewer tokens than there are spans and was left as it is.
    """

    tokens: Tokens
    order: Int[Tensor, "n s"]
    label: Int[Tensor, "n"]


def crop_spans(tokens: Tokens, draws: Draws, *, scale: tuple[float, float] = (0.5, 1.0)) -> Tokens:
    """A span of each text, at a random place and of a random length; at least one token.

    Args:
        tokens: the texts.
        draws: one key for each text.
        scale: least and greatest part of the text's tokens that the span has; the part is drawn evenly.

    Raises:
        ValueError: the parts are not rising in (0, 1].

    Source: as in DeCLUTR, Giorgi et al. 2020, arXiv 2006.03659, section 3.1, whose spans are longer than a sentence.
    """
    if not 0 < scale[0] <= scale[1] <= 1:
        raise ValueError(complaint("crop_spans", "scale", "rising in (0, 1]", scale, "Try (0.5, 1.0)"))
    content = tokens.content
    count, drawn = content.sum(dim=1), draws.uniform(2)
    part = scale[0] + (scale[1] - scale[0]) * drawn[:, 0]
    size = torch.minimum((part * count).round().long().clamp(min=1), count)
    start = (drawn[:, 1] * (count - size + 1)).long()
    rank = content.cumsum(dim=1) - 1
    inside = (rank >= start[:, None]) & (rank < (start + size)[:, None])
    return compact(tokens, tokens.real & (inside | ~content))


def delete_tokens(tokens: Tokens, draws: Draws, *, fraction: float) -> Tokens:
    """Each text without some of its tokens; at least one stays.

    Args:
        tokens: the texts.
        draws: one key for each text.
        fraction: the part of a text's tokens that is deleted, rounded; from 0 to below 1.

    Raises:
        ValueError: the fraction cannot be used.

    Source: ConSERT, Yan et al. 2021, arXiv 2105.11741, section 3.2.2, cuts tokens off so.
    """
    if not 0 <= fraction < 1:
        raise ValueError(complaint("delete_tokens", "fraction", "at least 0 and below 1", fraction, "Try 0.5"))
    content = tokens.content
    count = content.sum(dim=1)
    drawn = draws.uniform(tokens.shape[1]).masked_fill(~content, torch.inf)
    stays = torch.maximum(count - (fraction * count).round().long(), count.clamp(max=1))
    kept = drawn.argsort(dim=1, stable=True).argsort(dim=1) < stays[:, None]
    return compact(tokens, tokens.real & (kept | ~content))


def mask_tokens(
    tokens: Tokens,
    draws: Draws,
    *,
    mask_id: int,
    vocab_size: int,
    fraction: float = 0.15,
    whole_words: bool = False,
) -> Masked:
    """BERT's masks: some tokens of each text are chosen, and most of these are hidden.

    Of a text's tokens the given part is chosen, rounded, and at least one. Of the chosen ones 80 % become the mask
    token, 10 % a random token, and 10 % stay.

    Args:
        tokens: the texts.
        draws: one key for each text.
        mask_id: the number of the mask token.
        vocab_size: from how many tokens the random ones are drawn.
        fraction: the part that is chosen, above 0 and at most 1.
        whole_words: whether words are chosen, each with all its tokens; the part is then that of the words.

    Raises:
        ValueError: the fraction cannot be used, or a number is none of the vocabulary.

    Source: BERT, Devlin et al. 2018, arXiv 1810.04805, section 3.1 and appendix A.1; whole words as in its later code,
        which counts the tokens of the words it takes.
    """
    if not 0 < fraction <= 1:
        raise ValueError(complaint("mask_tokens", "fraction", "above 0 and at most 1", fraction, "Try 0.15"))
    if not 0 <= mask_id < vocab_size:
        constraint = f"a token below {vocab_size}, the size of the vocabulary"
        raise ValueError(complaint("mask_tokens", "mask_id", constraint, mask_id, "Take both from one tokenizer"))
    content = tokens.content
    heads = _heads(tokens) if whole_words else content
    drawn = draws.fold(0).uniform(tokens.shape[1])
    wanted = (fraction * heads.sum(dim=1)).round().long().clamp(min=1)
    first = drawn.masked_fill(~heads, torch.inf).argsort(dim=1, stable=True).argsort(dim=1) < wanted[:, None]
    place = torch.arange(tokens.shape[1], device=tokens.device)
    head_of = torch.where(heads, place, 0).cummax(dim=1).values
    chosen = content & (first & heads).gather(1, head_of)
    seen = _replaced(tokens.ids, draws, mask_id=mask_id, vocab_size=vocab_size)
    return Masked(tokens._replace(ids=torch.where(chosen, seen, tokens.ids)), torch.where(chosen, tokens.ids, -1))


def _heads(tokens: Tokens) -> Tensor:
    """Where a word begins."""
    words, segments = tokens.words, tokens.segments
    begins = torch.ones_like(words, dtype=torch.bool)
    begins[:, 1:] = words[:, 1:] != words[:, :-1]
    if segments is not None:
        begins[:, 1:] |= segments[:, 1:] != segments[:, :-1]
    return begins & tokens.content


def _replaced(ids: Tensor, draws: Draws, *, mask_id: int, vocab_size: int) -> Tensor:
    """What stands where a token was chosen."""
    fate, other = (draws.fold(salt).uniform(ids.shape[1]) for salt in (1, 2))
    anything = (other * vocab_size).long()
    return torch.where(fate < _HIDDEN, mask_id, torch.where(fate < _HIDDEN + _RANDOM, anything, ids))


def shuffle_spans(tokens: Tokens, draws: Draws, *, num_spans: int = 3) -> Shuffled:
    """Each text cut into spans of about equal length that stand in a random order; any order is as likely.

    Args:
        tokens: the texts.
        draws: one key for each text.
        num_spans: how many spans, 2 to 8.

    Raises:
        ValueError: there are fewer than 2 spans, or too many to number their orders.

    Source: the jigsaw task of Noroozi and Favaro 2016, arXiv 1603.09246, on text.
    """
    if not 2 <= num_spans <= 8:
        raise ValueError(complaint("shuffle_spans", "num_spans", "from 2 to 8", num_spans, "Try 3"))
    content = tokens.content
    count, rank = content.sum(dim=1, keepdim=True), content.cumsum(dim=1) - 1
    enough = count >= num_spans
    natural = torch.arange(num_spans, device=tokens.device)
    order = torch.where(enough, draws.uniform(num_spans).argsort(dim=1, stable=True), natural)
    span = (rank * num_spans // count.clamp(min=1)).clamp(0, num_spans - 1)
    width = tokens.shape[1]
    key = torch.where(content, order.argsort(dim=1).gather(1, span) * width + rank, num_spans * width)
    source = key.argsort(dim=1, stable=True)
    places = torch.empty_like(source).scatter_(1, (~content).to(torch.uint8).argsort(dim=1, stable=True), source)
    moved = taken(tokens, places, tokens.lengths)
    return Shuffled(moved, order, torch.where(enough[:, 0], _number(order), -1))


def _number(order: Int[Tensor, "n s"]) -> Int[Tensor, "n"]:
    """Which permutation it is, in lexicographic order (Lehmer's code)."""
    number = torch.zeros_like(order[:, 0])
    for place in range(order.shape[1]):
        number = number * (order.shape[1] - place) + (order[:, place + 1 :] < order[:, place, None]).sum(dim=1)
    return number
