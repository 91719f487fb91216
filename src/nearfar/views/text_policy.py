"""The named compositions for text: which views of a sentence a method is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nearfar.errors import complaint
from nearfar.views.draws import Draws
from nearfar.views.text import Masked, Shuffled, crop_spans, delete_tokens, mask_tokens, shuffle_spans
from nearfar.views.text_pairs import GivenText, NextSentenceView, SentenceOrderView
from nearfar.views.tokens import Tokens

__all__ = [
    "MaskedTextView",
    "ShuffledTextView",
    "TextPolicy",
    "TextView",
    "given_texts",
    "masked_text",
    "next_sentences",
    "sentence_orders",
    "shuffled_text",
    "span_crops",
    "token_masks",
    "twins",
]

_CROP, _MASK, _DELETE = range(3)  # what the draws of one view are folded with


@dataclass(frozen=True, kw_only=True)
class TextView:
    """A random view of a text for joint embedding: a span of it, with some tokens deleted or hidden.

    Attributes:
        crop_scale: least and greatest part of the text's tokens that the span has; (1, 1) is the whole text.
        deleted: the part of the span's tokens that are deleted; 0 deletes none.
        masked: the part of the tokens left that are hidden as BERT hides them; 0 hides none.
        mask_id: the number of the mask token; None where none is hidden.
        vocab_size: how many tokens there are; None where none is hidden.
    """

    crop_scale: tuple[float, float] = (1.0, 1.0)
    deleted: float = 0.0
    masked: float = 0.0
    mask_id: int | None = None
    vocab_size: int | None = None

    def __post_init__(self) -> None:
        if self.masked and (self.mask_id is None or self.vocab_size is None):
            constraint = "given with vocab_size where tokens are masked"
            raise ValueError(complaint("TextView", "mask_id", constraint, self.mask_id, "Take both from the tokenizer"))

    def __call__(self, tokens: Tokens, draws: Draws) -> Tokens:
        """The view of each text.

        Args:
            tokens: whole texts.
            draws: one key for each.
        """
        if self.crop_scale != (1.0, 1.0):
            tokens = crop_spans(tokens, draws.fold(_CROP), scale=self.crop_scale)
        if self.deleted:
            tokens = delete_tokens(tokens, draws.fold(_DELETE), fraction=self.deleted)
        if self.masked and self.mask_id is not None and self.vocab_size is not None:
            keys = draws.fold(_MASK)
            hidden = mask_tokens(tokens, keys, mask_id=self.mask_id, vocab_size=self.vocab_size, fraction=self.masked)
            tokens = hidden.tokens
        return tokens


@dataclass(frozen=True, kw_only=True)
class MaskedTextView:
    """A text of which some tokens are hidden and to be predicted.

    Attributes:
        mask_id: the number of the mask token.
        vocab_size: how many tokens there are.
        fraction: the part that is chosen.
        whole_words: whether words are chosen, each with all its tokens.
    """

    mask_id: int
    vocab_size: int
    fraction: float = 0.15
    whole_words: bool = False

    def __call__(self, tokens: Tokens, draws: Draws) -> Masked:
        """The view of each text, with what is to be predicted.

        Args:
            tokens: whole texts.
            draws: one key for each.
        """
        return mask_tokens(
            tokens,
            draws,
            mask_id=self.mask_id,
            vocab_size=self.vocab_size,
            fraction=self.fraction,
            whole_words=self.whole_words,
        )


@dataclass(frozen=True, kw_only=True)
class ShuffledTextView:
    """A text whose spans stand in a random order, which is to be told.

    Attributes:
        num_spans: how many spans.
    """

    num_spans: int = 3

    def __call__(self, tokens: Tokens, draws: Draws) -> Shuffled:
        """The view of each text, with its order.

        Args:
            tokens: whole texts.
            draws: one key for each.
        """
        return shuffle_spans(tokens, draws, num_spans=self.num_spans)


@dataclass(frozen=True)
class TextPolicy:
    """The views of a batch of texts, each with draws of its own.

    Attributes:
        views: how each view is made, in the order in which a method receives them.
        salts: what the draws of each view are told apart by; its place when not given. Equal views of one salt see the
            same.
        takes: the texts that views are made of, by what they are to their example: roles of the source, of which
            "text" is its first; "next", the sentence that follows in its document; "stranger", a sentence from
            elsewhere.
    """

    views: tuple[Callable[[Any, Draws], Any], ...]
    salts: tuple[int, ...] = ()
    takes: tuple[str, ...] = ("text",)

    def resized(self, factor: float) -> "TextPolicy":
        """The same: texts have no resolution to begin a run below.

        Args:
            factor: of the resolution.
        """
        return self

    def __call__(self, texts: Tokens | tuple[Tokens, ...], draws: Draws) -> tuple[Any, ...]:
        """Makes the views.

        Args:
            texts: whole texts; a tuple with those of each kind, in their order, where `takes` is not "text" alone.
            draws: one key for each example.
        """
        salts = self.salts or range(len(self.views))
        return tuple(view(texts, draws.fold(salt)) for view, salt in zip(self.views, salts, strict=True))


def twins(times: int = 2, *, deleted: float = 0.0) -> TextPolicy:
    """The text several times: what differs between its views is left to the encoder's dropout, and to what is deleted.

    Args:
        times: how often it is seen.
        deleted: the part of its tokens that each view is without. An encoder that knows no language yet needs about
            half of them gone: else it learns that any difference makes two texts far.

    Source: SimCSE, Gao et al. 2021, arXiv 2104.08821, section 3; deleted tokens in its table 1 and in ConSERT, Yan et
        al. 2021, arXiv 2105.11741.
    """
    return TextPolicy((TextView(deleted=deleted),) * times)


def span_crops(*, crop_scale: tuple[float, float] = (0.5, 1.0), num_views: int = 2) -> TextPolicy:
    """Spans of a text, each at a place of its own.

    Args:
        crop_scale: least and greatest part of the text's tokens.
        num_views: how many.

    Source: DeCLUTR, Giorgi et al. 2020, arXiv 2006.03659, section 3.1.
    """
    return TextPolicy((TextView(crop_scale=crop_scale),) * num_views)


def token_masks(*, mask_id: int, vocab_size: int, masked: float = 0.15, num_views: int = 2) -> TextPolicy:
    """The whole text with other tokens hidden in each view.

    Args:
        mask_id: the number of the mask token.
        vocab_size: how many tokens there are.
        masked: the part that is hidden.
        num_views: how many.

    Source: CLEAR, Wu et al. 2020, arXiv 2012.15466, section 3.2, deletes the tokens that are hidden here.
    """
    return TextPolicy((TextView(masked=masked, mask_id=mask_id, vocab_size=vocab_size),) * num_views)


def masked_text(*, mask_id: int, vocab_size: int, fraction: float = 0.15, whole_words: bool = False) -> TextPolicy:
    """BERT's one view: the text with tokens hidden, and what stood there.

    Args:
        mask_id: the number of the mask token.
        vocab_size: how many tokens there are.
        fraction: the part that is chosen.
        whole_words: whether words are chosen, each with all its tokens.

    Source: BERT, Devlin et al. 2018, arXiv 1810.04805, section 3.1.
    """
    view = MaskedTextView(mask_id=mask_id, vocab_size=vocab_size, fraction=fraction, whole_words=whole_words)
    return TextPolicy((view,))


def shuffled_text(*, num_spans: int = 3) -> TextPolicy:
    """One view: the text with its spans in a random order, and that order.

    Args:
        num_spans: how many spans.

    Source: the jigsaw task of Noroozi and Favaro 2016, arXiv 1603.09246, on text.
    """
    return TextPolicy((ShuffledTextView(num_spans=num_spans),))


def given_texts(roles: Sequence[str] = ("anchor", "positive")) -> TextPolicy:
    """The texts of a pair or a triplet as they are, each a view.

    Args:
        roles: of the source, in the order of the views.

    Source: SimCSE, Gao et al. 2021, arXiv 2104.08821, section 4.
    """
    return TextPolicy(tuple(GivenText(place=place) for place in range(len(roles))), takes=tuple(roles))


def next_sentences(*, cls_id: int, sep_id: int, max_length: int = 128) -> TextPolicy:
    """One view: a sentence with the next, or with one from elsewhere, and which of the two it is.

    Args:
        cls_id: the number of the token before all.
        sep_id: the number of the token behind each text.
        max_length: most tokens of a pair, special ones too.

    Source: BERT, Devlin et al. 2018, arXiv 1810.04805, section 3.1, task 2.
    """
    view = NextSentenceView(cls_id=cls_id, sep_id=sep_id, max_length=max_length)
    return TextPolicy((view,), takes=("text", "next", "stranger"))


def sentence_orders(*, cls_id: int, sep_id: int, max_length: int = 128) -> TextPolicy:
    """One view: a sentence and the next, swapped or not, and whether they are.

    Args:
        cls_id: the number of the token before all.
        sep_id: the number of the token behind each text.
        max_length: most tokens of a pair, special ones too.

    Source: ALBERT, Lan et al. 2019, arXiv 1909.11942, section 3.1.
    """
    view = SentenceOrderView(cls_id=cls_id, sep_id=sep_id, max_length=max_length)
    return TextPolicy((view,), takes=("text", "next"))
