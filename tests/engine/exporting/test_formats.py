"""Export as a call: what it says, and what it refuses before anything is written."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nearfar
from nearfar.data import Tokenizer
from nearfar.data.sentences import Sentences
from nearfar.engine import Encoder, ImageSpec, TextSpec
from nearfar.engine.exporting import FORMATS
from nearfar.errors import RunError

pytest.importorskip("tokenizers", reason="the extra `text` is not installed")

TEXTS = ["the cat sat on the mat", "a dog"]


def of_texts(backbone: str) -> Encoder:
    tokenizer = Tokenizer.train(TEXTS, vocab_size=300)
    spec = TextSpec(backbone=backbone, seed=0, tokenizer=tokenizer.to_json(), dim=16, depth=1)
    return Encoder(spec, spec.build())


def of_pictures(backbone: str, stem: str | None = None) -> Encoder:
    spec = ImageSpec(backbone=backbone, stem=stem, size=16, channels=3, mean=(0.5,) * 3, std=(0.3,) * 3, seed=0)
    return Encoder(spec, spec.build())


def test_safetensors_are_what_nearfar_loads(tmp_path: Path) -> None:
    encoder = of_texts("gru")
    made = nearfar.export(encoder, format="safetensors", out=tmp_path / "out")
    assert made.files == ("encoder.json", "encoder.safetensors")
    names: dict[str, Any] = {}
    exec(made.load, names)
    texts = Sentences({"text": TEXTS}, name="texts")
    np.testing.assert_array_equal(names["encoder"].embed(texts).vectors, encoder.embed(texts).vectors)
    again = nearfar.export(tmp_path / "out", format="safetensors", out=str(tmp_path / "again"))
    assert again.as_dict() == made.as_dict() | {
        "path": str(tmp_path / "again"),
        "load": made.load.replace("/out", "/again"),
    }


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    nearfar.export(of_texts("gru"), format="safetensors", out=tmp_path / "out")
    assert (tmp_path / "out/encoder.json").exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"], "nothing else is left"


def place(folder: Path, name: str) -> Path:
    (folder / "full").mkdir()
    (folder / "full/a.txt").touch()
    (folder / "file.onnx").touch()
    return folder / name


NO_TIMM = "export: run must be a picture model of timm with its own stem, for timm. Got"
NO_TEXT = "export: run must be a Transformer of texts, for"
WRONG: dict[str, tuple[Callable[[], Encoder], str, str, str]] = {
    "misspelled": (
        lambda: of_texts("gru"),
        "safetensor",
        "out",
        "export: format must be one of sentence-transformers, transformers, timm, onnx, safetensors. Got 'safetensor'. "
        "Did you mean 'safetensors'?",
    ),
    "recurrent": (
        lambda: of_texts("lstm"),
        "sentence-transformers",
        "out",
        f"{NO_TEXT} sentence-transformers. Got 'lstm'. Try --format onnx or safetensors.",
    ),
    "pictures as texts": (
        lambda: of_pictures("small"),
        "transformers",
        "out",
        f"{NO_TEXT} transformers. Got 'small'. Try --format onnx or safetensors.",
    ),
    "small": (lambda: of_pictures("small"), "timm", "out", f"{NO_TIMM} 'small'. Try --format onnx or safetensors."),
    "small stem": (
        lambda: of_pictures("resnet18", "small"),
        "timm",
        "out",
        f"{NO_TIMM} 'resnet18 with the small stem'. Try --format onnx or safetensors.",
    ),
    "texts as pictures": (
        lambda: of_texts("transformer"),
        "timm",
        "out",
        f"{NO_TIMM} 'transformer'. Try --format sentence-transformers or transformers or onnx or safetensors.",
    ),
    "full": (lambda: of_texts("gru"), "safetensors", "full", "export: out must be a new or empty folder. Got "),
    "a file": (lambda: of_texts("gru"), "safetensors", "file.onnx", "export: out must be a new or empty folder. Got "),
    "a taken file": (lambda: of_texts("gru"), "onnx", "file.onnx", "export: out must be a new file. Got "),
    "a folder for a file": (lambda: of_texts("gru"), "onnx", "full", "export: out must be a new file. Got "),
    "no parent": (lambda: of_texts("gru"), "onnx", "no/file.onnx", "export: out must be in an existing folder. Got "),
}


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_call_gets_one_sentence(name: str, tmp_path: Path) -> None:
    make, format, out, message = WRONG[name]
    target = place(tmp_path, out)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match="export: ") as caught:
        nearfar.export(make(), format=format, out=target)
    assert str(caught.value).startswith(message)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_without_an_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"encoder\.json must be in the folder"):
        nearfar.export(tmp_path, format="safetensors", out=tmp_path / "out")


@pytest.mark.parametrize(
    ("format", "missing"),
    [
        ("onnx", "onnx"),
        ("onnx", "onnxscript"),
        ("sentence-transformers", "sentence_transformers"),
        ("transformers", "transformers"),
    ],
)
def test_what_is_not_installed_is_named(format: str, missing: str, tmp_path: Path, monkeypatch) -> None:
    if missing == "onnxscript":
        pytest.importorskip("onnx", reason="the extra `export` is not installed")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(RunError, match=rf"{missing} must be installed\. .* Type pip install 'nearfar\[\w+\]'\."):
        nearfar.export(of_texts("transformer"), format=format, out=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_every_format_says_whom_it_takes() -> None:
    assert list(FORMATS) == ["sentence-transformers", "transformers", "timm", "onnx", "safetensors"]
    assert FORMATS["safetensors"].fits(of_pictures("small"))
