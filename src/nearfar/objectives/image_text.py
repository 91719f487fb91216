"""Contrast between two modalities, such as images and their captions, row by row."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.distributed import Group, all_gather, all_log_sum_exp, all_reduce, first_row
from nearfar.errors import complaint
from nearfar.objectives._rows import (
    Reduction,
    Scalar,
    check_above_zero,
    check_ids,
    cosine,
    counted,
    numbered,
    reduced,
    scale_of,
    unit,
)
from nearfar.objectives._steps import softplus
from nearfar.objectives._tiles import between, softplus_between

__all__ = ["clip", "sigmoid_pairs"]


def clip(
    z_image: Float[Tensor, "n d"],
    z_text: Float[Tensor, "n d"],
    *,
    logit_scale: Scalar,
    label_smoothing: float = 0.0,
    ids: Int[Tensor, "n"] | None = None,
    normalize: bool = True,
    reduction: Reduction = "mean",
    group: Group | None = None,
) -> Float[Tensor, "*anchors"]:
    """The symmetric cross entropy of CLIP: each image finds its text, and each text its image.

    An image's positive is its text and its negatives are all other texts; for a text likewise. With u and w the rows
    of `z_image` and `z_text` on the unit sphere:

        s_ij = logit_scale * u_i . w_j
        loss = mean over i of  - 1/2 log( exp(s_ii) / sum over j of exp(s_ij) )
                               - 1/2 log( exp(s_ii) / sum over j of exp(s_ji) )

    With label smoothing e, a target is 1 - e on the positive plus e spread evenly over all n candidates.

    Landmarks: ln n when all similarities are equal, at any smoothing; log(1 + (n - 1) exp(-logit_scale)) for perfect
    positives and orthogonal negatives; 0 is approached as the scale grows.

    Both directions come from one set of products, in memory that does not grow with the pairs.

    Args:
        z_image: projections of images; any length, they are normalised here.
        z_text: projections of their texts, row-aligned.
        logit_scale: multiplies the cosines; above 0. In the paper a learned exp(t) from 1 / 0.07, at most 100; give
            the exponential, and its gradient flows.
        label_smoothing: the share of the target that is spread, 0 to below 1; 0.1 in ALIGN.
        ids: what each pair is, where captions or images repeat: others of the same id are no candidates. A pair
            without negatives has loss 0.
        normalize: False where all rows have length 1 already.
        reduction: `"none"` gives each pair's own loss, the mean of its two directions.
        group: the ranks whose pairs are candidates too; None is this process alone. Ranks may differ in n.

    Returns:
        The loss in nats. With W ranks, W / N times the sum over this rank's pairs, where N counts all pairs.

    Raises:
        ValueError: shapes differ, `logit_scale` is not above 0, `label_smoothing` is not in [0, 1), or there are fewer
            than 2 pairs in all.

    Source: CLIP, Radford et al. 2021 (arXiv 2103.00020), figure 3; label smoothing from ALIGN, Jia et al. 2021 (arXiv
    2102.05918), which adds the two directions where CLIP and this function take their mean.
    """
    if not 0 <= label_smoothing < 1:
        raise ValueError(complaint("clip", "label_smoothing", "in [0, 1)", label_smoothing, "Try 0.1"))
    own_id = _checked("clip", z_image, z_text, logit_scale, ids, group)
    image, text = (unit(z, against=len(z), normalize=normalize).flatten(0, 1) for z in (z_image, z_text))
    every_text, every_id, first = all_gather(text, group), all_gather(own_id, group), first_row(text, group)
    scale = scale_of(image, logit_scale)
    of_images, of_texts = between(image, every_text, scale=scale, row_ids=own_id, column_ids=every_id, both=True)
    assert of_texts is not None
    of_texts = all_log_sum_exp(of_texts, group)[first : first + len(text)]
    positive = scale * cosine(image, text)
    nats = (softplus(of_images - positive) + softplus(of_texts - positive)) / 2
    if label_smoothing:
        nats = nats + label_smoothing * (positive - scale * _mean_candidate(image, text, own_id, every_id, group))
    return reduced("clip", nats, reduction, group)


def _mean_candidate(image: Tensor, text: Tensor, own_id: Tensor, every_id: Tensor, group: Group | None) -> Tensor:
    """The mean cosine of each pair's candidates, over both directions: the pair itself and all of other ids."""
    kinds, number, count = torch.unique(every_id, return_inverse=True, return_counts=True)
    number = number if group is None else torch.searchsorted(kinds, own_id)
    num_candidates = (len(every_id) - count[number] + 1)[:, None]
    means = []
    for own, other in ((image, text), (text, image)):
        of_kind = all_reduce(other.new_zeros(len(kinds), other.shape[1]).index_add(0, number, other), group)
        means.append(cosine(own, (of_kind.sum(0) - of_kind[number] + other) / num_candidates))
    return (means[0] + means[1]) / 2


def sigmoid_pairs(
    z_image: Float[Tensor, "n d"],
    z_text: Float[Tensor, "n d"],
    *,
    logit_scale: Scalar,
    logit_bias: Scalar,
    ids: Int[Tensor, "n"] | None = None,
    normalize: bool = True,
    reduction: Reduction = "mean",
    group: Group | None = None,
) -> Float[Tensor, "*anchors"]:
    """The sigmoid loss of SigLIP: of every image and every text, is this a pair?

    A yes-or-no question for each of the n^2 combinations, without a softmax. With u and w the rows on the unit sphere:

        l_ij = logit_scale * u_i . w_j + logit_bias
        loss = 1/n sum over i of  ( log(1 + exp(-l_ii)) + sum over j != i of log(1 + exp(l_ij)) )

    The divisor is n, not n^2.

    Landmarks: log(1 + exp(-l)) + (n - 1) log(1 + exp(l)) when all logits are l, which is n ln 2 at l = 0 and near 10
    at the paper's start with orthogonal rows; 0 is approached for perfect pairs as scale and bias grow.

    Args:
        z_image: projections of images; any length, they are normalised here.
        z_text: projections of their texts, row-aligned.
        logit_scale: multiplies the cosines; above 0; in the paper a learned exp(t) from 10: give the exponential.
        logit_bias: is added; in the paper learned, from -10, so that most answers begin as no.
        ids: what each pair is, where captions or images repeat: others of the same id are not asked about.
        normalize: False where all rows have length 1 already.
        reduction: `"none"` gives each image's own loss over all texts.
        group: the ranks whose texts are asked about too; None is this process alone. Ranks may differ in n.

    Returns:
        The loss in nats. With W ranks, W / N times the sum over this rank's images, where N counts all images.

    Raises:
        ValueError: shapes differ, `logit_scale` is not above 0, or there are fewer than 2 pairs in all.

    Source: SigLIP, Zhai et al. 2023 (arXiv 2303.15343), equation 1 and algorithm 1.
    """
    own_id = _checked("sigmoid_pairs", z_image, z_text, logit_scale, ids, group)
    image, text = (unit(z, against=len(z), normalize=normalize).flatten(0, 1) for z in (z_image, z_text))
    scale, bias = scale_of(image, logit_scale), scale_of(image, logit_bias)
    negative = softplus_between(
        image,
        all_gather(text, group),
        scale=scale,
        bias=bias,
        row_ids=own_id,
        column_ids=all_gather(own_id, group),
    )
    positive = scale * cosine(image, text) + bias
    nats = negative + softplus(-positive)
    return reduced("sigmoid_pairs", nats, reduction, group)


def _checked(
    where: str, z_image: Tensor, z_text: Tensor, logit_scale: Scalar, ids: Tensor | None, group: Group | None
) -> Int[Tensor, "n"]:
    """The ids of this rank's pairs, after the checks that both objectives make."""
    check_above_zero(where, "logit_scale", logit_scale, 10.0)
    if z_image.ndim != 2 or z_image.shape != z_text.shape:
        shapes = (tuple(z_image.shape), tuple(z_text.shape))
        raise ValueError(complaint(where, "z_image and z_text", "of one shape (n, d)", shapes, "Give pairs"))
    check_ids(where, "ids", ids, z_image)
    num_pairs = counted(z_image, group)
    if num_pairs < 2:
        raise ValueError(complaint(where, "n", "at least 2 pairs in all", num_pairs, "Raise the batch size"))
    return numbered(z_image, group) if ids is None else ids
