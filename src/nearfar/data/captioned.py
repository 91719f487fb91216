"""Pictures with captions as a source, from whatever container they come."""

import hashlib
from functools import cached_property

import numpy as np
from jaxtyping import Shaped
from PIL import Image

from nearfar.data.pictures import Pictures
from nearfar.data.sentences import Sentences
from nearfar.data.source import Source
from nearfar.errors import DataError, complaint

__all__ = ["Captioned"]


class Captioned(Source):
    """n pictures, each with the text that belongs to it.

    Names, labels and what was skipped are those of the pictures.

    Attributes:
        pictures: n pictures.
        captions: the text of each, in the same order.
    """

    modality = "image-text"

    def __init__(self, pictures: Pictures, captions: Sentences) -> None:
        """Puts pictures and captions side by side; `open_captioned` reads both.

        Args:
            pictures: n pictures.
            captions: n examples of one text each.

        Raises:
            DataError: there are not as many captions as pictures, or they are pairs of texts.
        """
        if captions.roles != ("text",) or len(captions) != len(pictures):
            got = f"{len(captions)} of {', '.join(captions.roles)}"
            constraint = f"one text for each of {len(pictures)} pictures"
            raise DataError(complaint("Captioned", "captions", constraint, got, "Align them"))
        self.pictures, self.captions = pictures, captions
        self.name, self.ids, self.skipped = pictures.name, pictures.ids, pictures.skipped
        self.labels, self.class_names = pictures.labels, pictures.class_names

    @property
    def truncated(self) -> tuple[str, ...]:
        """Names of the pictures whose end is missing and that are used as far as they go."""
        return self.pictures.truncated

    @cached_property
    def hashes(self) -> Shaped[np.ndarray, "n"]:
        """(n,) S16: 16 bytes for each example, the first of the SHA-256 of its picture's hash and its caption's.

        Raises:
            DataError: a picture cannot be read any more; the sentence names it.
        """
        both = np.stack((self.pictures.hashes, self.captions.hashes), axis=1)
        hashes = np.array([hashlib.sha256(pair.tobytes()).digest()[:16] for pair in both], dtype="S16")
        hashes.flags.writeable = False
        return hashes

    def read(self, row: int) -> tuple[Image.Image, str]:
        """A decoded picture and its caption.

        Raises:
            DataError: the picture cannot be read; the sentence names it.
        """
        return self.pictures.read(row), self.captions.texts()[row]

    def select(self, rows: np.ndarray) -> "Captioned":
        """The source of some rows, in the order given; decoded pictures are shared, not copied."""
        return Captioned(self.pictures.select(rows), self.captions.select(rows))
