"""The retrieval probe: does a picture find others of its kind? Also re-identification."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from nearfar.errors import complaint
from nearfar.probes.examples import labelled
from nearfar.probes.score import Score, wilson_interval

__all__ = ["retrieval"]

_SIMILARITIES = 2**23  # held at once: 32 MiB, and their order twice that


@torch.no_grad()
def retrieval(
    gallery: np.ndarray | Tensor,
    gallery_labels: np.ndarray | Tensor,
    query: np.ndarray | Tensor,
    query_labels: np.ndarray | Tensor,
    *,
    ranks: Sequence[int] = (1, 5, 10),
    gallery_cameras: np.ndarray | Tensor | None = None,
    query_cameras: np.ndarray | Tensor | None = None,
    same_rows: bool = False,
) -> Score:
    """How high a gallery, sorted by cosine similarity, ranks the rows of a query's own class.

    "recall@k" is the fraction of queries with a row of their class among the first k, which re-identification calls the
    cumulative matching characteristic (CMC) at rank k. "map" is the mean over queries of the average precision: the
    mean, over the ranks r at which rows of the class stand, of the part of the first r that is of the class. A query
    whose class the gallery does not have counts nowhere, and the settings say how many there were. Rows of equal
    similarity keep the gallery's order.

    Landmarks: all are 1 where classes are far apart; on noise "map" is near the part of the gallery that is of the
    query's class.

    Args:
        gallery: (n, d) embeddings to search.
        gallery_labels: (n,) their classes; rows labelled -1 are left out.
        query: (m, d) embeddings to search with.
        query_labels: (m,) their classes; rows labelled -1 are left out.
        ranks: the k of "recall@k"; a k beyond the gallery means all of it.
        gallery_cameras: (n,) where each row was taken; with `query_cameras` the rows of a query's own class and camera
            are passed over, for they would be found too easily.
        query_cameras: (m,) likewise.
        same_rows: whether gallery and query are the same rows, each of which passes itself over.

    Returns:
        "recall@1" as the accuracy with its 95 % Wilson interval over queries; "recall@k" and "map".

    Raises:
        ValueError: shapes do not fit, a rank is below 1, only one side has cameras, or no query has a row to find.

    Source: average precision over the whole ranking and the camera rule, Zheng et al. 2015 (Market-1501).
    """
    if not ranks or min(ranks) < 1:
        raise ValueError(complaint("retrieval", "ranks", "at least 1 each", list(ranks), "Try 1 5 10"))
    if (gallery_cameras is None) != (query_cameras is None):
        missing = "gallery_cameras" if gallery_cameras is None else "query_cameras"
        raise ValueError(complaint("retrieval", missing, "given with the other's", None, "Give both or neither"))
    keys, classes = labelled("retrieval", "gallery", gallery, gallery_labels)
    asked, wanted = labelled("retrieval", "query", query, query_labels)
    if keys.shape[1] != asked.shape[1] or not (len(keys) and len(asked)):
        shapes = (tuple(keys.shape), tuple(asked.shape))
        raise ValueError(
            complaint("retrieval", "gallery and query", "labelled rows of one width", shapes, "Embed both")
        )
    if same_rows and len(keys) != len(asked):
        sizes = (len(keys), len(asked))
        raise ValueError(complaint("retrieval", "same_rows", "True for one set of rows", sizes, "Leave it out"))
    cameras = _cameras(gallery_cameras, gallery_labels, query_cameras, query_labels)
    keys, asked = F.normalize(keys, dim=1), F.normalize(asked, dim=1)
    first, precision = [], []
    for rows in torch.split(torch.arange(len(asked)), max(1, _SIMILARITIES // len(keys))):
        passed = _passed(rows, wanted, classes, cameras, same_rows=same_rows)
        at, average = _found(asked[rows] @ keys.T, wanted[rows, None] == classes, passed)
        first.append(at)
        precision.append(average)
    return _score(torch.cat(first), torch.cat(precision), ranks, len(keys))


def _passed(
    rows: Int[Tensor, "m"], wanted: Tensor, classes: Tensor, cameras: tuple[Tensor, Tensor] | None, *, same_rows: bool
) -> Bool[Tensor, "m n"]:
    """Which rows of the gallery a query passes over."""
    passed = torch.zeros(len(rows), len(classes), dtype=torch.bool, device=classes.device)
    if same_rows:
        passed[torch.arange(len(rows)), rows] = True
    if cameras is not None:
        of_gallery, of_query = cameras
        passed |= (of_query[rows, None] == of_gallery) & (wanted[rows, None] == classes)
    return passed


def _found(
    similarity: Float[Tensor, "m n"], alike: Bool[Tensor, "m n"], passed: Bool[Tensor, "m n"]
) -> tuple[Int[Tensor, "m"], Float[Tensor, "m"]]:
    """The rank of the first row of the class, from 1, and the average precision; rank 0 where there is none."""
    order = similarity.masked_fill(passed, -torch.inf).argsort(dim=1, descending=True, stable=True)
    alike = (alike & ~passed).gather(1, order)
    hits = alike.cumsum(1)
    total = hits[:, -1]
    place = torch.arange(1, alike.shape[1] + 1, device=alike.device)
    average = (hits / place).masked_fill(~alike, 0).sum(1) / total.clamp(min=1)
    return torch.where(total > 0, alike.int().argmax(1) + 1, 0), average


def _score(first: Int[Tensor, "m"], precision: Float[Tensor, "m"], ranks: Sequence[int], num_keys: int) -> Score:
    has = first > 0
    if not bool(has.any()):
        nothing = "a class that the gallery has"
        raise ValueError(complaint("retrieval", "query_labels", nothing, "none", "Give rows of the same classes"))
    first, precision = first[has], precision[has]
    recalls = {f"recall@{k}": int((first <= k).sum()) / len(first) for k in sorted({1, *ranks})}
    settings = {"gallery_rows": num_keys, "queries": len(first), "queries_without_match": int((~has).sum())}
    best = recalls["recall@1"]
    return Score(best, wilson_interval(best, len(first)), settings, {**recalls, "map": float(precision.mean())})


def _cameras(
    gallery: np.ndarray | Tensor | None,
    gallery_labels: np.ndarray | Tensor,
    query: np.ndarray | Tensor | None,
    query_labels: np.ndarray | Tensor,
) -> tuple[Tensor, Tensor] | None:
    """The cameras of the labelled rows."""
    if gallery is None or query is None:
        return None
    of_gallery, of_query = torch.as_tensor(gallery), torch.as_tensor(query)
    known, asked = torch.as_tensor(gallery_labels) >= 0, torch.as_tensor(query_labels) >= 0
    if of_gallery.shape != known.shape or of_query.shape != asked.shape:
        shapes = (tuple(of_gallery.shape), tuple(of_query.shape))
        raise ValueError(complaint("retrieval", "cameras", "one a row", shapes, "Give one camera for each row"))
    return of_gallery[known], of_query[asked]
