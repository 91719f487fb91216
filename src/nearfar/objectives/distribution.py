"""Distribution objectives: embeddings shall be spread as a standard Gaussian is, and agree over views."""

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.distributed import Group, all_reduce
from nearfar.errors import complaint
from nearfar.objectives._batch import check_shape, count, mean_over_rows, wide

__all__ = ["sigreg", "sigreg_collapsed", "sigreg_gaussian", "view_prediction"]

_POINTS, _LIMIT = 17, 3.0


def sigreg(
    z: Float[Tensor, "*views n d"],
    *,
    generator: torch.Generator,
    num_directions: int = 1024,
    group: Group | None = None,
) -> Float[Tensor, ""]:
    """Sketched isotropic Gaussian regularisation: how far n embeddings are from a standard Gaussian cloud.

    Along each of some random directions a, the embeddings are numbers; their empirical characteristic function is
    compared with that of the standard normal distribution (the Epps-Pulley test). A cloud that looks normal along
    every line is an isotropic Gaussian, so this alone forbids collapse. With x_i = a . z_i:

        loss = mean over directions a of
               n * integral over t from -3 to 3 of  |mean over i of exp(i t x_i) - exp(-t^2 / 2)|^2 exp(-t^2 / 2) dt

    Landmarks: `sigreg_gaussian`, 1.05, on average for a Gaussian sample of any size; `sigreg_collapsed`, 0.402 n, when
    all embeddings are 0.

    The integral is the trapezoidal rule at 17 points of t from 0 to 3, doubled.

    Args:
        z: embeddings of n examples, taken as they stand; views that stand in front are tested one by one, along the
            same directions, and averaged.
        generator: draws the directions. Ranks need not agree on its state: their draws are summed.
        num_directions: how many directions; above 0.
        group: the ranks whose examples make one cloud; None is this process alone. Ranks may differ in n.

    Returns:
        The test statistic, without unit. With W ranks, the mean over the ranks is that of the one big batch.

    Raises:
        ValueError: `z` has fewer than two axes or no row, or `num_directions` is below 1.

    Source: LeJEPA, Balestriero and LeCun 2025 (arXiv 2511.08544), section 4 and algorithm 1, which takes 17 points from
    -5 to 5; the range here is that of the authors' code since. Memory n times 17 times the directions.
    """
    if z.ndim < 2:
        raise ValueError(complaint("sigreg", "z", "of shape (..., n, d)", tuple(z.shape), "Give one row an example"))
    if num_directions < 1:
        raise ValueError(complaint("sigreg", "num_directions", "at least 1", num_directions, "Try 1024"))
    rows = count(z.shape[-2], group, z.device)
    if rows == 0:
        raise ValueError(complaint("sigreg", "n", "at least 1 in all", 0, "Raise the batch size"))
    z = wide(z)
    drawn = torch.randn(z.shape[-1], num_directions, generator=generator, device=generator.device).to(z)
    drawn = all_reduce(drawn, group)
    t, normal, weights = (values.to(z) for values in _quadrature())
    with torch.autocast(z.device.type, enabled=False):
        phases = (z @ (drawn / drawn.norm(dim=0))).unsqueeze(-1) * t
        cos, sin = all_reduce(torch.stack([phases.cos().sum(dim=-3), phases.sin().sum(dim=-3)]), group) / rows
        return ((cos - normal).square() + sin.square()).matmul(weights).mean() * rows


def sigreg_gaussian() -> float:
    """What `sigreg` is on average when the embeddings are drawn from a standard Gaussian.

    The empirical characteristic function of n draws is off by 1 - exp(-t^2) over n in the mean square, so n falls out:

        gaussian = integral over t from -3 to 3 of  (1 - exp(-t^2)) exp(-t^2 / 2) dt

    Landmarks: 1.05. Points that are more evenly spread than random ones lie below it.

    Returns:
        The test statistic, without unit.

    Source: LeJEPA, Balestriero and LeCun 2025 (arXiv 2511.08544), algorithm 1, in expectation.
    """
    _, normal, weights = _quadrature()
    return float(weights @ (1 - normal.square()))


def sigreg_collapsed(batch_size: int) -> float:
    """What `sigreg` is when all embeddings are 0.

        collapsed = n * integral over t from -3 to 3 of  (1 - exp(-t^2 / 2))^2 exp(-t^2 / 2) dt

    Landmarks: 103 for 256 rows.

    Args:
        batch_size: the number of rows n over all ranks.

    Returns:
        The test statistic, without unit.

    Source: LeJEPA, Balestriero and LeCun 2025 (arXiv 2511.08544), algorithm 1, at a characteristic function of 1.
    """
    _, normal, weights = _quadrature()
    return batch_size * float(weights @ (1 - normal).square())


def view_prediction(z: Float[Tensor, "v n d"], *, num_global: int, group: Group | None = None) -> Float[Tensor, ""]:
    """The squared distance of all views of an example from the mean of its global views.

    With m_i the mean over the first `num_global` views of example i:

        loss = mean over views v, examples i and dimensions of  (z_vi - m_i)^2

    Landmarks: 0 when the views of an example coincide, also when collapsed, which is what `sigreg` is for;
    1 - 1 / num_global for global views alone that are independent standard Gaussians.

    Args:
        z: embeddings of v views of n examples; the global views stand first. Gradients flow into the mean too.
        num_global: how many of the views are global, from 1 to v.
        group: the ranks that share the batch; None is this process alone. It counts where ranks differ in n.

    Returns:
        The loss, a squared distance a dimension. With W ranks, W / N times the sum over this rank's examples, where N
        counts all.

    Raises:
        ValueError: `z` has not three axes or no example, or `num_global` is not from 1 to v.

    Source: LeJEPA, Balestriero and LeCun 2025 (arXiv 2511.08544), section 5.1; the mean over d as in the authors' code.
    All views are in the sum, the global ones too.
    """
    check_shape("view_prediction", "z", z, "v n d")
    if not 1 <= num_global <= len(z):
        wanted = f"from 1 to the {len(z)} views"
        raise ValueError(complaint("view_prediction", "num_global", wanted, num_global, "Try 2"))
    z = wide(z)
    squares = (z - z[:num_global].mean(dim=0)).square()
    return mean_over_rows("view_prediction", squares.mean(dim=(0, 2)), group)


def _quadrature() -> tuple[Float[Tensor, "t"], Float[Tensor, "t"], Float[Tensor, "t"]]:
    """Points t from 0 on, the normal distribution's characteristic function there, and weights for both sides of 0."""
    t = torch.linspace(0, _LIMIT, _POINTS, dtype=torch.float64)
    normal = (-t.square() / 2).exp()
    weights = torch.full_like(t, 2 * _LIMIT / (_POINTS - 1))
    weights[[0, -1]] /= 2
    return t, normal, weights * normal
