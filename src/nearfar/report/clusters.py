"""What the encoder groups together: k-means of a sample, which sees no label."""

from dataclasses import dataclass

import numpy as np

from nearfar.records import EmbeddingTable
from nearfar.report.neighbours import class_name

__all__ = ["Cluster", "clusters", "together"]

MOST_CLUSTERS = 12
FEWEST_EACH = 4
"""A cluster holds at least this many examples on average."""


@dataclass(frozen=True)
class Cluster:
    """Examples that lie together.

    Attributes:
        rows: the examples nearest to the centre, nearest first.
        size: how many examples the cluster has.
        class_name: of most of those whose class is known; "" where none is.
        purity: the share that class has of them; None where none is known.
    """

    rows: tuple[int, ...]
    size: int
    class_name: str
    purity: float | None


def clusters(table: EmbeddingTable, units: np.ndarray, *, shown: int = 8) -> list[Cluster]:
    """At most twelve clusters, the largest first; none where all embeddings are alike or there are too few.

    Args:
        table: the sample.
        units: its vectors at length one, from `unit_rows`.
        shown: how many examples are named of each.
    """
    found = _k_means(units, min(MOST_CLUSTERS, len(units) // FEWEST_EACH))
    if found is None:
        return []
    owner, distances = found
    order = np.argsort(distances, kind="stable")
    members = [order[owner[order] == number] for number in np.unique(owner)]
    made = [Cluster(tuple(rows[:shown].tolist()), len(rows), *_main_class(table, rows)) for rows in members]
    return sorted(made, key=lambda cluster: (-cluster.size, cluster.rows))


def _k_means(units: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray] | None:
    """The cluster of each row and its distance from the centre; seeded, on one thread: always the same."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    distinct = len(np.unique(np.round(units, 6), axis=0))
    if min(count, distinct) < 2:
        return None
    with threadpool_limits(1):
        found = KMeans(min(count, distinct), n_init=4, random_state=0).fit(units)
    owner = found.labels_
    return owner, np.linalg.norm(units - found.cluster_centers_[owner], axis=1)


def _main_class(table: EmbeddingTable, rows: np.ndarray) -> tuple[str, float | None]:
    labels = np.array([], dtype=int) if table.labels is None else table.labels[rows]
    known = labels[labels >= 0]
    if not len(known):
        return "", None
    values, counts = np.unique(known, return_counts=True)
    return class_name(table, int(values[counts.argmax()])), float(counts.max() / len(known))


def together(found: list[Cluster]) -> float | None:
    """The share of all examples that are in a cluster of which their class is the main one; None without classes."""
    known = [(cluster.size, cluster.purity) for cluster in found if cluster.purity is not None]
    if not known:
        return None
    return sum(size * purity for size, purity in known) / sum(size for size, _ in known)
