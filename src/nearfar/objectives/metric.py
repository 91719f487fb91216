"""Metric objectives: what is alike shall lie nearer than what is not, by a margin."""

from typing import Literal, TypeAlias, get_args

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from nearfar.distributed import Group, all_gather, first_row, world_size
from nearfar.errors import complaint, suggestion
from nearfar.objectives._batch import (
    check_same,
    check_shape,
    count,
    direction,
    mean_over_rows,
    num_rows,
    wide,
)
from nearfar.objectives._rows import check_above_zero

__all__ = ["margin_contrastive", "quadruplet", "triplet", "triplet_from_labels"]

Distance: TypeAlias = Literal["squared", "euclidean", "cosine"]
Mining: TypeAlias = Literal["all", "hard", "semi_hard"]


def margin_contrastive(
    z_a: Float[Tensor, "n d"],
    z_b: Float[Tensor, "n d"],
    similar: Bool[Tensor, "n"],
    *,
    margin: float = 1.0,
    distance: Distance = "euclidean",
    group: Group | None = None,
) -> Float[Tensor, ""]:
    """The margin contrastive loss of n pairs, each said to be similar or not.

    Similar pairs are pulled together like springs; the others are pushed apart while nearer than the margin, and left
    alone beyond it. With D_i the distance of row i of `z_a` from row i of `z_b`:

        loss = mean over i of  D_i^2 / 2                    where the pair is similar
                               max(0, margin - D_i)^2 / 2   where it is not

    Landmarks: 0 when similar pairs coincide and the others keep the margin; margin^2 / 2 times the fraction of
    dissimilar pairs when collapsed. Exactly there, at D = 0, no direction is outward and the gradient is 0.

    Args:
        z_a: one side of n pairs; distances are taken as they stand, nothing is normalised.
        z_b: the other side, row-aligned with `z_a`.
        similar: True where a pair belongs together. The paper's label Y is the opposite: Y = 0 is similar.
        margin: the distance that is far enough; above 0.
        distance: "euclidean" as in the paper, "squared" (Euclidean), or "cosine", 1 - cos.
        group: the ranks that share the batch; None is this process alone. It counts where ranks differ in n.

    Returns:
        The loss, a squared distance. With W ranks, W / N times the sum over this rank's pairs, where N counts all.

    Raises:
        ValueError: shapes differ, there is no pair, `margin` is not above 0, or `distance` is unknown.

    Source: DrLIM, Hadsell et al. 2006 (Dimensionality Reduction by Learning an Invariant Mapping), equation 4; the mean
    over pairs where the paper has the sum. It is the squared hinge, not the unsquared one on unit vectors that
    circulates under the same name.
    """
    check_same("margin_contrastive", "z_a and z_b", z_a, z_b)
    _check_labels("margin_contrastive", "similar", similar, z_a)
    check_above_zero("margin_contrastive", "margin", margin, 1.0)
    apart = _distance("margin_contrastive", z_a, z_b, distance)
    squares = torch.where(similar, apart, F.relu(margin - apart)).square()
    return mean_over_rows("margin_contrastive", squares / 2, group)


def triplet(
    anchor: Float[Tensor, "n d"],
    positive: Float[Tensor, "n d"],
    negative: Float[Tensor, "n d"],
    *,
    margin: float = 0.2,
    distance: Distance = "squared",
    group: Group | None = None,
) -> Float[Tensor, ""]:
    """The triplet loss of n triplets.

    Each anchor shall lie nearer to its positive than to its negative, by the margin. With D the distance:

        loss = mean over i of  max(0, D(anchor_i, positive_i) - D(anchor_i, negative_i) + margin)

    Landmarks: 0 when every triplet keeps the margin; the margin when collapsed, all distances being equal.

    Args:
        anchor: n anchors; distances are taken as they stand, nothing is normalised.
        positive: of the anchors' own kind, row-aligned.
        negative: of another kind, row-aligned.
        margin: how much farther a negative shall be, in units of the distance; above 0.
        distance: "squared" (Euclidean) as in the paper, "euclidean", or "cosine", 1 - cos. The paper's vectors have
            length 1; there, "cosine" with half the margin is half its loss.
        group: the ranks that share the batch; None is this process alone. It counts where ranks differ in n.

    Returns:
        The loss in units of the distance. With W ranks, W / N times the sum over this rank's triplets, where N counts
        all: also those that keep the margin and add 0.

    Raises:
        ValueError: shapes differ, there is no triplet, `margin` is not above 0, or `distance` is unknown.

    Source: FaceNet, Schroff et al. 2015 (arXiv 1503.03832), equation 3; the mean where the paper has the sum.
    """
    check_same("triplet", "anchor, positive and negative", anchor, positive, negative)
    check_above_zero("triplet", "margin", margin, 0.2)
    near = _distance("triplet", anchor, positive, distance)
    far = _distance("triplet", anchor, negative, distance)
    return mean_over_rows("triplet", F.relu(near - far + margin), group)


def triplet_from_labels(
    z: Float[Tensor, "n d"],
    labels: Int[Tensor, "n"],
    *,
    margin: float = 0.2,
    mining: Mining = "hard",
    distance: Distance = "squared",
    group: Group | None = None,
) -> Float[Tensor, ""]:
    """The triplet loss of a labelled batch, whose triplets a rule picks.

    Rows of one label are positives of each other, rows of two labels negatives. Each row is an anchor a; with p its
    positives, n its negatives, and D the distance:

        term(a, p, n) = max(0, D(a, p) - D(a, n) + margin)

        "all"        mean of term over all triplets
        "hard"       mean over anchors of term(a, the farthest p, the nearest n)
        "semi_hard"  mean over pairs (a, p) of term(a, p, the nearest n that is farther than p, or else the farthest n)

    Landmarks: 0 when every triplet keeps the margin; the margin when collapsed, all distances being equal; 0 for a
    batch without any triplet. "all" <= "hard" where every anchor has as many positives and negatives as any other.

    Time n^2 log n and memory n^2, also for "all": per anchor the negatives are sorted and summed up once.

    Args:
        z: embeddings of n examples; distances are taken as they stand, nothing is normalised.
        labels: the class of each example; -1 is a class of its own.
        margin: how much farther a negative shall be, in units of the distance; above 0.
        mining: the rule, "all", "hard" or "semi_hard".
        distance: "squared" (Euclidean) as in FaceNet, "euclidean" as Hermans et al. use because squared ones collapse
            more easily, or "cosine", 1 - cos.
        group: the ranks whose rows are positives and negatives too; None is this process alone. Ranks may differ in n.

    Returns:
        The loss in units of the distance. The mean runs over all triplets, anchors or pairs that the rule picks, also
        over those that keep the margin; anchors without a positive or a negative have none. With W ranks, W / N times
        the sum over this rank's anchors, where N counts the terms of all ranks.

    Raises:
        ValueError: shapes do not fit, there is no row, `margin` is not above 0, or `mining` or `distance` is unknown.

    Source: Hermans et al. 2017 (arXiv 1703.07737), equations 5 and 7, for "hard" and "all"; their variant that divides
    by the terms above 0 alone is left out, because that divisor jumps as terms reach 0. FaceNet, Schroff et al. 2015
    (arXiv 1503.03832), section 3.2, for "semi_hard"; what the paper leaves open, where no negative is farther than the
    positive, is answered as in TensorFlow's code.
    """
    where = "triplet_from_labels"
    check_shape(where, "z", z, "n d")
    _check_labels(where, "labels", labels, z)
    check_above_zero(where, "margin", margin, 0.2)
    num_rows(where, z, group)
    apart = _all_distances(where, z, all_gather(z, group), distance)
    every_label = all_gather(labels, group)
    itself = torch.arange(len(z), device=z.device) + first_row(z, group)
    same = (labels[:, None] == every_label) & (labels[:, None] >= 0)
    different = (~same).scatter_(1, itself[:, None], False)
    same = same.scatter(1, itself[:, None], False)
    terms, own_number = _mine(apart, same, different, margin, mining)
    number = count(own_number, group, z.device)
    # Nothing times the rows keeps the loss attached where there is no triplet, and lets through a NaN that no
    # comparison sees.
    return terms * (world_size(group) / max(number, 1.0)) + 0.0 * wide(z).sum()


def quadruplet(
    anchor: Float[Tensor, "n d"],
    positive: Float[Tensor, "n d"],
    negative_a: Float[Tensor, "n d"],
    negative_b: Float[Tensor, "n d"],
    *,
    margin: float = 1.0,
    second_margin: float = 0.5,
    distance: Distance = "squared",
    group: Group | None = None,
) -> Float[Tensor, ""]:
    """The quadruplet loss of n quadruplets.

    Anchor and positive are of one identity; the two negatives are of two others. A positive shall be nearer than a
    negative of its anchor, as in the triplet loss, and also nearer than two strangers are to each other. With D the
    distance:

        loss = mean over i of  max(0, D(anchor_i, positive_i) - D(anchor_i, negative_a_i) + margin)
                             + max(0, D(anchor_i, positive_i) - D(negative_b_i, negative_a_i) + second_margin)

    Landmarks: 0 when every quadruplet keeps both margins; margin + second_margin when collapsed.

    Args:
        anchor: n anchors; distances are taken as they stand, nothing is normalised.
        positive: of the anchors' identities, row-aligned.
        negative_a: of other identities, row-aligned.
        negative_b: of identities that are neither the anchors' nor those of `negative_a`, row-aligned.
        margin: how much farther a negative shall be from the anchor, in units of the distance; above 0.
        second_margin: how much farther two strangers shall be; above 0, in the paper below `margin`.
        distance: "squared" (Euclidean) as in the paper, "euclidean", or "cosine", 1 - cos.
        group: the ranks that share the batch; None is this process alone. It counts where ranks differ in n.

    Returns:
        The loss in units of the distance. With W ranks, W / N times the sum over this rank's quadruplets, where N
        counts all.

    Raises:
        ValueError: shapes differ, there is no quadruplet, a margin is not above 0, or `distance` is unknown.

    Source: Beyond triplet loss, Chen et al. 2017 (arXiv 1704.01719), equation 5, with the Euclidean distance where the
    paper learns one; its margins that adapt to the batch and its mining are left out.
    """
    where = "quadruplet"
    check_same(where, "anchor, positive and negatives", anchor, positive, negative_a, negative_b)
    check_above_zero(where, "margin", margin, 1.0)
    check_above_zero(where, "second_margin", second_margin, 0.5)
    near = _distance(where, anchor, positive, distance)
    far = _distance(where, anchor, negative_a, distance)
    strangers = _distance(where, negative_b, negative_a, distance)
    return mean_over_rows(where, F.relu(near - far + margin) + F.relu(near - strangers + second_margin), group)


def _distance(where: str, x: Tensor, y: Tensor, distance: str) -> Float[Tensor, "n"]:
    """The distance of each row of x from the same row of y."""
    _check_known(where, "distance", distance, Distance)
    if distance == "cosine":
        return 1 - (direction(x) * direction(y)).sum(dim=1)
    gap = wide(x) - wide(y)
    return gap.square().sum(dim=1) if distance == "squared" else torch.linalg.vector_norm(gap, dim=1)


def _all_distances(where: str, x: Tensor, y: Tensor, distance: str) -> Float[Tensor, "n m"]:
    """The distance of each row of x from every row of y."""
    _check_known(where, "distance", distance, Distance)
    with torch.autocast(x.device.type, enabled=False):
        if distance == "cosine":
            return 1 - direction(x) @ direction(y).T
        # Not by products: |x|^2 + |y|^2 - 2 x.y leaves noise where two rows are almost the same.
        apart = torch.cdist(wide(x), wide(y), compute_mode="donot_use_mm_for_euclid_dist")
        return apart.square() if distance == "squared" else apart


def _mine(apart: Tensor, same: Tensor, different: Tensor, margin: float, mining: str) -> tuple[Tensor, Tensor]:
    """The sum of the terms that the rule picks, and how many they are."""
    _check_known("triplet_from_labels", "mining", mining, Mining)
    if mining == "hard":
        farthest = apart.masked_fill(~same, -torch.inf).amax(dim=1)
        nearest = apart.masked_fill(~different, torch.inf).amin(dim=1)
        valid = same.any(dim=1) & different.any(dim=1)
        return torch.where(valid, F.relu(farthest - nearest + margin), 0.0).sum(), valid.sum()
    # Each row's negatives from near to far; behind them infinity, in place of what is no negative.
    negatives = apart.masked_fill(~different, torch.inf).sort(dim=1).values
    number = different.sum(dim=1, keepdim=True)
    if mining == "semi_hard":
        farther = torch.searchsorted(negatives.detach(), apart.detach(), right=True)
        chosen = negatives.gather(1, farther.minimum(number - 1).clamp_min(0))
        valid = same & (number > 0)
        return torch.where(valid, F.relu(apart - chosen + margin), 0.0).sum(), valid.sum()
    # Of a positive, the k nearest negatives violate the margin: its terms sum to k (D + margin) - their distances.
    reach = apart + margin
    violating = torch.searchsorted(negatives.detach(), reach.detach())
    summed = F.pad(negatives.masked_fill(negatives == torch.inf, 0.0).cumsum(dim=1), (1, 0))
    terms = violating * reach - summed.gather(1, violating)
    return torch.where(same, terms, 0.0).sum(), (same.sum(dim=1, keepdim=True) * number).sum()


def _check_labels(where: str, name: str, labels: Tensor, z: Tensor) -> None:
    if labels.shape != z.shape[:1]:
        wanted = f"of shape ({len(z)},), one an example"
        raise ValueError(complaint(where, name, wanted, tuple(labels.shape), "Give one entry a row"))


def _check_known(where: str, name: str, value: str, known: object) -> None:
    if value not in get_args(known):
        choices = ", ".join(map(repr, get_args(known)))
        raise ValueError(complaint(where, name, f"one of {choices}", value, suggestion(value, get_args(known))))
