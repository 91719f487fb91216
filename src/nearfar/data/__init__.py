"""Where data comes from: containers become sources, sources become batches of bytes."""

from nearfar.data.bucketing import buckets
from nearfar.data.cache import CACHE_BYTES, cache_folder, cached, cached_side
from nearfar.data.decode import crop_resize, crops, cut, decode, is_gray, resize_center, upright, upright_size
from nearfar.data.duplicates import Duplicates, duplicates
from nearfar.data.encoded import EncodedTexts
from nearfar.data.feed import Boxes, PictureFeed, RawBatch
from nearfar.data.holdout import hold_out_classes, holdout, with_few_examples, with_few_labels
from nearfar.data.loader import in_order
from nearfar.data.opening import BUILT_IN, open_source, splits
from nearfar.data.pictures import KEPT_BYTES, Kept, Pictures
from nearfar.data.plain import channel_statistics, plain_batches
from nearfar.data.reading import Reading
from nearfar.data.running import RunningText
from nearfar.data.sentences import Places, Sentences
from nearfar.data.source import Source
from nearfar.data.text.opening import open_sentences, sentence_splits
from nearfar.data.text_feed import TextFeed
from nearfar.data.tokenizer import Tokenizer
from nearfar.data.vocabulary import SpecialTokens

__all__ = [
    "BUILT_IN",
    "CACHE_BYTES",
    "KEPT_BYTES",
    "Boxes",
    "Duplicates",
    "EncodedTexts",
    "Kept",
    "PictureFeed",
    "Pictures",
    "Places",
    "RawBatch",
    "Reading",
    "RunningText",
    "Sentences",
    "Source",
    "SpecialTokens",
    "TextFeed",
    "Tokenizer",
    "buckets",
    "cache_folder",
    "cached",
    "cached_side",
    "channel_statistics",
    "crop_resize",
    "crops",
    "cut",
    "decode",
    "duplicates",
    "hold_out_classes",
    "holdout",
    "in_order",
    "is_gray",
    "open_sentences",
    "open_source",
    "plain_batches",
    "resize_center",
    "sentence_splits",
    "splits",
    "upright",
    "upright_size",
    "with_few_examples",
    "with_few_labels",
]
