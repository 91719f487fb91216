"""Encoders of texts in transformers and sentence-transformers: loaded there, they give the same vectors."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from published import KINDS, TEXTS, publish
from torch import nn

from nearfar.data import Tokenizer
from nearfar.data.sentences import Sentences
from nearfar.engine import Encoder, TextSpec, read_pretrained
from nearfar.engine.exporting import export_encoder

transformers = pytest.importorskip("transformers", reason="the extra `export` is not installed")
pytest.importorskip("tokenizers", reason="the extra `text` is not installed")

OWN = {
    "both ways": ("transformer", "mean", "bpe"),
    "both ways, cls": ("transformer", "cls", "wordpiece"),
    "forwards": ("causal", "mean", "wordpiece"),
    "forwards, last": ("causal", "last", "bpe"),
}


def trained(name: str) -> Encoder:
    """A network of nearfar's own whose every weight counts."""
    backbone, pooling, kind = OWN[name]
    tokenizer = Tokenizer.train(TEXTS, kind=kind, vocab_size=300)
    spec = TextSpec(
        backbone=backbone, seed=0, tokenizer=tokenizer.to_json(), max_length=16, dim=128, depth=2, pooling=pooling
    )
    network = spec.network()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.2)
    return Encoder(spec, network)


def published(kind: str, folder: Path) -> Encoder:
    spec = read_pretrained(str(publish(folder / "published", kind)), max_length=16)
    encoder = Encoder(spec, spec.network(pretrained=True))
    with torch.no_grad():
        encoder.backbone.token.weight.add_(0.1)  # a run has moved it
    return encoder


@pytest.fixture(params=[*OWN, *KINDS])
def encoder(request: pytest.FixtureRequest, tmp_path: Path) -> Encoder:
    return trained(request.param) if request.param in OWN else published(request.param, tmp_path)


def vectors(encoder: Encoder) -> np.ndarray:
    return encoder.embed(Sentences({"text": TEXTS}, name="texts")).vectors


@torch.no_grad()
def test_transformers_gives_the_same_states(encoder: Encoder, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = export_encoder(encoder, format="transformers", out=out)
    assert {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"} <= set(made.files)
    names: dict[str, object] = {}
    exec(made.load, names)
    found = names["tokenizer"](TEXTS, padding=True, truncation=True, return_tensors="pt")
    ours = encoder.spec.tokens.encode_batch(TEXTS, max_length=16)
    assert torch.equal(found["attention_mask"].bool(), ours.real)
    assert torch.equal(found["input_ids"][ours.real], ours.ids[ours.real])
    theirs = names["model"].eval()(**found).last_hidden_state
    states = encoder.backbone.locations(ours)
    torch.testing.assert_close(theirs[ours.real], states[ours.real], rtol=1e-5, atol=1e-5)
    assert states.std() > 0.05


def test_sentence_transformers_gives_the_same_vectors(encoder: Encoder, tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="the extra `export` is not installed")
    out, wanted = tmp_path / "out", vectors(encoder)
    made = export_encoder(encoder, format="sentence-transformers", out=out)
    assert {"modules.json", "tokenizer.json"} <= set(made.files)
    names: dict[str, object] = {}
    exec(made.load, names)
    np.testing.assert_allclose(names["model"].encode(TEXTS), wanted, atol=1e-5)
    np.testing.assert_allclose(names["model"].encode(TEXTS[:1]), wanted[:1], atol=1e-5)
    assert names["model"].max_seq_length == 16
    np.testing.assert_array_equal(vectors(encoder), wanted, err_msg="the encoder itself is as it was")


def test_what_was_exported_is_a_start_for_another_run(encoder: Encoder, tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="the extra `export` is not installed")
    last = replace(encoder.spec, pooling="last")
    network = last.network()
    network.load_state_dict(encoder.backbone.state_dict())
    encoder = Encoder(last, network)
    export_encoder(encoder, format="sentence-transformers", out=tmp_path / "out")
    spec = read_pretrained(f"hf:{tmp_path / 'out'}")
    assert (spec.max_length, spec.pooling, spec.dim) == (16, "last", encoder.dim)
    np.testing.assert_allclose(vectors(Encoder(spec, spec.network(pretrained=True))), vectors(encoder), atol=1e-5)
