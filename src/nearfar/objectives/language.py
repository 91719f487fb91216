"""Objectives of language: which token stands here, which comes next, and in which order do texts stand?"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.distributed import Group, world_size
from nearfar.errors import complaint
from nearfar.objectives._batch import count, wide

__all__ = ["masked_token", "next_token", "order"]


def masked_token(
    logits: Float[Tensor, "*tokens v"], target: Int[Tensor, "*tokens"], *, group: Group | None = None
) -> Float[Tensor, ""]:
    """The cross entropy of telling which token stood where one was hidden.

    Only chosen tokens count, those with a target; they weigh alike, whatever text they are of. With C the chosen ones
    of the batch and y their tokens:

        loss = mean over i in C of  -log( exp(logits_i[y_i]) / sum over the vocabulary w of exp(logits_i[w]) )

    Landmarks: ln v when all logits are equal, v the size of the vocabulary; 0 for certain and right answers; a network
    that has learned how frequent tokens are and nothing else sits at the entropy of their frequencies.

    Args:
        logits: for each token of the vocabulary, by place. To make them for chosen places alone takes a seventh of the
            memory: give `logits` and `target` of those.
        target: the token that stood there; below 0 where none was chosen.
        group: the ranks that share the batch; None is this process alone. They may differ in places.

    Returns:
        The loss in nats; 0 where no token of any rank was chosen. With W ranks, W / N times the sum over this rank's
        chosen tokens, where N counts all.

    Raises:
        ValueError: shapes do not fit, or a target is none of the vocabulary.

    Source: BERT, Devlin et al. 2018 (arXiv 1810.04805), section 3.1, task 1.
    """
    return _cross_entropy("masked_token", logits, target, group)


def next_token(
    logits: Float[Tensor, "n t v"],
    ids: Int[Tensor, "n t"],
    lengths: Int[Tensor, "n"],
    *,
    group: Group | None = None,
) -> Float[Tensor, ""]:
    """The cross entropy of telling each token from those before it.

    The logits at a token are about the one behind it. The first token of a text is told by nothing, and padding is
    neither told nor tells. All tokens that are told weigh alike. With l the lengths:

        loss = mean over i and t < l_i - 1 of  -log( exp(logits_it[ids_i(t+1)]) / sum over w of exp(logits_it[w]) )

    Landmarks: ln v when all logits are equal, v the size of the vocabulary; 0 for certain and right answers. Its
    exponential is the perplexity: v at chance.

    Args:
        logits: for each token of the vocabulary, at each place.
        ids: the tokens of n texts.
        lengths: how many tokens each text has; the rest of its row is padding.
        group: the ranks that share the batch; None is this process alone. They may differ in n and t.

    Returns:
        The loss in nats; 0 where no text has two tokens. With W ranks, W / N times the sum over this rank's tokens that
        are told, where N counts all.

    Raises:
        ValueError: shapes do not fit, or a token is none of the vocabulary.

    Source: GPT, Radford et al. 2018, equation 1, with the causal Transformer of Liu et al. 2018 (arXiv 1801.10198).
    """
    if logits.ndim != 3 or ids.shape != logits.shape[:2] or lengths.shape != ids.shape[:1]:
        shapes = (tuple(logits.shape), tuple(ids.shape), tuple(lengths.shape))
        wanted = "of shapes (n, t, v), (n, t) and (n,)"
        raise ValueError(complaint("next_token", "logits, ids and lengths", wanted, shapes, "Give one row a text"))
    told = torch.arange(1, ids.shape[1] + 1, device=ids.device) < lengths[:, None]
    return _cross_entropy("next_token", logits, torch.where(told, ids.roll(-1, 1), -1), group)


def order(logits: Float[Tensor, "n k"], target: Int[Tensor, "n"], *, group: Group | None = None) -> Float[Tensor, ""]:
    """The cross entropy of telling in which of k orders the parts of a text stand.

    With two: does the second sentence follow the first (next sentence), or are they swapped (sentence order)? With k =
    s!: which permutation of s spans is it?

        loss = mean over i of  -log( exp(logits_i[y_i]) / sum over k of exp(logits_ik) )

    Landmarks: ln k when all logits are equal, ln 2 for two orders, where a network that has learned nothing stays;
    0 for certain and right answers.

    Args:
        logits: for each order, by text.
        target: the order of each text; below 0 where it is unknown, and the text counts nowhere.
        group: the ranks that share the batch; None is this process alone. They may differ in n.

    Returns:
        The loss in nats; 0 where no order is known. With W ranks, W / N times the sum over this rank's texts, where N
        counts all whose order is known.

    Raises:
        ValueError: shapes do not fit, or a target is no order.

    Source: next sentence, BERT, Devlin et al. 2018 (arXiv 1810.04805), section 3.1, task 2; sentence order, ALBERT, Lan
    et al. 2019 (arXiv 1909.11942), section 3.1.
    """
    return _cross_entropy("order", logits, target, group)


def _cross_entropy(where: str, logits: Tensor, target: Tensor, group: Group | None) -> Tensor:
    """The mean over all rows of all ranks that have a target."""
    if logits.ndim < 1 or logits.shape[:-1] != target.shape or target.is_floating_point():
        got = f"{tuple(logits.shape)} and {target.dtype} of shape {tuple(target.shape)}"
        raise ValueError(complaint(where, "logits and target", "row-aligned", got, "Give one target a row"))
    has = target >= 0
    if bool((target >= logits.shape[-1]).any()):
        constraint = f"below {logits.shape[-1]}, the number of logits"
        raise ValueError(complaint(where, "target", constraint, int(target.max()), "Give one logit for each"))
    number = count(has.sum(), group, logits.device)
    # Rows without a target are left out before the softmax: their logits shall not cost, nor count if they are no
    # numbers. Where no row is left, the empty sum still leads gradients of 0 back.
    total = F.cross_entropy(wide(logits[has]), target[has], reduction="sum")
    return total * (world_size(group) / max(1.0, number))
