"""The hardest examples of a sample, and the most typical ones."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nearfar.records import EmbeddingTable
from nearfar.report.clusters import Cluster
from nearfar.report.map import unit_rows
from nearfar.report.neighbours import class_name

__all__ = ["Hard", "Typical", "hardest", "typical"]

MOST_CLASSES = 12


class Hard(NamedTuple):
    """An example that the linear probe hardly gives its own class.

    Attributes:
        row: where it is in the sample.
        id: its name.
        class_name: its own class.
        predicted: the class that the probe gives it.
        certainty: the probability that the probe gives its own class.
    """

    row: int
    id: str
    class_name: str
    predicted: str
    certainty: float


class Typical(NamedTuple):
    """The examples nearest to the middle of a class or, with the name "", of each cluster; nearest first."""

    class_name: str
    rows: tuple[int, ...]


def hardest(table: EmbeddingTable, about: Mapping[str, Any], *, most: int = 12) -> list[Hard]:
    """The examples whose own class the linear probe is least certain of; none where no probe has been asked.

    Args:
        table: the sample.
        about: what `gallery.json` holds; read are `predicted` and `certainty`, one for each row of the sample.
        most: how many.
    """
    predicted, certainty = (np.asarray(about.get(name) or []) for name in ("predicted", "certainty"))
    if table.labels is None or not len(predicted) == len(certainty) == len(table):
        return []
    asked = np.flatnonzero((table.labels >= 0) & (predicted >= 0))
    order = asked[np.argsort(certainty[asked], kind="stable")][:most]
    return [
        Hard(
            row,
            table.ids[row],
            class_name(table, int(table.labels[row])),
            class_name(table, int(predicted[row])),
            float(certainty[row]),
        )
        for row in order.tolist()
    ]


def typical(table: EmbeddingTable, units: np.ndarray, groups: Sequence[Cluster], *, each: int = 4) -> list[Typical]:
    """The examples nearest to the mean of their class, or without classes the one nearest to each cluster's centre.

    Of more than twelve classes, twelve are taken evenly.

    Args:
        table: the sample.
        units: its vectors at length one.
        groups: its clusters.
        each: how many of each class.
    """
    known = np.array([], dtype=int) if table.labels is None else np.unique(table.labels[table.labels >= 0])
    if not len(known):
        return [Typical("", tuple(group.rows[0] for group in groups))] if groups else []
    places = np.unique(np.linspace(0, len(known) - 1, min(MOST_CLASSES, len(known))).round().astype(int))
    return [Typical(class_name(table, label), _nearest(table, units, label, each)) for label in known[places].tolist()]


def _nearest(table: EmbeddingTable, units: np.ndarray, label: int, each: int) -> tuple[int, ...]:
    rows = np.flatnonzero(table.labels == label)
    middle = unit_rows(units[rows].mean(axis=0, keepdims=True))[0]
    return tuple(rows[np.argsort(-(units[rows] @ middle), kind="stable")][:each].tolist())
