"""Hard negatives, found by an encoder: passages that it takes for answers and that are none."""

from collections import defaultdict
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.data.sentences import Sentences
from nearfar.engine.encoder import Encoder
from nearfar.errors import DataError, complaint
from nearfar.probes.nearest import nearest_by_chunk

__all__ = ["mine_negatives"]


def mine_negatives(encoder: Encoder, source: Sentences, *, skip: int = 0) -> Sentences:
    """Pairs as triplets: with each comes the nearest passage that is none of its question's own.

    The passages are the positives of all pairs, each text once. A question's own are the positives of all pairs with
    that question, and the question itself. The search is exact. Train on pairs, mine by what was learned, and train
    again on the triplets.

    Beware of false negatives: the nearest passages are those most likely to answer the question too, without a pair
    that says so, and a run that pushes them away unlearns what is right. The fuller the passages and the fewer the
    pairs, the more there are; pass over the first few by `skip`, and read some triplets before training on them.

    Args:
        encoder: reads questions and passages.
        source: pairs; negatives that they have are replaced.
        skip: how many of the nearest to pass over.

    Raises:
        DataError: the source holds no pairs, or too few passages for some question.
        ValueError: `skip` is below 0.

    Source: ANCE, Xiong et al. 2020, arXiv 2007.00808, section 3, with one search instead of one in every few steps;
        false negatives, Qu et al. 2020, arXiv 2010.08191, section 3.2.
    """
    if skip < 0:
        raise ValueError(complaint("mine_negatives", "skip", "at least 0", skip, "Try 0"))
    questions, positives = source.texts("anchor"), source.texts("positive")
    passages, asked = list(dict.fromkeys(positives)), list(dict.fromkeys(questions))
    own: dict[str, set[str]] = defaultdict(set)
    for question, positive in zip(questions, positives, strict=True):
        own[question] |= {question, positive}
    reach = max(len({*own[question]} & {*passages}) for question in asked) + skip + 1
    near = nearest_by_chunk(_embedded(encoder, asked), _embedded(encoder, passages), reach)
    found = (row for _, rows in near for row in rows.tolist())
    negatives = {
        question: _first([passages[row] for row in rows], own[question], skip)
        for question, rows in zip(asked, found, strict=True)
    }
    return Sentences(
        {"anchor": questions, "positive": positives, "negative": [negatives[question] for question in questions]},
        name=source.name,
        ids=source.ids,
        labels=source.labels,
        class_names=source.class_names,
        scores=source.scores,
        skipped=source.skipped,
        composed=source.composed,
    )


def _embedded(encoder: Encoder, texts: Sequence[str]) -> Float[Tensor, "n d"]:
    return torch.from_numpy(encoder.embed(Sentences({"text": texts}, name="texts")).vectors)


def _first(near: Sequence[str], own: set[str], skip: int) -> str:
    """The first of some passages, nearest first, that is not a question's own, or one behind it."""
    others = [passage for passage in near if passage not in own]
    if len(others) <= skip:
        constraint = f"pairs with at least {skip + 1} passages that are not a question's own"
        next_step = "Name more pairs" if not skip else "Try a smaller skip"
        raise DataError(complaint("mine_negatives", "source", constraint, len(others), next_step))
    return others[skip]
