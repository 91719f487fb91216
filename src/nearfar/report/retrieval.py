"""From captions to pictures and back: what is found in a sample of pairs."""

from typing import NamedTuple

import numpy as np

from nearfar.errors import DataError, complaint
from nearfar.records import EmbeddingTable
from nearfar.report.map import unit_rows
from nearfar.report.neighbours import choose

__all__ = ["Hit", "Retrieval", "Search", "retrieval"]


class Hit(NamedTuple):
    """What was found.

    Attributes:
        row: of the pair in the sample.
        similarity: the cosine.
        is_own: whether it is the other half of the pair that was asked for.
    """

    row: int
    similarity: float
    is_own: bool


class Search(NamedTuple):
    """One half of a pair as a query, and what of the other halves is nearest.

    Attributes:
        row: of the pair.
        hits: the nearest, nearest first.
        rank: of its own other half, counted from 1; of equal ones the last.
    """

    row: int
    hits: tuple[Hit, ...]
    rank: int


class Retrieval(NamedTuple):
    """Searches in both directions.

    Attributes:
        pictures: what some captions find.
        captions: what some pictures find.
        to_pictures: the share of all captions whose picture is the first found, and among the first five.
        to_captions: the share of all pictures whose caption is.
        chance: both shares of a draw.
    """

    pictures: tuple[Search, ...]
    captions: tuple[Search, ...]
    to_pictures: tuple[float, float]
    to_captions: tuple[float, float]
    chance: tuple[float, float]


def retrieval(table: EmbeddingTable, captions: EmbeddingTable, *, each: int = 4, most: int = 5) -> Retrieval:
    """Searches a sample of pictures by its captions, and its captions by the pictures.

    Args:
        table: the pictures.
        captions: the captions, row-aligned.
        each: how many searches are shown in a direction.
        most: how many hits are shown of a search.

    Raises:
        DataError: the two have not as many rows, or not the same width.
    """
    if table.vectors.shape != captions.vectors.shape:
        got, next_step = captions.vectors.shape, "Make the gallery anew"
        constraint = f"of shape {table.vectors.shape}, as the pictures'"
        raise DataError(complaint("write_report", "sample-text.parquet", constraint, got, next_step))
    cosines = unit_rows(captions.vectors) @ unit_rows(table.vectors).T
    shown = choose(table, most=2 * each)
    first, second = (_searches(cosines, shown[::2], most), _searches(cosines.T, shown[1::2], most))
    count = len(table)
    return Retrieval(first, second, _recall(cosines), _recall(cosines.T), (1 / count, min(5, count) / count))


def _searches(cosines: np.ndarray, rows: list[int], most: int) -> tuple[Search, ...]:
    ranks = _ranks(cosines)
    found = []
    for row in rows:
        nearest = np.argsort(-cosines[row], kind="stable")[:most].tolist()
        hits = tuple(Hit(other, float(cosines[row, other]), other == row) for other in nearest)
        found.append(Search(row, hits, int(ranks[row])))
    return tuple(found)


def _ranks(cosines: np.ndarray) -> np.ndarray:
    return (cosines >= np.diagonal(cosines)[:, None]).sum(axis=1)


def _recall(cosines: np.ndarray) -> tuple[float, float]:
    ranks = _ranks(cosines)
    return float((ranks <= 1).mean()), float((ranks <= 5).mean())
