"""Multinomial logistic regression, at many strengths of regularisation at once."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.probes._descent import descend

__all__ = ["Axes", "Heads", "fit_heads"]

_LOGITS = 2**18  # held at once: 1 MiB, which caches hold


class Heads(NamedTuple):
    """Linear classifiers side by side.

    Attributes:
        weight: from features to the logits of each head.
        bias: one a class and head.
    """

    weight: Float[Tensor, "classes heads d"]
    bias: Float[Tensor, "classes heads"]

    def predict(self, x: Float[Tensor, "n d"]) -> Int[Tensor, "n heads"]:
        """The likeliest class by each head."""
        return torch.cat([_logits(rows, self).argmax(dim=0).T for rows in torch.split(x, _rows_at_once(self))])

    def probabilities(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n classes heads"]:
        """Of each class by each head."""
        found = [_logits(rows, self).softmax(dim=0) for rows in torch.split(x, _rows_at_once(self))]
        return torch.cat(found, dim=2).permute(2, 0, 1)

    def nats(self, x: Float[Tensor, "n d"], labels: Int[Tensor, "n"]) -> Float[Tensor, "heads"]:
        """The cross entropy of each head, summed over the rows."""
        total = torch.zeros_like(self.bias[0])
        size = _rows_at_once(self)
        for rows, classes in zip(torch.split(x, size), torch.split(labels, size), strict=True):
            wanted = classes.expand(len(total), -1)
            total += F.cross_entropy(_logits(rows, self).movedim(0, 1), wanted, reduction="none").sum(dim=1)
        return total


class Axes(NamedTuple):
    """The directions in which rows spread.

    Attributes:
        directions: of length 1, as columns.
        spread: the mean square of the rows along each.
    """

    directions: Float[Tensor, "d r"]
    spread: Float[Tensor, "r"]

    @classmethod
    def of(cls, x: Float[Tensor, "n d"]) -> "Axes":
        """The principal axes of centred rows."""
        if x.shape[0] < x.shape[1]:
            _, values, axes = torch.linalg.svd(x, full_matrices=False)
            return cls(axes.T, values.square() / x.shape[0])
        spread, axes = torch.linalg.eigh(x.T @ x / x.shape[0])
        return cls(axes, spread.clamp_min(0.0))


@torch.no_grad()
def fit_heads(
    x: Float[Tensor, "n d"],
    labels: Int[Tensor, "n"],
    num_classes: int,
    *,
    strengths: Float[Tensor, "heads"],
    steps: int,
    axes: Axes | None = None,
    start: Heads | None = None,
) -> Heads:
    """Fits one classifier for each strength of regularisation, all in the same passes over the rows.

        loss(weight, bias) = mean over rows of -log softmax(x weight + bias)_label + strength / 2 |weight|^2

    L-BFGS on all rows, without a learning rate. The curvature of the cross entropy is at most x'x / (2n), so along the
    principal axes of `x` that of the loss is at most eigenvalue / 2 + strength; measured in units of the root of that,
    the loss is about as steep in every direction, and how unevenly the features spread does not slow it down.

    Args:
        x: standardised features.
        labels: the class of each row, from 0.
        num_classes: how many classes there are.
        strengths: L2 regularisation of each head; 1 / (n C) in scikit-learn's letters.
        steps: passes over the rows, at most; from 15 on the test accuracy moves by thousandths.
        axes: the principal axes of these rows or of ones like them, where they are known.
        start: where to begin; at zero when it is not given.

    Returns:
        The classifiers, in the features' own axes.

    Source: the bound, Bohning 1992, "Multinomial logistic regression algorithm".
    """
    axes = Axes.of(x) if axes is None else axes
    if axes.directions.shape[1] < x.shape[1]:
        # Fewer rows than features: the rows, and so the weights, lie in the few directions.
        alone = Axes(torch.eye(len(axes.spread), device=x.device), axes.spread)
        start = start and Heads(start.weight @ axes.directions, start.bias)
        few = fit_heads(
            x @ axes.directions, labels, num_classes, strengths=strengths, steps=steps, axes=alone, start=start
        )
        return Heads(few.weight @ axes.directions.T, few.bias)
    steepest = F.pad(axes.spread / 2 + strengths[:, None], (0, 1), value=0.5)
    unit = steepest.rsqrt()

    def heads_at(point: Tensor) -> Heads:
        scaled = point * unit
        return Heads(scaled[..., :-1] @ axes.directions.T, scaled[..., -1])

    def slope_at(point: Tensor) -> Tensor:
        slope = _slope(x, labels, heads_at(point), strengths)
        return _joined(slope, axes) * unit

    begin = x.new_zeros(num_classes, *unit.shape) if start is None else _joined(start, axes) / unit
    return heads_at(descend(slope_at, begin, steps=steps))


def _joined(heads: Heads, axes: Axes) -> Float[Tensor, "classes heads r1"]:
    """Weights along the axes, and the bias behind them."""
    return torch.cat([heads.weight @ axes.directions, heads.bias[..., None]], dim=2)


def _slope(x: Tensor, labels: Tensor, heads: Heads, strengths: Tensor) -> Heads:
    weight, bias = torch.zeros_like(heads.weight).flatten(0, 1), torch.zeros_like(heads.bias)
    size = _rows_at_once(heads)
    for rows, classes in zip(torch.split(x, size), torch.split(labels, size), strict=True):
        error = _logits(rows, heads).softmax(dim=0)
        chosen = classes.expand(1, error.shape[1], -1)
        error.scatter_add_(0, chosen, error.new_full(chosen.shape, -1.0))
        weight.addmm_(error.flatten(0, 1), rows)
        bias += error.sum(dim=2)
    return Heads(weight.view_as(heads.weight) / len(x) + heads.weight * strengths[:, None], bias / len(x))


def _logits(x: Tensor, heads: Heads) -> Float[Tensor, "classes heads n"]:
    """With the rows last: so all that is done to them is done to many at once."""
    return (heads.weight.flatten(0, 1) @ x.T).view(*heads.bias.shape, -1).add_(heads.bias[..., None])


def _rows_at_once(heads: Heads) -> int:
    return max(1, _LOGITS // heads.bias.numel())
