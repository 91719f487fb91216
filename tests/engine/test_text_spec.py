"""An encoder of texts: rebuilt as it was, the same for a text in any company, judged beside TF-IDF."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer

import nearfar
from nearfar.data import open_source
from nearfar.data.sentences import Sentences
from nearfar.data.tokenizer import Tokenizer
from nearfar.engine import Encoder, TextSpec, judge, label_free, tf_idf
from nearfar.errors import DataError
from nearfar.networks import TEXT_BACKBONES
from nearfar.records import read_json

pytest.importorskip("tokenizers")

WORDS = {"fish": ["cod", "eel", "pike", "carp"], "tree": ["oak", "elm", "ash", "yew"]}


def sentences(count: int = 60) -> Sentences:
    """Short and long sentences of two kinds, told apart by one word in each."""
    random = np.random.default_rng(0)
    labels = np.arange(count) % 2
    kinds = list(WORDS.values())
    filling = ["the", "a", "was", "seen", "near", "it", "and", "old", "small"]
    texts = [
        " ".join([*random.choice(filling, random.integers(1, 30)), random.choice(kinds[label])]) for label in labels
    ]
    return Sentences({"text": texts}, name="kinds", labels=labels, class_names=tuple(WORDS))


@pytest.fixture(scope="module")
def spec() -> TextSpec:
    tokenizer = Tokenizer.train(sentences().texts(), vocab_size=320)
    return TextSpec(backbone="transformer", seed=0, tokenizer=tokenizer.to_json(), max_length=16, dim=32, depth=1)


@pytest.mark.parametrize("name", TEXT_BACKBONES)
def test_the_vectors_of_tokens_alone_start_from_the_texts(name: str, spec: TextSpec) -> None:
    own = replace(spec, backbone=name)
    before, after = own.build(), own.build()
    own.start_stem(after, sentences())
    started = {key for key, value in after.state_dict().items() if not value.equal(before.state_dict()[key])}
    assert started == {"token.weight"}
    ids = [int(spec.tokens.encode([word], max_length=16).ids[1]) for word in ("the", "cod")]
    often, seldom = after.token.weight.detach()[ids].norm(dim=1)  # type: ignore[union-attr,index]
    assert often < 0.5 * seldom


def test_a_run_starts_from_its_texts_and_its_untrained_network_from_chance(tmp_path: Path) -> None:
    run = nearfar.pretrain("simcse", sentences(), steps=1, batch_size=8, learning_rate=1e-9, depth=1, out=tmp_path)
    assert run.record["settings"]["start_stem"] is True
    spec, state = run.encoder.spec, run.encoder.backbone.state_dict()
    counted = spec.build()
    spec.start_stem(counted, sentences())
    torch.testing.assert_close(state["token.weight"], counted.state_dict()["token.weight"])
    chance = run.encoder.untrained().backbone.state_dict()["token.weight"]
    assert chance.equal(spec.build().state_dict()["token.weight"])
    assert not chance.equal(state["token.weight"])


@pytest.mark.parametrize("name", TEXT_BACKBONES)
def test_it_comes_back_as_it_was_saved(name: str, spec: TextSpec, tmp_path: Path) -> None:
    torch.manual_seed(5)
    own = replace(spec, backbone=name)
    encoder = Encoder(own, own.network())
    encoder.save(tmp_path)
    again = Encoder.load(tmp_path)
    assert again.spec == own
    np.testing.assert_array_equal(again.embed(sentences()).vectors, encoder.embed(sentences()).vectors)
    assert read_json(tmp_path / "encoder.json")["modality"] == "text"


def test_the_untrained_network_is_a_function_of_the_spec(spec: TextSpec) -> None:
    one, other = (Encoder(spec, spec.build()).embed(sentences()).vectors for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert not np.allclose(one, Encoder(spec, replace(spec, seed=1).build()).embed(sentences()).vectors)


def test_a_text_is_embedded_alike_alone_and_in_company_and_stays_in_its_row(spec: TextSpec) -> None:
    encoder = Encoder(spec, spec.build())
    whole = encoder.embed(sentences())
    assert whole.ids == sentences().ids
    assert list(whole.labels) == list(sentences().labels)
    np.testing.assert_allclose(encoder.embed(sentences(), batch_size=7).vectors, whole.vectors, atol=1e-5)
    alone = encoder.embed(sentences().select(np.array([3])))
    np.testing.assert_allclose(alone.vectors[0], whole.vectors[3], atol=1e-5)


def test_texts_are_read_from_a_file(spec: TextSpec, tmp_path: Path) -> None:
    (tmp_path / "kinds.txt").write_text("\n".join(sentences().texts()))
    encoder = Encoder(spec, spec.build())
    np.testing.assert_array_equal(encoder.embed(tmp_path / "kinds.txt").vectors, encoder.embed(sentences()).vectors)


def test_pictures_are_refused(spec: TextSpec) -> None:
    pictures = open_source(np.zeros((4, 8, 8), np.uint8))
    with pytest.raises(DataError, match=r"embed: data must be texts\. Got 'pictures'"):
        Encoder(spec, spec.build()).embed(pictures)


def test_it_is_fine_tuned_on_texts_alone(spec: TextSpec, tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    Encoder(spec, spec.build()).save(tmp_path / "encoder")
    with pytest.raises(DataError, match=r"finetune: data must be texts\. Got 'pictures'"):
        nearfar.finetune(tmp_path / "encoder", open_source(np.zeros((4, 8, 8), np.uint8)))
    run = nearfar.finetune(tmp_path / "encoder", sentences(), steps=2, out=tmp_path / "run")
    assert run.encoder.spec == spec
    assert len(nearfar.predict(run, sentences())) == len(sentences())


def test_it_is_judged_beside_tf_idf_and_the_untrained_network(spec: TextSpec) -> None:
    train, test = sentences().select(np.arange(40)), sentences().select(np.arange(40, 60))
    scores, baselines, table = judge(Encoder(spec, spec.build()), train, test, probes=("knn", "linear"))
    assert set(baselines) == {"raw", "untrained"}
    assert baselines["raw"]["linear"].accuracy > 0.9, "one word tells the classes apart"
    assert scores["knn"] == baselines["untrained"]["knn"], "nothing was learned"
    assert len(table) == 20


def test_tf_idf_is_scikit_learn_s_and_learns_from_the_fitted_texts_alone() -> None:
    train, test = sentences().select(np.arange(40)), sentences().select(np.arange(40, 60))
    theirs = TfidfVectorizer(sublinear_tf=True).fit(train.texts())
    np.testing.assert_allclose(tf_idf(train, test).vectors, theirs.transform(test.texts()).toarray(), atol=1e-6)
    assert tf_idf(train, test).ids == test.ids


def test_what_is_known_without_labels_is_read_from_spans(spec: TextSpec) -> None:
    found = label_free(Encoder(spec, spec.build()), sentences())
    assert found["effective_rank"] > 1
    assert 0 < found["alignment"] < 4
    assert found == label_free(Encoder(spec, spec.build()), sentences())
