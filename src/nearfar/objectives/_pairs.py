"""Views of the same examples: what NT-Xent and its kin share."""

from collections.abc import Callable
from itertools import combinations

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.distributed import Group
from nearfar.errors import complaint
from nearfar.objectives._rows import (
    Scalar,
    check_above_zero,
    check_ids,
    cosine,
    counted,
    numbered,
    scale_of,
    unit,
)
from nearfar.objectives._tiles import among

__all__ = ["Pairs"]


class Pairs:
    """Views of examples on the unit sphere: the checks and the parts that NT-Xent and its kin share."""

    def __init__(
        self,
        where: str,
        views: tuple[Tensor, ...],
        temperature: Scalar,
        ids: Tensor | None,
        normalize: bool,
        group: Group | None,
    ) -> None:
        check_above_zero(where, "temperature", temperature, 0.2)
        if views[0].ndim != 2 or any(view.shape != views[0].shape for view in views):
            shapes, names = (
                tuple(tuple(view.shape) for view in views),
                "z_a and z_b" if len(views) == 2 else "all views",
            )
            raise ValueError(complaint(where, names, "of one shape (n, d)", shapes, "Give views of the same examples"))
        check_ids(where, "ids", ids, views[0])
        num_pairs = counted(views[0], group)
        if num_pairs < 2:
            raise ValueError(complaint(where, "n", "at least 2 pairs in all", num_pairs, "Raise the batch size"))
        self.num_negatives, self.group = len(views) * (num_pairs - 1), group
        self.rows = unit(*views, against=len(views) * len(views[0]), normalize=normalize)
        self.scale = scale_of(self.rows, 1 / temperature)
        self.ids = numbered(views[0], group) if ids is None else ids

    def negatives(self, factor: float) -> Float[Tensor, "n v"]:
        """The log of the sum of exp(factor * s_ij) over each anchor's negatives."""
        num_views = self.rows.shape[1]
        ids = self.ids.repeat_interleave(num_views)
        sums = among(self.rows.flatten(0, 1), ids, scale=self.scale * factor, group=self.group)
        return sums.far.view(-1, num_views)

    def over_positives(
        self, nats: Callable[[Tensor, Tensor], Tensor], negative: Float[Tensor, "n v"]
    ) -> Float[Tensor, "n v"]:
        """The mean over each anchor's positives of what `nats` makes of its negatives and the positive's logit."""
        views, total = self.rows.unbind(1), [torch.zeros_like(one) for one in negative.unbind(1)]
        for a, b in combinations(range(len(views)), 2):
            positive = self.scale * cosine(views[a], views[b])
            total[a] = total[a] + nats(negative[:, a], positive)
            total[b] = total[b] + nats(negative[:, b], positive)
        return torch.stack(total, dim=1) / (len(views) - 1)
