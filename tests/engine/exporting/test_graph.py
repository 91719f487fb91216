"""Graphs of ONNX: onnxruntime gives the same vectors for any number of examples of any length."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from published import TEXTS, publish
from torch import nn

from nearfar.data import Tokenizer, open_source
from nearfar.data.sentences import Sentences
from nearfar.engine import Encoder, ImageSpec, SeriesSpec, TextSpec, read_pretrained
from nearfar.engine.exporting import export_encoder
from nearfar.engine.exporting.recurrent import Unrolled
from nearfar.networks import TextRecurrent
from nearfar.views.tokens import Tokens

EXTRA = "the extra `export` is not installed"


def own(backbone: str, pooling: str = "mean") -> Encoder:
    tokenizer = Tokenizer.train(TEXTS, vocab_size=300)
    spec = TextSpec(
        backbone=backbone, seed=0, tokenizer=tokenizer.to_json(), max_length=16, dim=32, depth=2, pooling=pooling
    )
    network = spec.network()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.3)
    return Encoder(spec, network)


def published(kind: str, folder: Path) -> Encoder:
    spec = replace(read_pretrained(str(publish(folder / "published", kind))), max_length=16)
    return Encoder(spec, spec.network(pretrained=True))


def of_pictures(backbone: str) -> Encoder:
    spec = ImageSpec(
        backbone=backbone, stem=None, size=32, channels=3, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.1), seed=0
    )
    return Encoder(spec, spec.build().to(memory_format=torch.channels_last))


def exported(encoder: Encoder, folder: Path) -> Any:
    """A session of onnxruntime on the file."""
    pytest.importorskip("onnxscript", reason=EXTRA)
    runtime = pytest.importorskip("onnxruntime", reason=EXTRA)
    made = export_encoder(encoder, format="onnx", out=folder / "encoder.onnx")
    assert made.files == ("encoder.onnx",)
    return runtime.InferenceSession(folder / "encoder.onnx")


def check_texts(encoder: Encoder, folder: Path) -> None:
    """Vectors of texts cut by the tokenizer in the file alone, in batches of several shapes."""
    from tokenizers import Tokenizer as Backend

    session = exported(encoder, folder)
    said = session.get_modelmeta().custom_metadata_map
    assert (said["modality"], said["pooling"]) == ("text", encoder.spec.pooling)
    tokenizer = Backend.from_str(said["tokenizer"])
    tokenizer.enable_truncation(json.loads(said["max_length"]))
    tokenizer.enable_padding(pad_id=json.loads(said["pad_id"]))
    tokenizer.encode_special_tokens = True
    for texts in (TEXTS, TEXTS[3:4], TEXTS[2:3], TEXTS[:2]):
        wanted = encoder.embed(Sentences({"text": texts}, name="texts")).vectors
        rows = tokenizer.encode_batch(texts)
        fed = {"input_ids": [row.ids for row in rows], "attention_mask": [row.attention_mask for row in rows]}
        (found,) = session.run(["embedding"], {name: np.array(value) for name, value in fed.items()})
        np.testing.assert_allclose(found, wanted, atol=1e-4)
        assert wanted.std() > 0.01


def test_texts_in_both_directions(tmp_path: Path) -> None:
    check_texts(own("transformer"), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda folder: own("transformer", "cls"),
        lambda folder: own("causal", "last"),
        lambda folder: own("lstm"),
        lambda folder: own("gru", "last"),
        lambda folder: published("bert", folder),
        lambda folder: published("roberta", folder),
        lambda folder: published("gpt2", folder),
    ],
    ids=["cls", "causal", "lstm", "gru", "bert", "roberta", "gpt2"],
)
def test_texts_by_other_networks(make: Callable[[Path], Encoder], tmp_path: Path) -> None:
    check_texts(make(tmp_path), tmp_path)


@pytest.mark.parametrize(
    "backbone",
    ["small", *(pytest.param(name, marks=pytest.mark.slow) for name in ("resnet18", "vit_tiny"))],
)
def test_pictures(backbone: str, tmp_path: Path) -> None:
    encoder = of_pictures(backbone)
    session = exported(encoder, tmp_path)
    said = session.get_modelmeta().custom_metadata_map
    mean, std = (np.array(json.loads(said[name]), np.float32).reshape(1, 3, 1, 1) for name in ("mean", "std"))
    assert (json.loads(said["size"]), json.loads(said["channels"])) == (32, 3)
    for count in (1, 5):
        pictures = np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        pixels = (pictures.transpose(0, 3, 1, 2).astype(np.float32) / 255 - mean) / std
        (found,) = session.run(["embedding"], {"pixels": pixels})
        np.testing.assert_allclose(found, encoder.embed(open_source(pictures)).vectors, atol=1e-4)


@pytest.mark.parametrize("backbone", ["small", "vit"])
def test_series(backbone: str, tmp_path: Path) -> None:
    spec = SeriesSpec(backbone=backbone, seed=0, size=40, channels=2, mean=(1.0, 2.0), std=(0.5, 3.0))
    encoder = Encoder(spec, spec.build())
    session = exported(encoder, tmp_path)
    said = session.get_modelmeta().custom_metadata_map
    mean, std = (np.array(json.loads(said[name]), np.float32)[:, None] for name in ("mean", "std"))
    assert (said["modality"], json.loads(said["size"]), json.loads(said["channels"])) == ("series", 40, 2)
    for count in (1, 5):
        series = np.random.default_rng(0).normal(size=(count, 2, 40)).astype(np.float32)
        (found,) = session.run(["embedding"], {"series": (series - mean) / std})
        np.testing.assert_allclose(found, encoder.embed(series).vectors, atol=1e-4)


@pytest.mark.parametrize("pooling", ["mean", "last"])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_recurrent_network_unrolled_is_the_same(kind: str, bidirectional: bool, pooling: str) -> None:
    network = TextRecurrent(50, dim=12, depth=3, kind=kind, bidirectional=bidirectional, pooling=pooling).eval()
    lengths = torch.tensor([4, 9, 1, 0, 6])
    ids = torch.randint(0, 50, (5, 9))
    view = Tokens(ids, lengths, ids)
    with torch.no_grad():
        wanted, found = network(view), Unrolled(network)(view)
    torch.testing.assert_close(found[lengths > 0], wanted[lengths > 0])
