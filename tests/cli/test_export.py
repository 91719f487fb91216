"""`nearfar export`, typed."""

import json
from pathlib import Path

import pytest


def test_it_says_what_was_written_and_how_to_load_it(run: Path, typed) -> None:
    answer = typed("export", str(run), "--format", "safetensors", "--out", "out")
    assert answer.code == 0, answer.err
    assert answer.out == (
        "out: encoder.json, encoder.safetensors\nLoad it in Python by:  import nearfar; encoder = nearfar.load('out')\n"
    )
    answer = typed("export", str(run), "--format", "safetensors", "--out", "again", "--json")
    assert json.loads(answer.out) == {
        "format": "safetensors",
        "path": "again",
        "files": ["encoder.json", "encoder.safetensors"],
        "load": "import nearfar; encoder = nearfar.load('again')",
    }


@pytest.mark.slow
def test_a_file_is_named_once(run: Path, typed) -> None:
    pytest.importorskip("onnxscript", reason="the extra `export` is not installed")
    answer = typed("export", str(run), "--format", "onnx", "--out", "run.onnx")
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[0] == "run.onnx"
    assert answer.err == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["run", "--format", "onx", "--out", "out"],
            "export: format must be one of sentence-transformers, transformers, timm, onnx, safetensors. Got 'onx'. "
            "Did you mean 'onnx'?",
        ),
        (
            ["run", "--format", "timm", "--out", "out"],
            "export: run must be a picture model of timm with its own stem, for timm. Got 'small'. Try --format onnx "
            "or safetensors.",
        ),
        (
            ["run", "--format", "safetensors", "--out", "run"],
            "export: out must be a new or empty folder. Got 'run'. Choose another --out.",
        ),
        (["run", "--format", "safetensors"], "nearfar export: --out must be given. Got nothing. Type"),
        (
            ["pictures", "--format", "safetensors", "--out", "out"],
            "nearfar: encoder.json must be in the folder pictures.",
        ),
    ],
)
def test_a_wrong_call_gets_one_sentence(words: list[str], said: str, run: Path, pictures: Path, typed) -> None:
    answer = typed("export", *words)
    assert answer.code == 2
    assert " ".join(answer.err.split()).startswith(said)
    assert answer.err.count("\n") <= 2
    assert not Path("out").exists()
