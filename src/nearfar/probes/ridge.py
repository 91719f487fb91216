"""The closed-form linear probe."""

import numpy as np
from torch import Tensor

from nearfar.probes.examples import Examples
from nearfar.probes.score import Score, wilson_interval

__all__ = ["ridge"]

_STRENGTHS = tuple(float(10.0**power) for power in range(-2, 6))


def ridge(
    train: np.ndarray | Tensor,
    train_labels: np.ndarray | Tensor,
    test: np.ndarray | Tensor,
    test_labels: np.ndarray | Tensor,
) -> Score:
    """The accuracy of least squares on frozen embeddings: a linear probe in closed form, which no optimiser can blur.

    Features are standardised; each class has the target 1 for its rows and -1 for the others. Of eight strengths of
    regularisation the one with the least error of the training rows, each left out of its own fit, is taken; that error
    too has a closed form.

    Landmarks: 1 / classes on noise with balanced classes; 1 on linearly separable points.

    Args:
        train: (n, d) embeddings to fit on.
        train_labels: (n,) their classes; rows labelled -1 are left out.
        test: (m, d) embeddings to classify.
        test_labels: (m,) their classes; rows labelled -1 are left out.

    Returns:
        The accuracy with its 95 % Wilson interval over test rows; the settings name the strength that was chosen.

    Raises:
        ValueError: the rows cannot be used: see `Examples.of`.

    Source: scikit-learn's `RidgeClassifierCV`.
    """
    from sklearn.linear_model import RidgeClassifierCV  # here: every command would wait for it

    examples = Examples.of("ridge", train, train_labels, test, test_labels).standardized()
    model = RidgeClassifierCV(alphas=_STRENGTHS).fit(examples.train.cpu().numpy(), examples.train_labels.cpu().numpy())
    right = model.predict(examples.test.cpu().numpy()) == examples.test_labels.cpu().numpy()
    accuracy = float(right.mean())
    settings = {"strength": float(model.alpha_), "strengths": list(_STRENGTHS), **examples.settings()}
    return Score(accuracy, wilson_interval(accuracy, len(examples.test)), settings)
