"""The embedding map: a sample of embeddings in the plane, with each one's neighbours in the full space."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nearfar.records import EmbeddingTable

__all__ = ["map_data", "plane", "unit_rows"]

FEWEST = 8
"""Below this many points a map shows nothing."""


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Vectors scaled to length one; a zero vector stays zero."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)


def plane(units: np.ndarray) -> np.ndarray | None:
    """t-SNE of unit vectors, seeded: the same vectors give the same map.

    The vectors are first reduced to their 50 widest directions; t-SNE starts from the two widest.

    Args:
        units: (n, d), from `unit_rows`.

    Returns:
        (n, 2) in [0, 1], with both axes on one scale; None for fewer than eight points or points all alike.

    Source: van der Maaten and Hinton 2008; the start from principal components, Kobak and Berens 2019.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    if len(units) < FEWEST or np.ptp(units, axis=0).max() < 1e-6:
        return None
    reduced = PCA(min(50, *units.shape), random_state=0).fit_transform(units)
    if reduced.shape[1] < 2:
        reduced = np.hstack([reduced, np.zeros_like(reduced)])
    perplexity = min(30.0, (len(units) - 1) / 3)
    # One thread: t-SNE's threads wait for one another by spinning, on a busy machine for five times as long.
    with threadpool_limits(1):
        points = TSNE(2, perplexity=perplexity, init="pca", random_state=0).fit_transform(reduced)
    low, high = points.min(axis=0), points.max(axis=0)
    return (points - (low + high) / 2) / (high - low).max() + 0.5


def map_data(
    table: EmbeddingTable,
    points: np.ndarray,
    neighbours: np.ndarray,
    similarities: np.ndarray,
    texts: Sequence[str] | None = None,
    *,
    start: int,
) -> dict[str, Any]:
    """What the page's script draws.

    Args:
        table: the sample.
        points: (n, 2), from `plane`.
        neighbours: (n, k) rows.
        similarities: (n, k) cosines.
        texts: n of them; None where the examples have none.
        start: the row that is read out before a reader points anywhere.

    Returns:
        Places in ten-thousandths of the map's side, cosines in hundredths, labels, ids and names; texts where there
        are any.
    """
    known = table.labels is not None and bool((table.labels >= 0).any())
    places = np.round(points * 10_000).astype(int)
    return {
        "x": places[:, 0].tolist(),
        "y": places[:, 1].tolist(),
        "label": table.labels.tolist() if known and table.labels is not None else None,
        "ids": list(table.ids),
        "names": list(table.class_names),
        "neighbours": neighbours.tolist(),
        "similarities": np.round(100 * similarities).astype(int).tolist(),
        "start": start,
        **({} if texts is None else {"texts": list(texts)}),
    }
