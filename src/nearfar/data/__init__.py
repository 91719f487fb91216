"""Where data comes from: containers become sources, sources become batches of bytes."""

from nearfar.data.bucketing import buckets
from nearfar.data.cache import CACHE_BYTES, cache_folder, cached, cached_side
from nearfar.data.captioned import Captioned
from nearfar.data.captioned_feed import CaptionedFeed
from nearfar.data.captions.opening import captioned_splits, open_captioned
from nearfar.data.decode import crop_resize, crops, cut, decode, is_gray, resize_center, upright, upright_size
from nearfar.data.duplicates import Duplicates, duplicates
from nearfar.data.encoded import EncodedTexts
from nearfar.data.feed import Boxes, PictureFeed, RawBatch
from nearfar.data.holdout import hold_out_classes, holdout, with_few_examples, with_few_labels
from nearfar.data.loader import in_order
from nearfar.data.modality import KINDS, Kind, modality_of, open_data, splits_of
from nearfar.data.opening import BUILT_IN, open_source, splits
from nearfar.data.order import EpochOrder
from nearfar.data.pictures import KEPT_BYTES, Kept, Pictures
from nearfar.data.plain import channel_statistics, plain_batches
from nearfar.data.reading import COLUMNS, Reading
from nearfar.data.running import RunningText
from nearfar.data.sentences import Places, Sentences
from nearfar.data.series import Series
from nearfar.data.series_feed import SeriesFeed
from nearfar.data.series_opening import are_series, open_series, series_splits
from nearfar.data.source import Source
from nearfar.data.text.anything import open_texts, text_splits
from nearfar.data.text.opening import open_sentences, sentence_splits
from nearfar.data.text_feed import TextFeed
from nearfar.data.tokenizer import Tokenizer
from nearfar.data.vocabulary import SpecialTokens

__all__ = [
    "BUILT_IN",
    "CACHE_BYTES",
    "COLUMNS",
    "KEPT_BYTES",
    "KINDS",
    "Boxes",
    "Captioned",
    "CaptionedFeed",
    "Duplicates",
    "EncodedTexts",
    "EpochOrder",
    "Kept",
    "Kind",
    "PictureFeed",
    "Pictures",
    "Places",
    "RawBatch",
    "Reading",
    "RunningText",
    "Sentences",
    "Series",
    "SeriesFeed",
    "Source",
    "SpecialTokens",
    "TextFeed",
    "Tokenizer",
    "are_series",
    "buckets",
    "cache_folder",
    "cached",
    "cached_side",
    "captioned_splits",
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
    "modality_of",
    "open_captioned",
    "open_data",
    "open_sentences",
    "open_series",
    "open_source",
    "open_texts",
    "plain_batches",
    "resize_center",
    "sentence_splits",
    "series_splits",
    "splits",
    "splits_of",
    "text_splits",
    "upright",
    "upright_size",
    "with_few_examples",
    "with_few_labels",
]
