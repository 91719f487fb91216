"""Views: what one encoder pass sees, made in batches on the training device, one random draw for each example."""

from nearfar.views.corruptions import NOISES, corrupt, patch_mask
from nearfar.views.crop import crop_boxes, crop_resize, flip_columns
from nearfar.views.draws import Draws
from nearfar.views.image import as_light, gaussian_blur, normalize, recolor, solarize
from nearfar.views.image_view import ImageView, PlainView
from nearfar.views.pair_policy import PairPolicy
from nearfar.views.panels import Panel, Words, board, puzzle_panel, sample_panel, walk_panel, words
from nearfar.views.patches import patch_grid
from nearfar.views.plan import AnyPolicy, ViewPlan
from nearfar.views.policies import byol, dino, repeat, simclr, swav, weak
from nearfar.views.policy import AUGMENTATIONS, Policy
from nearfar.views.puzzles import Puzzle, far_permutations, jigsaw, neighbours, rotated, tiles
from nearfar.views.series import (
    SeriesPolicy,
    SeriesView,
    permute_segments,
    resample,
    weak_series,
    weak_strong,
    whole_series,
)
from nearfar.views.text import Masked, Shuffled, crop_spans, delete_tokens, mask_tokens, shuffle_spans
from nearfar.views.text_pairs import (
    GivenText,
    NextSentenceView,
    SentenceOrderView,
    TextPairs,
    join_pairs,
    next_sentence,
    sentence_order,
)
from nearfar.views.text_policy import (
    MaskedTextView,
    ShuffledTextView,
    TextPolicy,
    TextView,
    given_texts,
    masked_text,
    next_sentences,
    sentence_orders,
    shuffled_text,
    span_crops,
    token_masks,
    twins,
)
from nearfar.views.tokens import Tokens

__all__ = [
    "AUGMENTATIONS",
    "NOISES",
    "AnyPolicy",
    "Draws",
    "GivenText",
    "ImageView",
    "Masked",
    "MaskedTextView",
    "NextSentenceView",
    "PairPolicy",
    "Panel",
    "PlainView",
    "Policy",
    "Puzzle",
    "SentenceOrderView",
    "SeriesPolicy",
    "SeriesView",
    "Shuffled",
    "ShuffledTextView",
    "TextPairs",
    "TextPolicy",
    "TextView",
    "Tokens",
    "ViewPlan",
    "Words",
    "as_light",
    "board",
    "byol",
    "corrupt",
    "crop_boxes",
    "crop_resize",
    "crop_spans",
    "delete_tokens",
    "dino",
    "far_permutations",
    "flip_columns",
    "gaussian_blur",
    "given_texts",
    "jigsaw",
    "join_pairs",
    "mask_tokens",
    "masked_text",
    "neighbours",
    "next_sentence",
    "next_sentences",
    "normalize",
    "patch_grid",
    "patch_mask",
    "permute_segments",
    "puzzle_panel",
    "recolor",
    "repeat",
    "resample",
    "rotated",
    "sample_panel",
    "sentence_order",
    "sentence_orders",
    "shuffle_spans",
    "shuffled_text",
    "simclr",
    "solarize",
    "span_crops",
    "swav",
    "tiles",
    "token_masks",
    "twins",
    "walk_panel",
    "weak",
    "weak_series",
    "weak_strong",
    "whole_series",
    "words",
]
