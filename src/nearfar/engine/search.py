"""What lies near in a table of embeddings: in memory, or on disk in the vector store."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nearfar.probes.nearest import nearest
from nearfar.records import EmbeddingTable, is_lance, open_lance

__all__ = ["Neighbours", "Searched", "searched"]


@dataclass(frozen=True)
class Neighbours:
    """The rows of a table that are most like a query, most like it first.

    Attributes:
        query: its name.
        ids: of the rows.
        similarities: (k,) the cosine to each.
        labels: their classes in words; None where unknown.
        texts: of rows that are texts, the texts; None where the table has none.
        text: the query's own, where it is a row of a table that has them.
    """

    query: str
    ids: tuple[str, ...]
    similarities: np.ndarray
    labels: tuple[str | None, ...]
    texts: tuple[str, ...] | None = None
    text: str | None = None

    @classmethod
    def of(cls, queries: EmbeddingTable, row: int, found: EmbeddingTable, similarities: np.ndarray) -> "Neighbours":
        """What was found for a row of the queries, most like it first."""
        text = None if queries.texts is None else queries.texts[row]
        return cls(queries.ids[row], found.ids, similarities, found.label_names, found.texts, text)

    def as_dict(self) -> dict[str, Any]:
        """What `search --json` prints; texts where there are any."""
        rows = zip(self.ids, self.similarities.tolist(), self.labels, strict=True)
        near = [{"id": name, "similarity": round(each, 6), "label": label} for name, each, label in rows]
        if self.texts is not None:
            near = [{**each, "text": text} for each, text in zip(near, self.texts, strict=True)]
        said = {} if self.text is None else {"text": self.text}
        return {"query": self.query, **said, "neighbours": near}

    def without(self, name: str, k: int) -> "Neighbours":
        """The first k but for a row, which a query that is one of the table's has found."""
        keep = [place for place, each in enumerate(self.ids) if each != name][:k]
        ids, labels = tuple(self.ids[place] for place in keep), tuple(self.labels[place] for place in keep)
        texts = None if self.texts is None else tuple(self.texts[place] for place in keep)
        return Neighbours(self.query, ids, self.similarities[keep], labels, texts, self.text)


class Searched(ABC):
    """A table that can be searched.

    Attributes:
        dim: width of its vectors.
    """

    dim: int

    @abstractmethod
    def rows(self, ids: Sequence[str]) -> EmbeddingTable:
        """Those of the named rows that there are."""

    @abstractmethod
    def near(self, queries: EmbeddingTable, k: int) -> list[Neighbours]:
        """The k nearest rows of each query."""


def searched(path: Path, *, approximate: bool = False) -> Searched:
    """Opens a table to be searched.

    Args:
        path: as `EmbeddingTable.write` takes it.
        approximate: whether a table of LanceDB may be searched by the index that it has.

    Raises:
        DataError: there is no table.
        RunError: it is one of LanceDB, which is not installed.
    """
    return _OnDisk(path, approximate=approximate) if is_lance(path) else _InMemory(EmbeddingTable.read(path))


class _InMemory(Searched):
    def __init__(self, table: EmbeddingTable) -> None:
        self.table = table
        self.dim = table.vectors.shape[1]

    def rows(self, ids: Sequence[str]) -> EmbeddingTable:
        wanted = set(ids)
        return self.table.rows([row for row, name in enumerate(self.table.ids) if name in wanted])

    def near(self, queries: EmbeddingTable, k: int) -> list[Neighbours]:
        similarities, rows = nearest(torch.from_numpy(queries.vectors), torch.from_numpy(self.table.vectors), k)
        found = [self.table.rows(each) for each in rows.numpy()]
        both = zip(found, similarities.numpy(), strict=True)
        return [Neighbours.of(queries, row, table, near) for row, (table, near) in enumerate(both)]


class _OnDisk(Searched):
    def __init__(self, path: Path, *, approximate: bool) -> None:
        self.table, self.approximate = open_lance(path), approximate
        self.dim = self.table.schema.field("vector").type.list_size

    def rows(self, ids: Sequence[str]) -> EmbeddingTable:
        named = ", ".join("'" + name.replace("'", "''") + "'" for name in ids)
        return EmbeddingTable.of_arrow(self.table.search().where(f"id IN ({named})").limit(len(ids)).to_arrow())

    def near(self, queries: EmbeddingTable, k: int) -> list[Neighbours]:
        return [self._near(queries, row, k) for row in range(len(queries))]

    def _near(self, queries: EmbeddingTable, row: int, k: int) -> Neighbours:
        search = self.table.search(queries.vectors[row]).distance_type("cosine").limit(k)
        found = (search if self.approximate else search.bypass_vector_index()).to_arrow()
        table = EmbeddingTable.of_arrow(found.drop_columns("_distance"))
        return Neighbours.of(queries, row, table, 1 - found["_distance"].to_numpy())
