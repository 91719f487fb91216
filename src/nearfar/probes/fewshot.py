"""The few-shot probe."""

import statistics

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from nearfar.errors import complaint
from nearfar.probes.examples import Examples
from nearfar.probes.logistic import fit_heads
from nearfar.probes.score import Score, student_interval

__all__ = ["fewshot"]

_STRENGTH = 0.1
_STEPS = 20


@torch.no_grad()
def fewshot(
    train: np.ndarray | Tensor,
    train_labels: np.ndarray | Tensor,
    test: np.ndarray | Tensor,
    test_labels: np.ndarray | Tensor,
    *,
    labels_per_class: int = 10,
    episodes: int = 20,
    seed: int = 0,
    same_rows: bool = False,
) -> Score:
    """The accuracy of a classifier that sees few labels, averaged over draws of the rows that have them.

    Each episode labels `labels_per_class` training rows of each class (all, where a class has fewer), fits a
    multinomial logistic regression on them, and classifies every test row. Features are standardised by all training
    rows, which needs none of their labels. The strength of regularisation is fixed at 0.1 per mean over rows, because
    so few labels cannot choose one; accuracy is flat around it, from 0.003 to 0.3.

    Landmarks: 1 / classes on noise with balanced classes; 1 on points far apart by class.

    Args:
        train: (n, d) embeddings to draw from.
        train_labels: (n,) their classes; rows labelled -1 are left out.
        test: (m, d) embeddings to classify.
        test_labels: (m,) their classes; rows labelled -1 are left out.
        labels_per_class: how many rows of each class are labelled.
        episodes: how many draws; at least 2, for the interval.
        seed: of the draws.
        same_rows: whether train and test are the same rows; each episode then classifies those that it did not label.
            So classes that nothing was fitted on can be told apart by a few examples of each.

    Returns:
        The mean accuracy with the 95 % t interval of the mean over episodes.

    Raises:
        ValueError: `labels_per_class` is below 1, `episodes` below 2, the same rows are not the same or leave none to
            classify, or the rows cannot be used: see `Examples.of`.
    """
    if labels_per_class < 1:
        raise ValueError(complaint("fewshot", "labels_per_class", "at least 1", labels_per_class, "Try 10"))
    if episodes < 2:
        raise ValueError(complaint("fewshot", "episodes", "at least 2", episodes, "Try 20"))
    examples = Examples.of("fewshot", train, train_labels, test, test_labels).standardized()
    if same_rows:
        _check_same(examples, labels_per_class)
    x, labels = examples.train, examples.train_labels
    strength = torch.tensor([_STRENGTH], device=x.device)
    generator = torch.Generator().manual_seed(seed)
    accuracies = []
    for _ in range(episodes):
        drawn = _draw(labels, examples.num_classes, labels_per_class, generator)
        head = fit_heads(x[drawn], labels[drawn], examples.num_classes, strengths=strength, steps=_STEPS)
        right = head.predict(examples.test)[:, 0] == examples.test_labels
        if same_rows:
            asked = torch.ones_like(right)
            asked[drawn] = False
            right = right[asked]
        accuracies.append(int(right.sum()) / len(right))
    settings = {
        "labels_per_class": labels_per_class,
        "episodes": episodes,
        "strength": _STRENGTH,
        "seed": seed,
        **examples.settings(),
    }
    return Score(statistics.fmean(accuracies), student_interval(accuracies), settings)


def _check_same(examples: Examples, labels_per_class: int) -> None:
    sizes = (len(examples.train), len(examples.test))
    if sizes[0] != sizes[1]:
        raise ValueError(complaint("fewshot", "same_rows", "True for one set of rows", sizes, "Leave it out"))
    most = int(torch.bincount(examples.train_labels).max())
    if labels_per_class >= most:
        constraint = f"below {most}, the rows of the largest class, of the same rows"
        next_step = f"Try {max(1, most // 2)}" if most > 1 else "Give classes of several rows"
        raise ValueError(complaint("fewshot", "labels_per_class", constraint, labels_per_class, next_step))


def _draw(
    labels: Int[Tensor, "n"], num_classes: int, labels_per_class: int, generator: torch.Generator
) -> Int[Tensor, "drawn"]:
    drawn = []
    for label in range(num_classes):
        rows = (labels == label).nonzero()[:, 0]
        drawn.append(rows[torch.randperm(len(rows), generator=generator)[:labels_per_class].to(rows.device)])
    return torch.cat(drawn)
