"""Supervised contrast: labels say which examples are each other's positives."""

from collections.abc import Iterator
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.distributed import Group, all_gather, all_reduce
from nearfar.errors import complaint
from nearfar.objectives._rows import (
    CHUNK,
    Reduction,
    Scalar,
    check_above_zero,
    check_ids,
    cosine,
    numbered,
    reduced,
    scale_of,
    unit,
)
from nearfar.objectives._steps import once, softplus
from nearfar.objectives._tiles import among, is_flat

__all__ = ["sup_con"]


def sup_con(
    z: Float[Tensor, "m d"] | Float[Tensor, "n v d"],
    labels: Int[Tensor, "_"],
    *,
    temperature: Scalar,
    variant: Literal["out", "in"] = "out",
    normalize: bool = True,
    reduction: Reduction = "mean",
    group: Group | None = None,
) -> Float[Tensor, "*anchors"]:
    """The supervised contrastive loss: all views of all examples of the anchor's label are positives.

    Every row is an anchor. With z on the unit sphere, A(i) all rows but i, and P(i) the rows of A(i) with i's label:

        s_ij     = z_i . z_j / temperature
        loss_out = mean over i of  mean over p in P(i) of -log( exp(s_ip) / sum over a in A(i) of exp(s_ia) )
        loss_in  = mean over i of  -log( mean over p in P(i) of exp(s_ip) / sum over a in A(i) of exp(s_ia) )

    An anchor without positives counts 0, and the mean is over all anchors, those too.

    Landmarks: ln(m - 1) for either variant when all m similarities are equal and every anchor has a positive; never
    below ln of the number of positives; `loss_in` is at most `loss_out`; 0 where no row has a positive; `nt_xent` of
    two views where all labels are -1.

    Args:
        z: projections, (m, d) with a label a row, or (n, v, d) with a label an example, whose v views are always each
            other's positives; any length, they are normalised here.
        labels: the class of each row or example; -1 is unknown: a class of its own.
        temperature: divides the similarities; above 0, 0.1 in the paper; a tensor without axes may be learned.
        variant: whether the mean over positives is outside the logarithm or in it; the paper recommends `"out"`.
        normalize: False where all rows have length 1 already.
        reduction: `"none"` gives each anchor's own loss, of shape (m,) or (n, v).
        group: the ranks among whose rows positives and negatives are; None is this process alone. Ranks may differ.

    Returns:
        The loss in nats. With W ranks, W / N times the sum over this rank's anchors, where N counts all anchors.

    Raises:
        ValueError: shapes do not fit, `temperature` is not above 0, `variant` is another word, or there are fewer than
            2 rows in all.

    Source: SupCon, Khosla et al. 2020 (arXiv 2004.11362), equations 2 and 3. The authors' code multiplies the loss by
    temperature / 0.07, which is left out; its divisor is all anchors too.
    """
    check_above_zero("sup_con", "temperature", temperature, 0.1)
    _check(z, labels, variant)
    rows = unit(*(z[:, None] if z.ndim == 2 else z).unbind(1), against=len(z.flatten(0, -2)), normalize=normalize)
    own, every = _ids_and_all(labels, rows, group)
    rows, scale, count = rows.flatten(0, 1), scale_of(rows, 1 / temperature), torch.bincount(every)
    nats = (_outside if variant == "out" else _inside)(rows, own, count, scale, group)
    return reduced("sup_con", nats.view(z.shape[:-1]), reduction, group)


def _outside(rows: Tensor, own: Tensor, count: Tensor, scale: Tensor, group: Group | None) -> Tensor:
    """A lone positive is kept out of the sum; several may stand in it, for the loss is then no small difference."""
    ids = torch.where(count[own] > 2, len(count) + numbered(rows, group), own)
    rest = among(rows, ids, scale=scale, group=group).far
    average = _average(rows, own, count, scale, group)
    return torch.where(count[own] > 2, rest - average, _of_few(rest, average, count[own]))


def _inside(rows: Tensor, own: Tensor, count: Tensor, scale: Tensor, group: Group | None) -> Tensor:
    sums = among(rows, own, scale=scale, group=group, near=True)
    assert sums.near is not None
    few = _of_few(sums.far, _average(rows, own, count, scale, group), count[own])
    # Where there is no near pair, the sum over none must not reach a derivative.
    near, num_positives = torch.where(count[own] > 2, sums.near, 0), (count[own] - 1).clamp(min=1).to(rows.dtype)
    return torch.where(count[own] > 2, softplus(sums.far - near) + num_positives.log(), few)


def _of_few(far: Tensor, positive: Tensor, count: Tensor) -> Tensor:
    """The loss of an anchor with one positive, and with none."""
    return torch.where(count == 2, softplus(far - positive), 0)


def _average(rows: Tensor, own: Tensor, count: Tensor, scale: Tensor, group: Group | None) -> Tensor:
    """The mean logit of each anchor's positives, by way of the sums of the classes; 0 where there are none."""
    of_class = all_reduce(rows.new_zeros(len(count), rows.shape[1]).index_add(0, own, rows), group)
    num_positives = (count[own] - 1).clamp(min=1)
    by_parts = is_flat(len(rows), len(rows))
    others = _ToOthers.apply(rows, of_class, own) if by_parts else cosine(rows, of_class[own] - rows)
    return scale * others / num_positives


class _ToOthers(torch.autograd.Function):
    """rows . (of_class[own] - rows), row by row, of which nothing but the inputs is kept."""

    @staticmethod
    def forward(rows: Tensor, of_class: Tensor, own: Tensor) -> Tensor:
        return torch.cat([cosine(row, of_class[one] - row) for row, one in _parts(rows, own)])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        rows, of_class, own = ctx.saved_tensors
        with torch.no_grad():
            to_rows, to_class = torch.empty_like(rows), torch.zeros_like(of_class)
            for to_row, row, one, gradient in _parts(to_rows, rows, own, gradients[0][:, None]):
                torch.sub(of_class[one], row, alpha=2, out=to_row).mul_(gradient)
                to_class.index_add_(0, one, row * gradient)
        return once((rows, of_class, *gradients), to_rows, to_class, None)


def _parts(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    return zip(*(torch.split(tensor, CHUNK) for tensor in tensors), strict=True)


def _ids_and_all(labels: Tensor, rows: Tensor, group: Group | None) -> tuple[Tensor, Tensor]:
    """Whole numbers from 0 that rows share when they are positives: of this rank's rows, and of all ranks' rows."""
    every, number = all_gather(labels, group), numbered(labels, group)
    if len(every) * rows.shape[1] < 2:
        got = len(every) * rows.shape[1]
        raise ValueError(complaint("sup_con", "m", "at least 2 rows in all", got, "Raise the batch size"))
    unknown = torch.arange(len(every), device=labels.device)
    _, ids = torch.unique(torch.where(every < 0, every.amax() + 1 + unknown, every), return_inverse=True)
    num_views = rows.shape[1]
    return ids[number].repeat_interleave(num_views), ids.repeat_interleave(num_views)


def _check(z: Tensor, labels: Tensor, variant: str) -> None:
    if z.ndim not in (2, 3):
        raise ValueError(complaint("sup_con", "z", "of shape (m, d) or (n, v, d)", tuple(z.shape), "Stack the views"))
    check_ids("sup_con", "labels", labels, z)
    if variant not in ("out", "in"):
        raise ValueError(complaint("sup_con", "variant", "'out' or 'in'", variant, "The paper recommends 'out'"))
