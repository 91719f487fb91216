"""The linear probe."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from nearfar.errors import complaint
from nearfar.probes.examples import Examples
from nearfar.probes.logistic import Axes, Heads, fit_heads
from nearfar.probes.score import Score, wilson_interval

__all__ = ["linear", "linear_by_layer"]

_STRENGTHS = tuple(10.0 ** (half / 2) for half in range(2, -11, -1))  # 10 down to 1e-5
_STEPS = 20
_REFIT_STEPS = 40


@torch.no_grad()
def linear(
    train: np.ndarray | Tensor,
    train_labels: np.ndarray | Tensor,
    test: np.ndarray | Tensor,
    test_labels: np.ndarray | Tensor,
    *,
    seed: int = 0,
) -> Score:
    """The accuracy of a multinomial logistic regression on frozen embeddings.

    Features are standardised. Thirteen strengths of regularisation are fitted at once on four fifths of the training
    rows of each class; the one with the lowest cross entropy on the last fifth is fitted again, from there, on all of
    them. Test rows are looked at once, at the end.

    Landmarks: 1 / classes on noise with balanced classes; 1 on linearly separable points.

    Args:
        train: (n, d) embeddings to fit on.
        train_labels: (n,) their classes; rows labelled -1 are left out.
        test: (m, d) embeddings to classify.
        test_labels: (m,) their classes; rows labelled -1 are left out.
        seed: draws the fifth that chooses.

    Returns:
        The accuracy with its 95 % Wilson interval over test rows, and the probabilities; the settings name the strength
        that was chosen, per mean over rows: 1 / (n C) in scikit-learn's letters.

    Raises:
        ValueError: the rows cannot be used: see `Examples.of`.

    Source: the protocol, Zhang et al. 2016 (arXiv 1603.08511), there with stochastic gradients and one learning rate.
    """
    examples = Examples.of("linear", train, train_labels, test, test_labels).standardized()
    x, labels = examples.train, examples.train_labels
    strengths = torch.tensor(_STRENGTHS, device=x.device)
    judge, axes = _fifth(labels, examples.num_classes, seed), Axes.of(x)
    heads = fit_heads(x[~judge], labels[~judge], examples.num_classes, strengths=strengths, steps=_STEPS, axes=axes)
    # Not by accuracy, which on a small fifth is mostly luck.
    best = int(heads.nats(x[judge], labels[judge]).argmin())
    chosen, start = strengths[best, None], Heads(heads.weight[:, best, None], heads.bias[:, best, None])
    head = fit_heads(x, labels, examples.num_classes, strengths=chosen, steps=_REFIT_STEPS, axes=axes, start=start)
    probabilities = head.probabilities(examples.test)[:, :, 0]
    accuracy = examples.accuracy(probabilities.argmax(dim=1))
    settings = {"strength": _STRENGTHS[best], "strengths": list(_STRENGTHS), "seed": seed, **examples.settings()}
    interval = wilson_interval(accuracy, len(examples.test))
    return Score(accuracy, interval, settings, probabilities=probabilities.cpu().numpy())


def linear_by_layer(
    train: Sequence[np.ndarray | Tensor],
    train_labels: np.ndarray | Tensor,
    test: Sequence[np.ndarray | Tensor],
    test_labels: np.ndarray | Tensor,
    *,
    seed: int = 0,
) -> tuple[Score, ...]:
    """The linear probe on several representations of the same rows: where in a network the classes come apart.

    The same rows choose the strength of every layer, so that layers differ by what they represent alone.

    Landmarks: 1 / classes on noise, 1 on separable points, layer by layer.

    Args:
        train: for each layer its (n, d) embeddings to fit on; d may differ.
        train_labels: (n,) their classes; rows labelled -1 are left out.
        test: for each layer its (m, d) embeddings to classify.
        test_labels: (m,) their classes; rows labelled -1 are left out.
        seed: draws the fifth that chooses.

    Returns:
        A score for each layer, as `linear` gives it.

    Raises:
        ValueError: train and test are not of as many layers, or a layer cannot be used: see `Examples.of`.

    Source: Alain and Bengio 2016 (arXiv 1610.01644).
    """
    if len(train) != len(test):
        counts = (len(train), len(test))
        raise ValueError(complaint("linear_by_layer", "train and test", "of as many layers", counts, "Give both alike"))
    layers = zip(train, test, strict=True)
    return tuple(linear(fitted, train_labels, judged, test_labels, seed=seed) for fitted, judged in layers)


def _fifth(labels: Int[Tensor, "n"], num_classes: int, seed: int) -> Bool[Tensor, "n"]:
    """A fifth of the rows of each class, at least one where it has two; of a class with one row, none."""
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.zeros(len(labels), dtype=torch.bool)
    for label in range(num_classes):
        rows = (labels == label).nonzero()[:, 0].cpu()
        count = max(round(len(rows) / 5), 1) if len(rows) > 1 else 0
        chosen[rows[torch.randperm(len(rows), generator=generator)[:count]]] = True
    return chosen.to(labels.device)
