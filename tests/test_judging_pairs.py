"""Judging by what belongs together, from files to scores, and what people read of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from animals import COUNT, animal_encoder, animal_pairs
from scipy.stats import pearsonr, spearmanr
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import ndcg_score
from squares import squares, towers_spec

import nearfar
from nearfar.data import Sentences
from nearfar.engine import Encoder
from nearfar.engine.judge_pairs import bm25, search_of
from nearfar.errors import DataError, RunError
from nearfar.records import RunFolder

pytest.importorskip("tokenizers")


@pytest.fixture(scope="module")
def pairs() -> Sentences:
    return animal_pairs()


@pytest.fixture(scope="module")
def scored(pairs: Sentences) -> Sentences:
    texts = {role: pairs.texts(role) for role in pairs.roles}
    return Sentences(texts, name="alike", scores=np.random.default_rng(0).uniform(0, 5, COUNT))


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return animal_encoder()


def cosines(vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1)[:, None] * np.linalg.norm(others, axis=1)
    return (vectors.astype(np.float64) @ others.T.astype(np.float64)) / lengths


def embedded(encoder: Encoder, texts: Any) -> np.ndarray:
    return encoder.embed(Sentences({"text": list(texts)}, name="texts")).vectors


def test_pairs_with_scores_are_judged_by_the_order_that_people_gave(encoder: Encoder, scored: Sentences) -> None:
    found = nearfar.evaluate(encoder, scored)
    anchors, others = scored.texts("anchor"), scored.texts("positive")
    own = np.diagonal(cosines(embedded(encoder, anchors), embedded(encoder, others)))
    sts = found.as_dict()["scores"]["sts"]
    assert sts["spearman"] == pytest.approx(spearmanr(own, scored.scores).statistic, abs=1e-6)
    assert sts["pearson"] == pytest.approx(pearsonr(own, scored.scores).statistic, abs=1e-6)
    assert sts["interval"][0] < sts["spearman"] < sts["interval"][1]
    assert list(found.baselines) == ["raw", "untrained"]
    counted = TfidfVectorizer(sublinear_tf=True).fit([*anchors, *others])
    theirs = (counted.transform(anchors).toarray() * counted.transform(others).toarray()).sum(axis=1)
    wanted = spearmanr(theirs.round(9), scored.scores).statistic
    assert found.baselines["raw"]["sts"].spearman == pytest.approx(wanted, abs=0.01)
    assert found.baselines["untrained"]["sts"] == found.scores["sts"], "nothing was learned"
    assert found.data["train"]["examples"] == 0
    assert found.data["test"]["examples"] == COUNT


def test_questions_are_asked_of_all_passages_and_each_text_comes_once(encoder: Encoder, pairs: Sentences) -> None:
    pytest.importorskip("bm25s")
    found = nearfar.evaluate(encoder, pairs)
    asked = search_of(pairs)
    assert (len(asked.questions), len(asked.passages)) == (COUNT - 1, COUNT - 1)
    assert len(asked.answers[0]) == 2
    truth = np.zeros((COUNT - 1, COUNT - 1))
    anchors, positives = pairs.texts("anchor"), pairs.texts("positive")
    questions, passages = list(dict.fromkeys(anchors)), list(dict.fromkeys(positives))
    for anchor, positive in zip(anchors, positives, strict=True):
        truth[questions.index(anchor), passages.index(positive)] = 1
    similarity = cosines(embedded(encoder, questions), embedded(encoder, passages))
    score = found.as_dict()["scores"]["passages"]
    assert score["ndcg@10"] == pytest.approx(ndcg_score(truth, similarity, k=10), abs=1e-6)
    first = [min(np.argsort(np.argsort(-row))[right > 0]) + 1 for row, right in zip(similarity, truth, strict=True)]
    for k in (1, 5, 10):
        assert score[f"recall@{k}"] == pytest.approx(np.mean(np.array(first) <= k))
    assert score["mrr"] == pytest.approx(np.mean(1 / np.array(first)))
    assert list(found.baselines) == ["raw", "bm25", "untrained"]
    assert found.baselines["bm25"]["passages"].accuracy > 0.9, "the number is in both"
    assert found.baselines["raw"]["passages"].accuracy > 0.9


def test_bm25_is_its_equation() -> None:
    pytest.importorskip("bm25s")
    passages = ["the cod swims in the river", "the eel sleeps", "a cod and a cod", "no fish here at all"]
    found = bm25(["the cod", "trout"], passages)
    split = [[word for word in text.split() if len(word) > 1] for text in passages]
    mean = sum(map(len, split)) / len(split)
    for place, text in enumerate(split):
        score = 0.0
        for word in ("the", "cod"):
            has = sum(word in other for other in split)
            weight = np.log(1 + (len(split) - has + 0.5) / (has + 0.5))
            times = text.count(word)
            score += weight * times / (times + 1.5 * (1 - 0.75 + 0.75 * len(text) / mean))
        assert found[0, place] == pytest.approx(score, rel=1e-5)
    assert not found[1].any()
    assert not bm25(["cod"], ["!", "?"]).any(), "no passage has a word"


def test_bm25_is_asked_for_in_a_sentence(encoder: Encoder, pairs: Sentences, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "bm25s", None)
    with pytest.raises(RunError, match=r"evaluate: bm25s must be installed\. .* pip install 'nearfar\[text\]'"):
        nearfar.evaluate(encoder, pairs)
    assert nearfar.evaluate(encoder, pairs, baselines=False).scores["passages"].accuracy >= 0


def test_the_test_split_is_judged_unless_another_is_named(encoder: Encoder, pairs: Sentences, tmp_path: Path) -> None:
    rows = list(zip(pairs.texts("anchor"), pairs.texts("positive"), strict=True))
    for name, part in (("train", rows[:20]), ("test", rows[20:32]), ("dev", rows[32:])):
        lines = ["anchor\tpositive", *("\t".join(row) for row in part)]
        (tmp_path / f"{name}.tsv").write_text("\n".join(lines))
    usual, named = (nearfar.evaluate(encoder, tmp_path, split=split, baselines=False).data for split in (None, "train"))
    assert (usual["test"]["examples"], usual["test"]["split"]) == (12, "test")
    assert (named["test"]["examples"], named["test"]["split"]) == (20, "train")
    other = nearfar.evaluate(encoder, tmp_path, test=tmp_path / "dev.tsv", baselines=False).data
    assert other["test"]["examples"] == 8


def test_pictures_and_captions_find_each_other_beside_chance(tmp_path: Path) -> None:
    spec = towers_spec()
    Encoder(spec, spec.build()).save(tmp_path)
    record = nearfar.evaluate(tmp_path, squares()).as_dict()
    assert list(record["scores"]) == ["retrieval", "zeroshot"]
    encoder, source = nearfar.load(tmp_path), squares()
    similarity = cosines(encoder.embed(source.pictures).vectors, encoder.embed(source.captions).vectors)
    for name, each in (("image_to_text", similarity), ("text_to_image", similarity.T)):
        rank = (each >= np.diagonal(each)[:, None]).sum(axis=1)
        score = record["scores"]["retrieval"][name]
        assert score["recall@5"] == pytest.approx((rank <= 5).mean(), abs=1e-9)
        assert score["median_rank"] == np.median(rank)
        assert record["baselines"]["chance"]["retrieval"][name]["recall@5"] == pytest.approx(5 / 64)
    assert record["baselines"]["chance"]["zeroshot"]["accuracy"] == 0.25
    assert "raw" not in record["baselines"]
    assert json.loads(RunFolder(tmp_path).scores.read_text())["scores"] == record["scores"]
    assert (RunFolder(tmp_path).gallery / "sample-text.parquet").exists()


def test_classes_are_known_by_their_names() -> None:
    spec = towers_spec()
    encoder, pictures = Encoder(spec, spec.build()), squares().pictures
    prompts = ["a {} square", "something {}"]
    found = nearfar.evaluate(encoder, pictures, probes=["zeroshot", "knn"], prompts=prompts, seed=0)
    assert list(found.scores) == ["zeroshot", "knn"]
    assert list(found.baselines) == ["chance", "untrained", "raw"]
    whole = nearfar.evaluate(encoder, pictures, probes=["zeroshot"], prompts=prompts, baselines=False)
    described = []
    for name in pictures.class_names:
        rows = embedded(encoder, [prompt.replace("{}", name) for prompt in prompts])
        described.append((rows / np.linalg.norm(rows, axis=1, keepdims=True)).mean(axis=0))
    predicted = cosines(encoder.embed(pictures).vectors, np.stack(described)).argmax(axis=1)
    assert whole.scores["zeroshot"].accuracy == pytest.approx((predicted == pictures.labels).mean())
    assert whole.scores["zeroshot"].settings == {"test_rows": 64, "classes": 4, "templates": 2}


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("data", "probe", "words"),
    [
        ("pairs", "linear", r"of passages for pairs of texts without scores and without labels\. Got 'linear'"),
        ("pairs", "sts", r"of passages for .*Got 'sts'\. Name the column of scores by --score-column"),
        ("scored", "passages", r"of sts for pairs of texts with scores and without labels"),
        ("texts", "sts", r"of knn, .* for single texts\. Got 'sts'\. Name the column of scores"),
        ("texts", "passages", r"Name the columns of questions and passages by --anchor-column and --positive-column"),
        ("pairs", "zeroshot", r"Got 'zeroshot'\. Leave it out"),
    ],
)
def test_a_probe_that_does_not_suit_is_refused(
    data: str, probe: str, words: str, encoder: Encoder, pairs: Sentences, scored: Sentences
) -> None:
    labels = np.arange(COUNT) % 2
    texts = Sentences({"text": pairs.texts("anchor")}, name="texts", labels=labels, class_names=("a", "b"))
    with pytest.raises(DataError, match=f"^evaluate: probes must be .*{words}"):
        nearfar.evaluate(encoder, {"pairs": pairs, "scored": scored, "texts": texts}[data], probes=[probe])


@pytest.mark.usefixtures("as_users_call")
def test_prompts_need_a_place_for_the_name_and_a_probe_that_reads_them() -> None:
    spec = towers_spec()
    encoder = Encoder(spec, spec.build())
    with pytest.raises(ValueError, match=r"prompts must be texts with \{\} once, .* Got 'a picture'"):
        nearfar.evaluate(encoder, squares(), prompts=["a picture"])
    with pytest.raises(DataError, match=r"for pictures with captions and with labels\. Got 'finetune'\. Leave it out"):
        nearfar.evaluate(encoder, squares(), probes=["finetune"])
    with pytest.raises(ValueError, match="prompts must be left out without the probe zeroshot"):
        nearfar.evaluate(encoder, squares(), probes=["knn"], prompts=["a {}"])
    unlabelled = squares()
    unlabelled.labels = unlabelled.pictures.labels = None
    with pytest.raises(DataError, match=r"probes must be of retrieval for pictures with captions and without labels"):
        nearfar.evaluate(encoder, unlabelled, probes=["zeroshot"])


def test_transfer_and_comparison_take_such_scores(
    encoder: Encoder, pairs: Sentences, scored: Sentences, tmp_path: Path
) -> None:
    pytest.importorskip("bm25s")
    found = nearfar.transfer(encoder, [pairs, scored])
    assert [list(each.scores) for each in found] == [["passages"], ["sts"]]
    runs = []
    for seed in (0, 1):
        run = nearfar.pretrain("simcse", pairs, steps=2, batch_size=8, dim=16, seed=seed, out=tmp_path / f"run-{seed}")
        runs.append(run.path)
        nearfar.evaluate(run, scored)
        nearfar.evaluate(run, pairs)
    comparison = nearfar.compare(runs, out=tmp_path / "compare.html")
    assert comparison.probes == ("passages",)
    values = [json.loads((run / "scores.json").read_text())["scores"]["passages"]["ndcg@10"] for run in runs]
    assert comparison.entries[0].readings["passages"].mean == pytest.approx(np.mean(values))
    assert set(comparison.baselines) >= {"raw", "bm25"}
    page = (tmp_path / "compare.html").read_text()
    assert "Passages found, nDCG@10" in page
    assert "BM25" in page
