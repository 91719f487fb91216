"""Search: what in a table of embeddings is most like this?"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from nearfar.api.judging import embed
from nearfar.api.loading import alike, encoder_of
from nearfar.api.ready import check_list
from nearfar.data import Reading
from nearfar.data.modality import open_data
from nearfar.data.opening import BUILT_IN
from nearfar.engine import Encoder, Neighbours, Run, Searched, searched
from nearfar.errors import DataError, complaint
from nearfar.records import EmbeddingTable

__all__ = ["search"]

_NAMED = ("hf:", "torchvision:")
_FILE = re.compile(r"[/\\*\[{]|\.\w{1,8}$")
"""What a single word has that is meant to be a path."""


def search(
    table: str | Path,
    queries: Sequence[str],
    *,
    run: str | Path | Run | Encoder | None = None,
    k: int = 10,
    approximate: bool = False,
    reading: Reading = Reading(),  # noqa: B008  # which is frozen
) -> list[Neighbours]:
    """The examples of a table that are most like each query, by cosine similarity.

    Args:
        table: what `nearfar embed` wrote: a parquet file, or a .lance folder, which is searched on disk.
        queries: ids of examples in the table, which then leave themselves out; or data for the run to embed, as for
            `pretrain`, each example of which is a query; or, where the run's encoder reads texts, what to look for in
            words. What is no id and looks like no file is words.
        run: the run that the table was embedded by, for queries that are not in the table.
        k: how many for each.
        approximate: search a .lance folder by the index that LanceDB has made for it, quicker and not exact; without
            an index the search is exact.
        reading: how the data is read; columns and what to do with truncated pictures, unless stated, as in the run.

    Returns:
        For each query its neighbours, nearest first.

    Raises:
        ValueError: an argument is wrong; the sentence says what to do.
        DataError: there is no table, a query is neither in it nor data, or the run embeds otherwise.
        RunError: there is no encoder, or the table is one of LanceDB, which is not installed.
    """
    check_list("search", "queries", queries)
    if not queries:
        raise ValueError(complaint("search", "queries", "at least one", [], "Name an id of the table"))
    if k < 1:
        raise ValueError(complaint("search", "k", "at least 1", k, "Try 10"))
    place = searched(Path(table), approximate=approximate)
    known = place.rows(queries)
    unknown = [query for query in queries if query not in known.ids]
    found: dict[str, list[Neighbours]] = {}
    if unknown:
        if run is None:
            constraint, next_step = "ids of the table, or data for --run", "Name the run that the table was embedded by"
            raise DataError(complaint("search", "queries", constraint, unknown[0], next_step))
        encoder = _encoder(run, place)
        others = {query: _asked(encoder, run, query, reading) for query in unknown}
        found |= {query: place.near(_named(query, rows), k) for query, rows in others.items()}
    if len(known):
        found |= {each.query: [each.without(each.query, k)] for each in place.near(known, k + 1)}
    return [each for query in queries for each in found[query]]


def _asked(encoder: Encoder, run: str | Path | Run | Encoder, query: str, reading: Reading) -> EmbeddingTable:
    """The embeddings of a query that is data or words."""
    if "text" in encoder.spec.reads and _are_words(query):
        return encoder.embed(open_data([query], modality="text", where="search"))
    return embed(encoder, query, reading=alike(run, reading, query))


def _are_words(query: str) -> bool:
    """Whether a query is words to look for: it names nothing that is there, and nothing that could be meant to be."""
    try:
        is_there = os.path.lexists(Path(query).expanduser())
    except (OSError, RuntimeError, ValueError):  # too long for a path, or no user's home
        return True
    names_data = query in BUILT_IN or query.startswith(_NAMED)
    return not (is_there or names_data or (len(query.split()) == 1 and _FILE.search(query)))


def _encoder(run: str | Path | Run | Encoder, place: Searched) -> Encoder:
    """The encoder of a run, which must be the table's."""
    encoder = encoder_of(run)
    if encoder.dim != place.dim:
        constraint = f"one that embeds in {place.dim} dimensions, as the table's does"
        next_step = "Name the run that the table was embedded by"
        raise DataError(complaint("search", "run", constraint, encoder.dim, next_step))
    return encoder


def _named(query: str, rows: EmbeddingTable) -> EmbeddingTable:
    """Queries called as they were asked for; where data holds several, by the name of each in it too."""
    ids = (query,) if len(rows) == 1 else tuple(f"{query}/{name}" for name in rows.ids)
    return EmbeddingTable(rows.vectors, ids)
