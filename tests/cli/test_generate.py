"""`nearfar generate`, typed."""

from pathlib import Path

import pytest

from nearfar.data import Tokenizer
from nearfar.engine import Encoder, LanguageModel, TextSpec, save_language
from nearfar.networks import TokenScores

pytest.importorskip("tokenizers")


@pytest.fixture
def language(tmp_path: Path) -> Path:
    """The folder of a network that has learned nothing yet."""
    tokenizer = Tokenizer.train(["one two three four"] * 20, vocab_size=300)
    spec = TextSpec(
        backbone="causal", seed=0, tokenizer=tokenizer.to_json(), max_length=16, dim=16, depth=1, pooling="last"
    )
    encoder = Encoder(spec, spec.build())
    encoder.save(tmp_path)
    save_language(TokenScores(encoder.backbone), tmp_path)
    return tmp_path


def test_the_text_is_all_that_is_printed(language: Path, typed) -> None:
    flags = {"max_tokens": 6, "temperature": 0.8, "top_p": 0.9, "seed": 3}
    words = [word for name, value in flags.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    answer = typed("generate", str(language), "one two", *words)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == LanguageModel.load(language).generate("one two", **flags) + "\n"
    assert answer.out.startswith("one two")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["one", "--temperature", "-1"], "generate: temperature must be a number from 0 on. Got -1.0. Try 0.8."),
        (["one", "--seed", "-1"], "generate: seed must be at least 0. Got -1. Try 0."),
        (["one " * 16], "generate: prompt must be a text of fewer than the 16 tokens that the network reads."),
    ],
)
def test_what_cannot_go_on_is_refused(language: Path, typed, words: list[str], sentence: str) -> None:
    answer = typed("generate", str(language), *words)
    assert answer.code == 2
    assert " ".join(answer.err.split()).startswith(sentence)


def test_a_run_of_pictures_has_no_next_token(run: Path, typed) -> None:
    answer = typed("generate", str(run), "one")
    assert answer.code == 2
    assert "must be a run of nexttoken. Got 'an encoder alone'." in " ".join(answer.err.split())
