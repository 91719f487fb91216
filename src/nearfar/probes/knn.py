"""The k-nearest-neighbour probe."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nearfar.errors import complaint
from nearfar.probes.examples import Examples
from nearfar.probes.score import Score, wilson_interval

__all__ = ["knn"]

_SIMILARITIES = 2**24  # held at once: 64 MiB


@torch.no_grad()
def knn(
    train: np.ndarray | Tensor,
    train_labels: np.ndarray | Tensor,
    test: np.ndarray | Tensor,
    test_labels: np.ndarray | Tensor,
    *,
    k: int = 20,
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
        k: how many neighbours vote; all training rows where there are fewer.
        temperature: divides the similarities in the weights; above 0.

    Returns:
        The accuracy with its 95 % Wilson interval over test rows.

    Raises:
        ValueError: `k` is below 1, `temperature` is not above 0, or the rows cannot be used: see `Examples.of`.

    Source: InstDisc, Wu et al. 2018 (arXiv 1805.01978), section 3.4, there with k = 200 and temperature 0.07.
    """
    if k < 1:
        raise ValueError(complaint("knn", "k", "at least 1", k, "Try 20"))
    if not temperature > 0:
        raise ValueError(complaint("knn", "temperature", "above 0", temperature, "Try 0.1"))
    examples = Examples.of("knn", train, train_labels, test, test_labels)
    neighbours = min(k, len(examples.train))
    keys = F.normalize(examples.train, dim=1).T
    predicted = []
    for queries in torch.split(F.normalize(examples.test, dim=1), max(1, _SIMILARITIES // len(examples.train))):
        similarity, row = (queries @ keys).topk(neighbours, dim=1)
        # The largest similarity is taken out of every weight: it cancels in the vote and nothing overflows.
        weight = ((similarity - similarity[:, :1]) / temperature).exp()
        votes = weight.new_zeros(len(queries), examples.num_classes)
        predicted.append(votes.scatter_add_(1, examples.train_labels[row], weight).argmax(dim=1))
    accuracy = examples.accuracy(torch.cat(predicted))
    settings = {"k": neighbours, "temperature": temperature, **examples.settings()}
    return Score(accuracy, wilson_interval(accuracy, len(examples.test)), settings)
