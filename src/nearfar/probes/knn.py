"""The k-nearest-neighbour probe."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.errors import complaint
from nearfar.probes.examples import Examples
from nearfar.probes.nearest import nearest_by_chunk
from nearfar.probes.score import Score, wilson_interval

__all__ = ["knn"]


@torch.no_grad()
def knn(
    train: np.ndarray | Tensor,
    train_labels: np.ndarray | Tensor,
    test: np.ndarray | Tensor,
    test_labels: np.ndarray | Tensor,
    *,
    k: int | Sequence[int] = 20,
    temperature: float = 0.1,
) -> Score:
    """The accuracy of the weighted vote of each test row's k nearest training rows.

    Near is by cosine similarity s; a neighbour's vote for its own class weighs exp(s / temperature). Exact: every test
    row meets every training row, a chunk of test rows at a time. Of classes with equal votes the lowest label wins;
    of training rows that tie for the last place among the k, any may vote.

    Landmarks: 1 / classes on noise with balanced classes; 1 on separable points.

    Args:
        train: (n, d) embeddings to search.
        train_labels: (n,) their classes; rows labelled -1 are left out.
        test: (m, d) embeddings to classify.
        test_labels: (m,) their classes; rows labelled -1 are left out.
        k: how many neighbours vote; all training rows where there are fewer. Of several numbers, which cost one search,
            the first gives the accuracy.
        temperature: divides the similarities in the weights; above 0.

    Returns:
        The accuracy with its 95 % Wilson interval over test rows; with several k, "accuracy@k" for each of them too.

    Raises:
        ValueError: a `k` is below 1 or there is none, `temperature` is not above 0, or the rows cannot be used: see
            `Examples.of`.

    Source: InstDisc, Wu et al. 2018 (arXiv 1805.01978), section 3.4, there with k = 200 and temperature 0.07.
    """
    several = list(k) if isinstance(k, Sequence) else [k]
    if not several or min(several) < 1:
        raise ValueError(complaint("knn", "k", "at least 1", k, "Try 20"))
    if not temperature > 0:
        raise ValueError(complaint("knn", "temperature", "above 0", temperature, "Try 0.1"))
    examples = Examples.of("knn", train, train_labels, test, test_labels)
    counts = [min(each, len(examples.train)) for each in several]
    right = dict.fromkeys(sorted(counts), 0)
    first = 0
    for nearest, row in nearest_by_chunk(examples.test, examples.train, max(counts)):
        wanted = examples.test_labels[first : first + len(row)]
        first += len(row)
        votes = nearest.new_zeros(len(row), examples.num_classes)
        for count, predicted in _votes(nearest, examples.train_labels[row], votes, list(right), temperature).items():
            right[count] += int((predicted == wanted).sum())
    found = {f"accuracy@{each}": right[count] / len(examples.test) for each, count in zip(several, counts, strict=True)}
    accuracy = right[counts[0]] / len(examples.test)
    settings = {"k": counts if isinstance(k, Sequence) else counts[0], "temperature": temperature}
    interval = wilson_interval(accuracy, len(examples.test))
    return Score(accuracy, interval, settings | examples.settings(), found if len(several) > 1 else {})


def _votes(
    nearest: Float[Tensor, "m k"],
    classes: Int[Tensor, "m k"],
    votes: Float[Tensor, "m classes"],
    counts: Sequence[int],
    temperature: float,
) -> dict[int, Int[Tensor, "m"]]:
    """The class that wins among the nearest so many, for each of some rising numbers."""
    # The largest similarity is taken out of every weight: it cancels in the vote and nothing overflows.
    weight = ((nearest - nearest[:, :1]) / temperature).exp()
    won = {}
    for first, last in zip([0, *counts], counts, strict=False):
        votes.scatter_add_(1, classes[:, first:last], weight[:, first:last])
        won[last] = votes.argmax(dim=1)
    return won
