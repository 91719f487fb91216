"""The labelled rows that a probe is fitted on and judged by."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.errors import complaint

__all__ = ["Examples", "check_finite", "labelled"]


@dataclass(frozen=True)
class Examples:
    """Training and test rows, all labelled, with labels counted from 0.

    Attributes:
        train: the rows to fit on, float32.
        train_labels: the class of each, from 0.
        test: the rows to judge by, on the same device.
        test_labels: the class of each.
        num_classes: how many classes the training rows have.
    """

    train: Float[Tensor, "n d"]
    train_labels: Int[Tensor, "n"]
    test: Float[Tensor, "m d"]
    test_labels: Int[Tensor, "m"]
    num_classes: int

    @classmethod
    def of(
        cls,
        where: str,
        train: np.ndarray | Tensor,
        train_labels: np.ndarray | Tensor,
        test: np.ndarray | Tensor,
        test_labels: np.ndarray | Tensor,
    ) -> "Examples":
        """Checks what a probe was called with and leaves out the rows without a label.

        Args:
            where: the probe, for the sentence of an error.
            train: (n, d) embeddings.
            train_labels: (n,) their classes, -1 where unknown.
            test: (m, d) embeddings.
            test_labels: (m,) their classes, -1 where unknown.

        Raises:
            ValueError: shapes do not fit, a value is not finite, fewer than 2 classes are known, no test row is
                labelled, or a test row is of a class that no training row has.
        """
        train, labels = labelled(where, "train", train, train_labels)
        test, wanted = labelled(where, "test", test, test_labels)
        if train.shape[1] != test.shape[1]:
            widths = (train.shape[1], test.shape[1])
            raise ValueError(complaint(where, "train and test", "of one width", widths, "Embed both by one encoder"))
        classes, labels = torch.unique(labels, return_inverse=True)
        if len(classes) < 2:
            least = "of at least 2 classes"
            raise ValueError(complaint(where, "train_labels", least, classes.tolist(), "Label rows of another class"))
        if not len(test):
            raise ValueError(complaint(where, "test", "at least 1 labelled row", "none", "Label rows to judge by"))
        wanted = wanted.to(classes.device)
        unknown = torch.unique(wanted[~torch.isin(wanted, classes)]).tolist()
        if unknown:
            known = "classes that train_labels has"
            raise ValueError(complaint(where, "test_labels", known, unknown, "Add training rows of these classes"))
        return cls(train, labels, test.to(train.device), torch.searchsorted(classes, wanted), len(classes))

    def standardized(self) -> "Examples":
        """The same rows with each dimension at mean 0 and deviation 1, both taken from the training rows alone.

        A dimension that hardly varies keeps its small deviation, so that test rows cannot blow it up.
        """
        mean, deviation = self.train.mean(dim=0), self.train.std(dim=0, correction=0)
        least = (1e-6 * deviation.max()).clamp_min(torch.finfo(torch.float32).tiny)
        scale = deviation.clamp_min(least)
        return Examples(
            (self.train - mean) / scale,
            self.train_labels,
            (self.test - mean) / scale,
            self.test_labels,
            self.num_classes,
        )

    def accuracy(self, predicted: Int[Tensor, "m"]) -> float:
        """The fraction of test rows whose class was predicted."""
        return int((predicted == self.test_labels).sum()) / len(self.test_labels)

    def settings(self) -> dict[str, Any]:
        """How much was fitted on and judged by."""
        return {"train_rows": len(self.train), "test_rows": len(self.test), "classes": self.num_classes}


def labelled(where: str, name: str, x: np.ndarray | Tensor, labels: np.ndarray | Tensor) -> tuple[Tensor, Tensor]:
    """The rows that have a label, in float32, and their labels.

    Args:
        where: the probe, for the sentence of an error.
        name: what the rows are called there.
        x: (n, d) embeddings.
        labels: (n,) their classes, -1 where unknown.

    Raises:
        ValueError: shapes do not fit, or a value is not finite.
    """
    rows, classes = torch.as_tensor(x), torch.as_tensor(labels)
    if rows.ndim != 2 or classes.shape != rows.shape[:1]:
        shapes = (tuple(rows.shape), tuple(classes.shape))
        raise ValueError(
            complaint(where, f"{name} and {name}_labels", "of shapes (n, d) and (n,)", shapes, "Give a label a row")
        )
    classes = classes.to(rows.device, torch.int64)
    known = classes >= 0
    rows = rows[known].to(torch.float32)
    check_finite(where, name, rows)
    return rows, classes[known]


def check_finite(where: str, name: str, rows: Float[Tensor, "n d"]) -> None:
    """Refuses embeddings that are not all numbers.

    Args:
        where: the probe, for the sentence of an error.
        name: what the rows are called there.
        rows: the embeddings.

    Raises:
        ValueError: a value is not finite.
    """
    if not bool(rows.isfinite().all()):
        broken = f"{int((~rows.isfinite()).any(dim=1).sum())} rows that are not"
        raise ValueError(complaint(where, name, "finite", broken, "Look for the step where training went wrong"))
