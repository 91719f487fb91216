"""Where data comes from: containers become sources, sources become batches of bytes."""

from nearfar.data.cache import CACHE_BYTES, cache_folder, cached, cached_side
from nearfar.data.decode import crop_resize, crops, cut, decode, is_gray, resize_center, upright, upright_size
from nearfar.data.duplicates import Duplicates, duplicates
from nearfar.data.feed import Boxes, PictureFeed, RawBatch
from nearfar.data.holdout import holdout, with_few_labels
from nearfar.data.loader import in_order
from nearfar.data.opening import BUILT_IN, open_source, splits
from nearfar.data.pictures import KEPT_BYTES, Kept, Pictures
from nearfar.data.plain import channel_statistics, plain_batches
from nearfar.data.reading import Reading
from nearfar.data.source import Source

__all__ = [
    "BUILT_IN",
    "CACHE_BYTES",
    "KEPT_BYTES",
    "Boxes",
    "Duplicates",
    "Kept",
    "PictureFeed",
    "Pictures",
    "RawBatch",
    "Reading",
    "Source",
    "cache_folder",
    "cached",
    "cached_side",
    "channel_statistics",
    "crop_resize",
    "crops",
    "cut",
    "decode",
    "duplicates",
    "holdout",
    "in_order",
    "is_gray",
    "open_source",
    "plain_batches",
    "resize_center",
    "splits",
    "upright",
    "upright_size",
    "with_few_labels",
]
