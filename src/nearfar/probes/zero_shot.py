"""The probe that is told nothing but the names of the classes."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nearfar.errors import complaint
from nearfar.probes.examples import check_finite, labelled
from nearfar.probes.score import Score, wilson_interval

__all__ = ["zero_shot"]


@torch.no_grad()
def zero_shot(pictures: np.ndarray | Tensor, labels: np.ndarray | Tensor, prompts: np.ndarray | Tensor) -> Score:
    """Classifies each picture as the class whose description is nearest to it by cosine similarity.

    A class that is described by several prompts has as its embedding the mean of theirs, each of length 1. Every class
    is a candidate, whether a picture is of it or not.

    Landmarks: 1 where each picture is nearest to its own class; 1 over the number of classes for noise and, where
    classes are of one size, for a collapsed encoder.

    Args:
        pictures: (n, d) embeddings.
        labels: (n,) their classes, -1 where unknown, which leaves them out.
        prompts: (classes, templates, d) embeddings of the descriptions of each class, in the order of the labels.

    Returns:
        The accuracy with its 95 % Wilson interval.

    Raises:
        ValueError: shapes do not fit, a value is not finite, no picture has a label, or a label is of no class.

    Source: CLIP, Radford et al. 2021 (arXiv 2103.00020), section 3.1.
    """
    rows, wanted = labelled("zero_shot", "pictures", pictures, labels)
    described = torch.as_tensor(prompts).float()
    if described.ndim != 3 or not described.shape[1] or described.shape[2] != rows.shape[1] or len(described) < 2:
        shape = f"of shape (classes, templates, {rows.shape[1]})"
        raise ValueError(
            complaint("zero_shot", "prompts", shape, tuple(described.shape), "Embed the names of at least 2 classes")
        )
    check_finite("zero_shot", "prompts", described.flatten(0, 1))
    if not len(rows) or int(wanted.max()) >= len(described):
        got = int(wanted.max()) if len(rows) else "none"
        constraint = f"at least one from 0 to {len(described) - 1}"
        raise ValueError(complaint("zero_shot", "labels", constraint, got, "Describe every class"))
    classes = F.normalize(F.normalize(described, dim=2).mean(dim=1), dim=1)
    predicted = (F.normalize(rows, dim=1) @ classes.T.to(rows.device)).argmax(dim=1)
    accuracy = int((predicted == wanted).sum()) / len(rows)
    settings = {"test_rows": len(rows), "classes": len(described), "templates": described.shape[1]}
    return Score(accuracy, wilson_interval(accuracy, len(rows)), settings)
