"""The probe of search: does a question find the passages that answer it?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.errors import complaint
from nearfar.probes.examples import check_finite
from nearfar.probes.score import Score, student_interval, wilson_interval

__all__ = ["passage_ranking", "passage_retrieval"]

_SIMILARITIES = 2**23  # held at once: 32 MiB, and their order twice that
_DEPTH = 10  # of nDCG


@torch.no_grad()
def passage_retrieval(
    questions: np.ndarray | Tensor,
    passages: np.ndarray | Tensor,
    relevant: Sequence[int] | Sequence[Sequence[int]] | np.ndarray | Tensor,
    *,
    ranks: Sequence[int] = (1, 5, 10),
) -> Score:
    """How high all passages, sorted by cosine similarity to a question, rank those that answer it.

    "recall@k" is the fraction of questions with an answer among the first k; "median_rank" the median over questions of
    the rank of the first answer, from 1, and "mrr" the mean of one over it; "ndcg@10" the mean of the sum over answers
    of 1 / log2(1 + rank), up to rank 10, over what it is where the answers stand first.

    Landmarks: all are 1 where each question is nearest to its answers; on noise "recall@k" is near k over the number of
    passages.

    Args:
        questions: (m, d) embeddings.
        passages: (p, d) embeddings of all that is searched.
        relevant: the row of the passage that answers each question, or the rows of all that do; a question without any
            counts nowhere.
        ranks: the k of "recall@k"; a k beyond the passages means all of them.

    Returns:
        "recall@1" as the accuracy with its 95 % Wilson interval; "recall@k", "median_rank", "mrr", and "ndcg@10" with
        the ends of its 95 % interval over questions, "ndcg@10_low" and "ndcg@10_high".

    Raises:
        ValueError: shapes do not fit, a value is not finite, a rank is below 1, a row is no passage, or no question has
            an answer.

    Source: nDCG, Jarvelin and Kekalainen 2002, with answers that are relevant or not; recall@k as in dense passage
        retrieval, Karpukhin et al. 2020 (arXiv 2004.04906).
    """
    asked, keys = (torch.as_tensor(each).float() for each in (questions, passages))
    if asked.ndim != 2 or keys.ndim != 2 or asked.shape[1] != keys.shape[1] or not (len(asked) and len(keys)):
        shapes = (tuple(asked.shape), tuple(keys.shape))
        raise ValueError(_wrong("questions and passages", "rows of one width", shapes, "Embed both by one encoder"))
    for name, rows in (("questions", asked), ("passages", keys)):
        check_finite("passage_retrieval", name, rows)
    asked, keys = F.normalize(asked, dim=1), F.normalize(keys, dim=1)
    answers = _answers(relevant, len(asked), len(keys))
    parts = torch.split(torch.arange(len(asked)), max(1, _SIMILARITIES // len(keys)))
    found = [_ranks(asked[rows] @ keys.T, [answers[row] for row in rows.tolist()]) for rows in parts]
    return _score([each for part in found for each in part], ranks, len(keys))


@torch.no_grad()
def passage_ranking(
    similarity: np.ndarray | Tensor,
    relevant: Sequence[int] | Sequence[Sequence[int]] | np.ndarray | Tensor,
    *,
    ranks: Sequence[int] = (1, 5, 10),
) -> Score:
    """The same scores for similarities of any kind, such as those of BM25.

    Landmarks: as `passage_retrieval`.

    Args:
        similarity: (m, p) of each question to each passage; equal ones keep the passages' order.
        relevant: as `passage_retrieval` takes it.
        ranks: the k of "recall@k".

    Returns:
        As `passage_retrieval`.

    Raises:
        ValueError: as `passage_retrieval`.
    """
    table = torch.as_tensor(similarity).float()
    if table.ndim != 2 or not table.numel() or bool(table.isnan().any()):
        raise ValueError(_wrong("similarity", "numbers of shape (m, p)", tuple(table.shape), "Give one row a question"))
    answers = _answers(relevant, len(table), table.shape[1])
    parts = torch.split(torch.arange(len(table)), max(1, _SIMILARITIES // table.shape[1]))
    found = [_ranks(table[rows], [answers[row] for row in rows.tolist()]) for rows in parts]
    return _score([each for part in found for each in part], ranks, table.shape[1])


def _answers(
    relevant: Sequence[int] | Sequence[Sequence[int]] | np.ndarray | Tensor, questions: int, passages: int
) -> list[list[int]]:
    """The rows of the passages that answer each question."""
    given: list[Any] = relevant.tolist() if isinstance(relevant, np.ndarray | Tensor) else list(relevant)
    rows = [sorted({int(row) for row in each}) if isinstance(each, Sequence) else [int(each)] for each in given]
    if len(rows) != questions:
        raise ValueError(_wrong("relevant", f"one entry for each of {questions} questions", len(rows), "Align them"))
    beyond = [row for each in rows for row in each if not 0 <= row < passages]
    if beyond:
        raise ValueError(_wrong("relevant", f"rows of {passages} passages", beyond[0], "Count rows from 0"))
    if not any(rows):
        raise ValueError(_wrong("relevant", "an answer for one question at least", "none", "Give rows of passages"))
    return rows


def _ranks(similarity: Float[Tensor, "m p"], answers: Sequence[Sequence[int]]) -> list[Int[np.ndarray, "_"]]:
    """The ranks, from 1, of each question's answers, rising."""
    order = similarity.argsort(dim=1, descending=True, stable=True)
    place = order.argsort(dim=1).cpu().numpy() + 1
    return [np.sort(row[list(each)]) for row, each in zip(place, answers, strict=True)]


def _score(found: Sequence[np.ndarray], ranks: Sequence[int], passages: int) -> Score:
    if not ranks or min(ranks) < 1:
        raise ValueError(_wrong("ranks", "at least 1 each", list(ranks), "Try 1 5 10"))
    has = [each for each in found if len(each)]
    first = np.array([each[0] for each in has])
    recalls = {f"recall@{k}": float((first <= k).mean()) for k in sorted({1, *ranks})}
    gains = [_ndcg(each) for each in has]
    low, high = student_interval(gains) if len(gains) > 1 else (0.0, 1.0)
    more = {**recalls, "median_rank": float(np.median(first)), "mrr": float((1 / first).mean())}
    more |= {f"ndcg@{_DEPTH}": float(np.mean(gains)), f"ndcg@{_DEPTH}_low": low, f"ndcg@{_DEPTH}_high": high}
    settings = {"passages": passages, "questions": len(has), "questions_without_answer": len(found) - len(has)}
    return Score(recalls["recall@1"], wilson_interval(recalls["recall@1"], len(has)), settings, more)


def _ndcg(ranks: np.ndarray) -> float:
    ideal = np.arange(1, min(len(ranks), _DEPTH) + 1)
    gain, best = ((1 / np.log2(1 + at)).sum() for at in (ranks[ranks <= _DEPTH], ideal))
    return float(gain / best)


def _wrong(argument: str, constraint: str, got: object, next_step: str) -> str:
    return complaint("passage_retrieval", argument, constraint, got, next_step)
