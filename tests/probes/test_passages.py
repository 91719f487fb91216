"""The probe of search against scikit-learn and by hand."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import label_ranking_average_precision_score, ndcg_score

from nearfar.probes import passage_ranking, passage_retrieval, wilson_interval


def rows(apart: float, m: int = 40, p: int = 25) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    passages = random.normal(size=(p, 8))
    relevant = random.integers(0, p, m)
    return apart * passages[relevant] + random.normal(size=(m, 8)), passages, relevant


def test_it_is_what_scikit_learn_says() -> None:
    questions, passages, relevant = rows(0.7)
    cosine = torch.cosine_similarity(torch.tensor(questions)[:, None], torch.tensor(passages), dim=-1).numpy()
    truth = np.eye(25)[relevant]
    score = passage_retrieval(questions, passages, relevant, ranks=(1, 3))
    assert score.more["ndcg@10"] == pytest.approx(ndcg_score(truth, cosine, k=10), abs=1e-6)
    assert score.more["mrr"] == pytest.approx(label_ranking_average_precision_score(truth, cosine), abs=1e-6)
    top = np.argsort(-cosine, axis=1)
    assert score.accuracy == score.more["recall@1"] == pytest.approx((top[:, 0] == relevant).mean())
    assert score.more["recall@3"] == pytest.approx((top[:, :3] == relevant[:, None]).any(1).mean())
    assert score.interval == wilson_interval(score.accuracy, 40)
    assert score.more["ndcg@10_low"] < score.more["ndcg@10"] < score.more["ndcg@10_high"]
    ranked = passage_ranking(cosine, relevant, ranks=(1, 3))
    assert ranked.more == pytest.approx(score.more)


def test_several_answers_are_scikit_learn_s_too() -> None:
    similarity = np.random.default_rng(1).normal(size=(30, 25))
    relevant = [np.random.default_rng(row).choice(25, 1 + row % 14, replace=False).tolist() for row in range(30)]
    truth = np.zeros((30, 25))
    for row, answers in enumerate(relevant):
        truth[row, answers] = 1
    score = passage_ranking(similarity, relevant)
    assert score.more["ndcg@10"] == pytest.approx(ndcg_score(truth, similarity, k=10), abs=1e-9)


def test_by_hand() -> None:
    similarity = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1], [0.3, 0.2, 0.1]])
    score = passage_ranking(similarity, [[0], [2, 1], []], ranks=(1, 2))
    assert score.settings == {"passages": 3, "questions": 2, "questions_without_answer": 1}
    assert score.more["recall@1"] == 0.5
    assert score.more["recall@2"] == 1.0
    assert score.more["mrr"] == pytest.approx((1 + 1 / 2) / 2)
    second = (1 / np.log2(3) + 1 / np.log2(4)) / (1 + 1 / np.log2(3))
    assert score.more["ndcg@10"] == pytest.approx((1 + second) / 2)


def test_landmarks() -> None:
    sure, noise = passage_retrieval(*rows(50.0)), passage_retrieval(*rows(0.0, m=3000))
    assert [sure.more[name] for name in ("recall@1", "mrr", "ndcg@10")] == [1.0, 1.0, pytest.approx(1.0)]
    assert noise.more["recall@5"] == pytest.approx(5 / 25, abs=0.02)


def test_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    plain = passage_retrieval(*rows(0.7))
    monkeypatch.setattr(sys.modules["nearfar.probes.passages"], "_SIMILARITIES", 60)
    assert passage_retrieval(*rows(0.7)) == plain


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ranks": (0,)}, r"ranks must be at least 1 each\. Got \[0\]\. Try 1 5 10\."),
        ({"relevant": [0]}, "relevant must be one entry for each of 40 questions. Got 1. "),
        ({"relevant": [25] * 40}, "relevant must be rows of 25 passages. Got 25. "),
        ({"relevant": [[]] * 40}, "relevant must be an answer for one question at least. Got 'none'. "),
        ({"questions": np.zeros((40, 3))}, "questions and passages must be rows of one width. "),
        ({"questions": np.full((40, 8), np.nan)}, "questions must be finite. Got '40 rows that are not'. "),
    ],
)
def test_a_wrong_call_gets_one_sentence(given: dict[str, Any], message: str) -> None:
    arguments = dict(zip(("questions", "passages", "relevant"), rows(1.0), strict=True)) | given
    with pytest.raises(ValueError, match=f"^passage_retrieval: {message}"):
        passage_retrieval(**arguments)
