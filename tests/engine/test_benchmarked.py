"""An encoder of texts in the hands of mteb: its own protocol, its own task, its own score."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import nearfar
from nearfar.data import Tokenizer
from nearfar.data.sentences import Sentences
from nearfar.engine import Encoder, ImageSpec, TextSpec
from nearfar.errors import RunError
from nearfar.probes import sts

pytest.importorskip("tokenizers", reason="the extra `text` is not installed")

WORDS = ["cod", "eel", "pike", "oak", "elm", "ash", "the", "old", "small"]


def texts(seed: int, count: int = 30) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, random.integers(2, 9))) for _ in range(count)]


@pytest.fixture
def encoder() -> Encoder:
    tokenizer = Tokenizer.train(texts(0), vocab_size=300)
    spec = TextSpec(backbone="transformer", seed=0, tokenizer=tokenizer.to_json(), dim=16, depth=1)
    network = spec.build()
    nn.init.normal_(network.token.weight, generator=torch.Generator().manual_seed(1))
    return Encoder(spec, network)


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
def test_mteb_finds_the_correlation_that_the_probe_finds(encoder: Encoder, tmp_path: Path) -> None:
    mteb = pytest.importorskip("mteb", reason="the extra `mteb` is not installed")
    import datasets
    from mteb.abstasks.sts import AbsTaskSTS
    from mteb.abstasks.task_metadata import TaskMetadata

    a, b, scores = texts(1), texts(2), np.random.default_rng(3).random(30) * 5
    said = {field: None for field in TaskMetadata.model_fields if not TaskMetadata.model_fields[field].is_required()}
    metadata = TaskMetadata.model_construct(
        **said | {
            "name": "Made", "description": "made", "type": "STS", "category": "t2t", "modalities": ["text"],
            "eval_splits": ["test"], "eval_langs": ["eng-Latn"], "main_score": "cosine_spearman",
            "dataset": {"path": "made/made", "revision": "1"}, "reference": None, "prompt": None,
        }
    )  # fmt: skip

    class Made(AbsTaskSTS):
        def load_data(self, *args, **kwargs) -> None:
            rows = {"sentence1": a, "sentence2": b, "score": list(scores)}
            self.dataset, self.data_loaded = datasets.DatasetDict(test=datasets.Dataset.from_dict(rows)), True

    Made.metadata = metadata
    Made.min_score, Made.max_score = 0, 5
    model = nearfar.as_mteb(encoder)
    assert isinstance(model, mteb.models.EncoderProtocol)
    found = mteb.evaluate(model, Made(), cache=None, show_progress_bar=False)
    ours = sts(*(encoder.embed(Sentences({"text": each}, name="x")).vectors for each in (a, b)), scores)
    (score,) = found.task_results[0].scores["test"]
    assert score["cosine_spearman"] == pytest.approx(ours.spearman, abs=1e-6)
    assert score["spearman"] == pytest.approx(ours.spearman, abs=1e-6)
    assert abs(ours.spearman) > 0.001


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
def test_its_name_is_the_run_s_and_its_revision_the_weights(encoder: Encoder, tmp_path: Path) -> None:
    pytest.importorskip("mteb", reason="the extra `mteb` is not installed")
    (tmp_path / "my run").mkdir()
    encoder.save(tmp_path / "my run")
    one, same = nearfar.as_mteb(tmp_path / "my run").mteb_model_meta, nearfar.as_mteb(encoder).mteb_model_meta
    assert (one.name, same.name, one.embed_dim) == ("nearfar/my-run", "nearfar/transformer", 16)
    with torch.no_grad():
        encoder.backbone.norm.bias[0] += 1
    assert one.revision == same.revision != nearfar.as_mteb(encoder).mteb_model_meta.revision


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
def test_texts_come_in_batches_and_similarity_is_cosine(encoder: Encoder) -> None:
    pytest.importorskip("mteb", reason="the extra `mteb` is not installed")
    model, wanted = nearfar.as_mteb(encoder), encoder.embed(Sentences({"text": texts(4)}, name="x")).vectors
    batches = [{"text": texts(4)[:20]}, {"text": texts(4)[20:], "title": ["no"] * 10}]
    found = model.encode(batches, task_metadata=None, hf_split="test", hf_subset="default", batch_size=3)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    unit = wanted / np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(model.similarity(found, torch.from_numpy(wanted[:3])), unit @ unit[:3].T, atol=1e-5)
    np.testing.assert_allclose(model.similarity(found[0], found[1]), unit[:1] @ unit[1:2].T, atol=1e-5)
    np.testing.assert_allclose(model.similarity_pairwise(found, found[::-1]), (unit * unit[::-1]).sum(1), atol=1e-5)


def test_without_mteb_it_says_what_to_install(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mteb.models", None)
    monkeypatch.setitem(sys.modules, "mteb", None)
    with pytest.raises(RunError, match=r"as_mteb: mteb must be installed.* Type pip install 'nearfar\[mteb\]'\."):
        nearfar.as_mteb(encoder)


def test_pictures_are_refused() -> None:
    spec = ImageSpec(backbone="small", stem=None, size=16, channels=1, mean=(0.5,), std=(0.3,), seed=0)
    with pytest.raises(RunError, match=r"as_mteb: run must be an encoder of texts\. Got 'image'\."):
        nearfar.as_mteb(Encoder(spec, spec.build()))
