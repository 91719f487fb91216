"""Clustering objectives: the views of an example shall fall to the same prototypes."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.distributed import Group, all_log_sum_exp, all_reduce
from nearfar.errors import complaint
from nearfar.objectives._batch import check_shape, count, mean_over_rows, wide
from nearfar.objectives._rows import check_above_zero

__all__ = ["dino", "dino_batch_center", "dino_chance", "sinkhorn", "swapped_prediction", "swapped_prediction_chance"]


@torch.no_grad()
def sinkhorn(
    scores: Float[Tensor, "*views n k"], *, epsilon: float = 0.05, iterations: int = 3, group: Group | None = None
) -> Float[Tensor, "*views n k"]:
    """The codes of n examples: soft assignments to k prototypes that use every prototype equally.

    Prototypes and examples are normalised in turn, beginning with the prototypes and ending with the examples:

        Q = exp(scores / epsilon)
        iterations times:  Q_ij /= sum over examples i of Q_ij;  Q_ij /= sum over prototypes j of Q_ij

    Landmarks: each row sums to 1; 1 / k everywhere when all scores are equal; after many iterations each column sums
    to n / k; as epsilon shrinks rows become one-hot.

    It works on logarithms, in float32 or wider: no score is so large or epsilon so small that a row overflows or
    vanishes. No gradient flows through it, as in the paper.

    Args:
        scores: similarities of n examples and k prototypes; views that stand in front are assigned one by one. A queue
            of earlier scores joins as further rows, whose codes are dropped.
        epsilon: how soft the codes are; above 0.
        iterations: how many times both are normalised, at least 1.
        group: the ranks whose examples share the prototypes; None is this process alone. Ranks may differ in n.

    Returns:
        The codes of this rank's examples, fractions.

    Raises:
        ValueError: `scores` has fewer than two axes or no entry, `epsilon` is not above 0, or `iterations` is below 1.

    Source: SwAV, Caron et al. 2020 (arXiv 2006.09882), equation 3 and appendix A. The authors' code exponentiates
    without a shift and has to stay in float32's range.
    """
    if scores.ndim < 2 or scores.shape[-1] == 0 or count(scores.shape[-2], group, scores.device) == 0:
        got = tuple(scores.shape)
        raise ValueError(complaint("sinkhorn", "scores", "of shape (..., n, k)", got, "Give one row an example"))
    check_above_zero("sinkhorn", "epsilon", epsilon, 0.05)
    if iterations < 1:
        raise ValueError(complaint("sinkhorn", "iterations", "at least 1", iterations, "Try 3"))
    logs = wide(scores) / epsilon
    for _ in range(iterations):
        logs = logs - all_log_sum_exp(logs.logsumexp(dim=-2, keepdim=True), group)
        logs = logs.log_softmax(dim=-1)
    return logs.exp()


def swapped_prediction(
    scores: Float[Tensor, "v n k"],
    codes: Float[Tensor, "g n k"],
    *,
    temperature: float = 0.1,
    group: Group | None = None,
) -> Float[Tensor, ""]:
    """The cross entropy of predicting the code of one view of an example from another view.

    The code of each of the g global views is predicted from the scores of every other view, also of small crops,
    which have no code. No example is a negative: that the codes use all prototypes alike is what forbids collapse.
    With P_v = softmax of scores_v / temperature:

        loss = mean over code views g, other views v != g, and examples of  -sum over k of codes_gk log P_vk

    Landmarks: ln k when all scores of a row are equal (`swapped_prediction_chance`), where a collapsed network sits
    too; 0 for one-hot codes that are predicted for sure.

    Args:
        scores: similarities of n examples and k prototypes, for each of v views; the g global views stand first.
        codes: what `sinkhorn(scores[:g])` gives, or other distributions over prototypes; rows sum to 1. Gradients
            flow into them if they have any.
        temperature: divides the scores; above 0.
        group: the ranks that share the batch; None is this process alone. It counts where ranks differ in n.

    Returns:
        The loss in nats. With W ranks, W / N times the sum over this rank's examples, where N counts all.

    Raises:
        ValueError: shapes do not fit, there are fewer than 2 views, or `temperature` is not above 0.

    Source: SwAV, Caron et al. 2020 (arXiv 2006.09882), equations 1 and 2; the mean over views as in the authors' code.
    """
    _check_views("swapped_prediction", "codes", codes, scores)
    check_above_zero("swapped_prediction", "temperature", temperature, 0.1)
    return _cross_entropy("swapped_prediction", wide(codes), wide(scores) / temperature, group)


def swapped_prediction_chance(num_prototypes: int) -> float:
    """What `swapped_prediction` is when all scores of a row are equal, as for a collapsed network.

        chance = ln k

    Landmarks: 8.01 nats for 3,000 prototypes.

    Args:
        num_prototypes: the number of prototypes k.

    Returns:
        The loss in nats.

    Source: SwAV, Caron et al. 2020 (arXiv 2006.09882), equation 2, at equal scores.
    """
    return math.log(num_prototypes)


def dino(
    scores: Float[Tensor, "v n k"],
    target_scores: Float[Tensor, "g n k"],
    center: Float[Tensor, "k"],
    *,
    temperature: float = 0.1,
    target_temperature: float = 0.04,
    group: Group | None = None,
) -> Float[Tensor, ""]:
    """The cross entropy of self-distillation, with a target that is centred and sharpened.

    The target network sees the g global views; its distribution for each is predicted from every other view. Taking
    the centre from its scores stops one prototype from winning everywhere, and its low temperature stops all from
    being alike. With T_g = softmax of (target_scores_g - center) / target_temperature and
    P_v = softmax of scores_v / temperature:

        loss = mean over target views g, other views v != g, and examples of  -sum over k of T_gk log P_vk

    Landmarks: ln k when the scores of a row are all equal (`dino_chance`), the one collapse; 0 when one prototype wins
    every row in both networks, the other.

    Args:
        scores: the last layer's output for each of v views; the g global views stand first.
        target_scores: the target network's for the global views. Gradients flow into them if they have any: give
            them without, as a `MomentumTwin` does.
        center: a running mean of `dino_batch_center`, which the caller keeps; zeros at the start. It is moved after
            the loss: centre = 0.9 centre + 0.1 batch centre in the paper.
        temperature: divides the scores; above 0.
        target_temperature: divides the centred target scores; above 0, in the paper 0.04 to 0.07.
        group: the ranks that share the batch; None is this process alone. It counts where ranks differ in n.

    Returns:
        The loss in nats. With W ranks, W / N times the sum over this rank's examples, where N counts all.

    Raises:
        ValueError: shapes do not fit, there are fewer than 2 views, or a temperature is not above 0.

    Source: DINO, Caron et al. 2021 (arXiv 2104.14294), equations 1 to 3 and algorithm 1.
    """
    _check_views("dino", "target_scores", target_scores, scores)
    if center.shape != scores.shape[-1:]:
        wanted = f"of shape ({scores.shape[-1]},), one a prototype"
        raise ValueError(complaint("dino", "center", wanted, tuple(center.shape), "Start with zeros"))
    check_above_zero("dino", "temperature", temperature, 0.1)
    check_above_zero("dino", "target_temperature", target_temperature, 0.04)
    targets = ((wide(target_scores) - center) / target_temperature).softmax(dim=-1)
    return _cross_entropy("dino", targets, wide(scores) / temperature, group)


@torch.no_grad()
def dino_batch_center(target_scores: Float[Tensor, "g n k"], *, group: Group | None = None) -> Float[Tensor, "k"]:
    """The centre of a batch: the mean of the target's scores over views and examples.

        batch centre = mean over views g and examples of target_scores

    Landmarks: the scores themselves when collapsed, so that the centred ones are 0 and the target is uniform.

    Args:
        target_scores: the target network's scores for its g views of n examples.
        group: the ranks whose examples count; None is this process alone. Ranks may differ in n.

    Returns:
        One mean a prototype, the same on every rank, without gradient.

    Raises:
        ValueError: `target_scores` has not three axes or no row.

    Source: DINO, Caron et al. 2021 (arXiv 2104.14294), equation 4, without its running mean.
    """
    check_shape("dino_batch_center", "target_scores", target_scores, "g n k")
    rows = count(target_scores.shape[0] * target_scores.shape[1], group, target_scores.device)
    if rows == 0:
        got = tuple(target_scores.shape)
        raise ValueError(complaint("dino_batch_center", "target_scores", "at least one row", got, "Give a batch"))
    return all_reduce(wide(target_scores).sum(dim=(0, 1)), group) / rows


def dino_chance(out_dim: int) -> float:
    """What `dino` is when the scores of a row are all equal: the collapse to the uniform distribution.

        chance = ln k

    Landmarks: 11.09 nats for the paper's 65,536. The other collapse, to one prototype, has loss 0.

    Args:
        out_dim: the number of prototypes k, the width of the last layer.

    Returns:
        The loss in nats.

    Source: DINO, Caron et al. 2021 (arXiv 2104.14294), section 5.3.
    """
    return math.log(out_dim)


def _cross_entropy(
    where: str, targets: Float[Tensor, "g n k"], logits: Float[Tensor, "v n k"], group: Group | None
) -> Float[Tensor, ""]:
    """Of each target with the prediction of every other view; the mean over such pairs and the rows of all ranks."""
    num_targets, num_views = len(targets), len(logits)
    logs = logits.log_softmax(dim=-1)
    # All pairs share the sum over prototypes; a view's pair with itself is taken away again.
    crossed = (targets.sum(dim=0) * logs.sum(dim=0)).sum(dim=-1) - (targets * logs[:num_targets]).sum(dim=(0, 2))
    return mean_over_rows(where, -crossed / (num_targets * (num_views - 1)), group)


def _check_views(where: str, name: str, targets: Tensor, scores: Tensor) -> None:
    check_shape(where, "scores", scores, "v n k")
    if len(scores) < 2:
        raise ValueError(complaint(where, "scores", "of at least 2 views", len(scores), "Predict one from another"))
    fits = targets.ndim == 3 and targets.shape[1:] == scores.shape[1:] and 1 <= len(targets) <= len(scores)
    if not fits:
        wanted = f"of shape (g, {scores.shape[1]}, {scores.shape[2]}) with g from 1 to {len(scores)} views"
        raise ValueError(complaint(where, name, wanted, tuple(targets.shape), "Give those of the first views"))
