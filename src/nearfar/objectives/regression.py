"""Regression objectives: a prediction shall point where its target points. Without negatives."""

from jaxtyping import Float
from torch import Tensor

from nearfar.distributed import Group
from nearfar.objectives._batch import check_same, direction, mean_over_rows

__all__ = ["negative_cosine", "normalized_mse"]


def negative_cosine(
    p: Float[Tensor, "n d"], z: Float[Tensor, "n d"], *, group: Group | None = None
) -> Float[Tensor, ""]:
    """The negative cosine similarity of predictions and targets.

    Row i of `z` is the target of row i of `p`; nothing is pushed apart. Gradients flow into both: the stop-gradient,
    without which the methods that use this collapse, is the caller's `z.detach()`.

        loss = mean over i of  -p_i . z_i / (|p_i| |z_i|)

    Landmarks: -1 when each prediction points where its target does, which a collapsed network also reaches; 0 at
    chance, for directions that have nothing to do with each other; 1 for opposite ones. A row of zeros has cosine 0.

    Args:
        p: predictions of n examples; any length, they are normalised here.
        z: targets, row-aligned with `p`; normalised here.
        group: the ranks that share the batch; None is this process alone. It counts where ranks differ in n.

    Returns:
        The loss, a cosine. With W ranks, W / N times the sum over this rank's rows, where N counts all rows.

    Raises:
        ValueError: shapes differ or there is no row.

    Source: SimSiam, Chen and He 2020 (arXiv 2011.10566), equation 1. The paper's symmetric loss is the mean of both
    directions, which is for the caller to take.
    """
    check_same("negative_cosine", "p and z", p, z)
    return mean_over_rows("negative_cosine", -(direction(p) * direction(z)).sum(dim=1), group)


def normalized_mse(
    p: Float[Tensor, "n d"], z: Float[Tensor, "n d"], *, group: Group | None = None
) -> Float[Tensor, ""]:
    """The squared distance of predictions and targets on the unit sphere.

    Row i of `z` is the target of row i of `p`; nothing is pushed apart. Gradients flow into both: the stop-gradient,
    without which the methods that use this collapse, is the caller's `z.detach()`.

        loss = mean over i of  | p_i / |p_i| - z_i / |z_i| |^2  =  2 - 2 cos(p_i, z_i)

    Landmarks: 0 when each prediction points where its target does, which a collapsed network also reaches; 2 at
    chance, so 4 for both directions of BYOL; 4 for opposite ones. A row of zeros counts as chance, 2.

    Args:
        p: predictions of n examples; any length, they are normalised here.
        z: targets, row-aligned with `p`; normalised here.
        group: the ranks that share the batch; None is this process alone. It counts where ranks differ in n.

    Returns:
        The loss, a squared distance of unit vectors. With W ranks, W / N times the sum over this rank's rows, where N
        counts all rows.

    Raises:
        ValueError: shapes differ or there is no row.

    Source: BYOL, Grill et al. 2020 (arXiv 2006.07733), equation 2. As in the authors' code, the sum over the width is
    not divided by it, and BYOL adds both directions.
    """
    check_same("normalized_mse", "p and z", p, z)
    return mean_over_rows("normalized_mse", 2 - 2 * (direction(p) * direction(z)).sum(dim=1), group)
