"""Nearest neighbours in a sample, and how often they share their class."""

from dataclasses import dataclass

import numpy as np

from nearfar.records import EmbeddingTable

__all__ = ["Neighbour", "Query", "agreement", "choose", "class_name", "nearest", "queries"]


@dataclass(frozen=True)
class Neighbour:
    """One example near a query.

    Attributes:
        row: where it is in the sample.
        id: its name.
        class_name: "" where unknown.
        similarity: the cosine.
        is_same: whether it has the query's class; None where either is unknown.
    """

    row: int
    id: str
    class_name: str
    similarity: float
    is_same: bool | None


@dataclass(frozen=True)
class Query:
    """One example and its nearest, nearest first."""

    row: int
    id: str
    class_name: str
    neighbours: tuple[Neighbour, ...]


def class_name(table: EmbeddingTable, label: int) -> str:
    """What a label is called; "" where it is not known."""
    return "" if label < 0 else table.class_names[label] if label < len(table.class_names) else f"class {label}"


def nearest(units: np.ndarray, *, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Each row's most similar others; of equal ones the earlier row first.

    Args:
        units: (n, d) unit vectors.
        most: how many; fewer where the sample is smaller.

    Returns:
        (n, k) rows, and (n, k) cosines.
    """
    similarities = units @ units.T
    np.fill_diagonal(similarities, -np.inf)
    rows = np.argsort(-similarities, axis=1, kind="stable")[:, : min(most, len(units) - 1)]
    return rows, np.take_along_axis(similarities, rows, axis=1)


def choose(table: EmbeddingTable, *, most: int) -> list[int]:
    """Rows drawn at random by a fixed seed, spread over the classes: none has two before each has one.

    With more classes than rows wanted, the classes are spread evenly over their order.
    """
    order = np.random.default_rng(0).permutation(len(table))
    if table.labels is None or not (table.labels >= 0).any():
        return order[:most].tolist()
    by_class = {label: order[table.labels[order] == label] for label in np.unique(table.labels[table.labels >= 0])}
    labels = list(by_class)
    if len(labels) > most:
        labels = [labels[place] for place in np.linspace(0, len(labels) - 1, most).round().astype(int)]
    deepest = max(len(by_class[label]) for label in labels)
    spread = [by_class[label][turn] for turn in range(deepest) for label in labels if turn < len(by_class[label])]
    return sorted((int(row) for row in spread[:most]), key=lambda row: table.labels[row])  # type: ignore[index]


def queries(table: EmbeddingTable, rows: np.ndarray, similarities: np.ndarray, *, most: int = 8) -> list[Query]:
    """The chosen examples with their neighbours, from what `nearest` returned."""
    labels = np.full(len(table), -1) if table.labels is None else table.labels

    def neighbour(row: int, other: int, similarity: float) -> Neighbour:
        is_same = None if min(labels[row], labels[other]) < 0 else bool(labels[row] == labels[other])
        return Neighbour(other, table.ids[other], class_name(table, int(labels[other])), similarity, is_same)

    def query(row: int) -> Query:
        near = zip(rows[row].tolist(), similarities[row].tolist(), strict=True)
        return Query(
            row, table.ids[row], class_name(table, int(labels[row])), tuple(neighbour(row, *pair) for pair in near)
        )

    return [query(row) for row in choose(table, most=most)]


def agreement(labels: np.ndarray | None, rows: np.ndarray) -> float | None:
    """The share of all neighbours, over the whole sample, that have their query's class; None without labels."""
    if labels is None:
        return None
    known = (labels[:, None] >= 0) & (labels[rows] >= 0)
    if not known.any():
        return None
    return float((labels[:, None] == labels[rows])[known].mean())
