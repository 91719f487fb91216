"""The probe of pictures and captions in one space: does either find the other?"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nearfar.errors import complaint
from nearfar.probes.passages import passage_retrieval
from nearfar.probes.score import Score

__all__ = ["BothWays", "caption_chance", "caption_retrieval"]

RANKS = (1, 5, 10)


@dataclass(frozen=True)
class BothWays:
    """What pictures find among captions, and captions among pictures.

    Attributes:
        image_to_text: of pictures as queries, recall@1 as the accuracy with its 95 % Wilson interval; beside it
            "recall@1", "recall@5", "recall@10" and "median_rank".
        text_to_image: likewise of captions as queries.
    """

    image_to_text: Score
    text_to_image: Score

    def as_dict(self) -> dict[str, Any]:
        """The scores in the types of JSON."""
        return {"image_to_text": self.image_to_text.as_dict(), "text_to_image": self.text_to_image.as_dict()}


def caption_retrieval(
    pictures: np.ndarray | Tensor,
    captions: np.ndarray | Tensor,
    *,
    same_picture: Sequence[Hashable],
    same_caption: Sequence[Hashable],
) -> BothWays:
    """How high all captions, sorted by cosine similarity to a picture, rank its own; and pictures those of a caption.

    A caption belongs to a picture where they are of one pair, where another pair has the same picture with it, or the
    same caption with the picture: of two pictures that are called alike, either is right.

    Landmarks: recall is 1 and the median rank 1 where each picture is nearest to its caption; `caption_chance` on
    noise.

    Args:
        pictures: (n, d) embeddings.
        captions: (n, d) embeddings, row-aligned.
        same_picture: of each pair what its picture is, equal for equal pictures.
        same_caption: of each pair what its caption is, equal for equal captions.

    Raises:
        ValueError: shapes do not fit, or a value is not finite.

    Source: the protocol of CLIP, Radford et al. 2021 (arXiv 2103.00020), with recall at 1, 5 and 10.
    """
    shapes = tuple(torch.as_tensor(pictures).shape), tuple(torch.as_tensor(captions).shape)
    relevant = _relevant(same_picture, same_caption)
    if shapes[0] != shapes[1] or shapes[0][:1] != (len(relevant),):
        wanted, got = "of one shape (n, d), with n names of each", (*shapes, len(relevant))
        raise ValueError(complaint("caption_retrieval", "pictures and captions", wanted, got, "Give one row a pair"))
    found = [passage_retrieval(*each, relevant, ranks=RANKS) for each in ((pictures, captions), (captions, pictures))]
    return BothWays(*map(_short, found))


def caption_chance(same_picture: Sequence[Hashable], same_caption: Sequence[Hashable]) -> BothWays:
    """What a random order finds, exactly: k of n where no two pairs share a picture or a caption.

    Args:
        same_picture: as `caption_retrieval` takes it.
        same_caption: likewise.

    Returns:
        Scores without a width: nothing is drawn.
    """
    relevant = _relevant(same_picture, same_caption)
    count = len(relevant)
    sizes, times = np.unique([len(each) for each in relevant], return_counts=True)
    tried = np.arange(count)
    # The part of queries that the first t rows, in random order, have found nothing for.
    missed = np.zeros(count)
    for size, number in zip(sizes, times, strict=True):
        missed += number / count * np.cumprod(np.maximum(count - size - tried, 0) / (count - tried))
    recalls = {f"recall@{k}": float(1 - missed[min(k, count) - 1]) for k in RANKS}
    first = recalls["recall@1"]
    more = recalls | {"median_rank": float(np.argmax(missed <= 0.5 + 1e-12) + 1)}
    score = Score(first, (first, first), {"queries": count, "gallery_rows": count}, more)
    return BothWays(score, score)


def _relevant(same_picture: Sequence[Hashable], same_caption: Sequence[Hashable]) -> list[list[int]]:
    """For each row those that share its picture or its caption, itself among them."""
    if len(same_picture) != len(same_caption):
        counts = (len(same_picture), len(same_caption))
        wanted = "one for each pair"
        raise ValueError(complaint("caption_retrieval", "same_picture and same_caption", wanted, counts, "Align them"))
    groups: list[dict[Hashable, list[int]]] = [{}, {}]
    for kind, names in zip(groups, (same_picture, same_caption), strict=True):
        for row, name in enumerate(names):
            kind.setdefault(name, []).append(row)
    pairs = zip(same_picture, same_caption, strict=True)
    return [sorted({*groups[0][picture], *groups[1][caption]}) for picture, caption in pairs]


def _short(found: Score) -> Score:
    """What is told of one direction."""
    more = {name: value for name, value in found.more.items() if name.startswith("recall@") or name == "median_rank"}
    settings = {"queries": found.settings["questions"], "gallery_rows": found.settings["passages"]}
    return Score(found.accuracy, found.interval, settings, more)
