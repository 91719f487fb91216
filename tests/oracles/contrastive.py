"""The contrastive equations as slow loops in float64, written from the papers; autograd gives their gradients."""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = [
    "clip",
    "debiased_nt_xent",
    "decoupled_nt_xent",
    "info_nce",
    "info_nce_bank",
    "nt_xent",
    "sigmoid_pairs",
    "sup_con",
]


def cosine(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y) / ((x @ x).sqrt() * (y @ y).sqrt())


def mean(values: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(values)).mean()


def anchors(
    views: Sequence[Tensor], ids: Sequence[int], temperature: Tensor
) -> list[tuple[list[Tensor], list[Tensor]]]:
    """Of each view of each example: its logits with its positives, and with its negatives."""
    rows = [(example, v, view[example]) for v, view in enumerate(views) for example in range(len(view))]
    found = []
    for example, v, z in rows:
        positives = [cosine(z, y) / temperature for other, w, y in rows if other == example and w != v]
        negatives = [cosine(z, y) / temperature for other, _, y in rows if ids[other] != ids[example]]
        found.append((positives, negatives))
    return found


def numbers(views: Sequence[Tensor], ids: Sequence[int] | None) -> Sequence[int]:
    return range(len(views[0])) if ids is None else ids


def nt_xent(*views: Tensor, temperature: Tensor, ids: Sequence[int] | None = None) -> Tensor:
    """SimCLR, equation 1 and algorithm 1; with more views each positive stands alone against the negatives."""
    losses = []
    for positives, negatives in anchors(views, numbers(views, ids), temperature):
        total = sum(s.exp() for s in negatives)
        losses += [-(positive.exp() / (positive.exp() + total)).log() for positive in positives]
    return mean(losses)


def decoupled_nt_xent(*views: Tensor, temperature: Tensor, ids: Sequence[int] | None = None) -> Tensor:
    """Yeh et al., equation 6."""
    found = anchors(views, numbers(views, ids), temperature)
    return mean([-positive + sum(s.exp() for s in negatives).log() for (positive,), negatives in found])


def debiased_nt_xent(*views: Tensor, temperature: Tensor, positive_prior: float, hardness: float = 0.0) -> Tensor:
    """Robinson et al., equation 4 and the authors' code; Chuang et al., equation 8, where hardness is 0."""
    losses = []
    for (positive,), negatives in anchors(views, range(len(views[0])), temperature):
        weights = [(hardness * s).exp() for s in negatives]
        count, average = len(negatives), sum(weights) / len(weights)
        weighted = sum(weight * s.exp() for weight, s in zip(weights, negatives, strict=True)) / average
        left = (weighted - positive_prior * count * positive.exp()) / (1 - positive_prior)
        left = torch.maximum(left, count * (-1 / temperature).exp())
        losses.append(-(positive.exp() / (positive.exp() + left)).log())
    return mean(losses)


def info_nce(
    query: Tensor, keys: Tensor, *, positive: Sequence[int], temperature: Tensor, ids: Sequence[int] | None = None
) -> Tensor:
    """CPC, equation 4, with cosine similarity divided by a temperature."""
    ids, losses = list(range(len(keys))) if ids is None else ids, []
    for q, own in zip(query, positive, strict=True):
        terms = {j: (cosine(q, k) / temperature).exp() for j, k in enumerate(keys) if j == own or ids[j] != ids[own]}
        losses.append(-(terms[own] / sum(terms.values())).log())
    return mean(losses)


def info_nce_bank(
    query: Tensor,
    key: Tensor,
    bank: Tensor,
    *,
    temperature: Tensor,
    ids: Sequence[int] | None = None,
    bank_ids: Sequence[int] | None = None,
) -> Tensor:
    """MoCo, equation 1."""
    losses = []
    for i, (q, k) in enumerate(zip(query, key, strict=True)):
        positive = (cosine(q, k) / temperature).exp()
        others = [b for j, b in enumerate(bank) if ids is None or bank_ids is None or ids[i] != bank_ids[j]]
        losses.append(-(positive / (positive + sum((cosine(q, b) / temperature).exp() for b in others))).log())
    return mean(losses)


def sup_con(z: Tensor, labels: Sequence[int], *, temperature: Tensor, variant: str) -> Tensor:
    """SupCon, equations 2 and 3; an anchor without positives counts 0."""
    losses = []
    for i in range(len(z)):
        logits = {a: cosine(z[i], z[a]) / temperature for a in range(len(z)) if a != i}
        positives = [p for p in logits if labels[p] == labels[i] >= 0]
        total = sum(s.exp() for s in logits.values())
        shares = [logits[p].exp() / total for p in positives]
        if not positives:
            losses.append(torch.zeros((), dtype=z.dtype))
        elif variant == "out":
            losses.append(-sum(share.log() for share in shares) / len(positives))
        else:
            losses.append(-(sum(shares) / len(positives)).log())
    return mean(losses)


def clip(
    z_image: Tensor,
    z_text: Tensor,
    *,
    logit_scale: Tensor,
    label_smoothing: float = 0.0,
    ids: Sequence[int] | None = None,
) -> Tensor:
    """CLIP, figure 3: the mean of both directions' cross entropies with the pair itself as the class."""
    ids, losses = numbers((z_image,), ids), []
    for one, other in ((z_image, z_text), (z_text, z_image)):
        for i in range(len(one)):
            candidates = [j for j in range(len(other)) if j == i or ids[j] != ids[i]]
            logits = {j: logit_scale * cosine(one[i], other[j]) for j in candidates}
            total = sum(s.exp() for s in logits.values())
            for j, s in logits.items():
                target = label_smoothing / len(candidates) + (1 - label_smoothing) * (j == i)
                losses.append(-target * (s.exp() / total).log())
    return sum(losses) / (2 * len(z_image))


def sigmoid_pairs(
    z_image: Tensor, z_text: Tensor, *, logit_scale: Tensor, logit_bias: Tensor, ids: Sequence[int] | None = None
) -> Tensor:
    """SigLIP, equation 1."""
    ids, losses = numbers((z_image,), ids), []
    for i, u in enumerate(z_image):
        for j, w in enumerate(z_text):
            if i == j or ids[i] != ids[j]:
                sign = 1 if i == j else -1
                losses.append(-(1 / (1 + (-sign * (logit_scale * cosine(u, w) + logit_bias)).exp())).log())
    return sum(losses) / len(z_image)
