"""The equations of language as slow loops, written from the papers."""

import numpy as np

__all__ = ["cross_entropy", "next_token", "simcse"]


def cross_entropy(logits: np.ndarray, target: np.ndarray) -> complex:
    """BERT, section 3.1: the mean over the rows that have a target."""
    nats = [-np.log(np.exp(row[y]) / sum(np.exp(row))) for row, y in zip(logits, target, strict=True) if y >= 0]
    return sum(nats) / len(nats) if nats else 0.0


def next_token(logits: np.ndarray, ids: np.ndarray, lengths: np.ndarray) -> complex:
    """GPT, equation 1: the mean over all tokens but the first of each text."""
    nats = []
    for text in range(len(ids)):
        for place in range(1, lengths[text]):
            row = logits[text, place - 1]
            nats.append(-np.log(np.exp(row[ids[text, place]]) / sum(np.exp(row))))
    return sum(nats) / len(nats) if nats else 0.0


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt(x @ x)


def simcse(
    anchor: np.ndarray, positive: np.ndarray, negative: np.ndarray | None, temperature: float, weight: float
) -> complex:
    """SimCSE, equation 5, with alpha = exp(weight) before an anchor's own hard negative."""
    losses = []
    for i, x in enumerate(anchor):
        total = sum(np.exp(unit(x) @ unit(p) / temperature) for p in positive)
        for j, n in enumerate(() if negative is None else negative):
            total = total + (np.exp(weight) if i == j else 1.0) * np.exp(unit(x) @ unit(n) / temperature)
        losses.append(-np.log(np.exp(unit(x) @ unit(positive[i]) / temperature) / total))
    return sum(losses) / len(losses)
