"""Texts that go on: by the likeliest token, as one pass over the whole says; drawn as seeds say; kept with the run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import nearfar
from nearfar.data import Tokenizer
from nearfar.engine import Encoder, LanguageModel, TextSpec, save_language
from nearfar.engine.generating import _drawn
from nearfar.errors import RunError
from nearfar.methods import Batch, NextToken
from nearfar.networks import TokenScores

pytest.importorskip("tokenizers")

TEXTS = ("one two three four five six", "two three four five six one", "red green blue black white")
LONGEST = 12


@pytest.fixture(scope="module")
def trained() -> LanguageModel:
    """A network that knows three texts by heart."""
    tokenizer = Tokenizer.train(TEXTS * 20, vocab_size=320)
    spec = TextSpec(
        backbone="causal", seed=0, tokenizer=tokenizer.to_json(), max_length=LONGEST, dim=32, depth=2, pooling="last"
    )
    method = NextToken(spec.build())
    batch = Batch((tokenizer.encode_batch(TEXTS),))
    optimizer = torch.optim.AdamW(method.parameters(), lr=1e-2)
    torch.manual_seed(0)
    for _ in range(60):
        method(batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return LanguageModel(Encoder(spec, method.backbone), method.next_scores)


@pytest.fixture(scope="module")
def untrained(trained: LanguageModel) -> LanguageModel:
    """All next tokens are about as likely."""
    encoder = trained.encoder.untrained()
    return LanguageModel(encoder, TokenScores(encoder.backbone))


def ids_of(model: LanguageModel, text: str) -> list[int]:
    """The tokens of a text and what stands before it, without the end."""
    return model.spec.tokens.encode_batch([text]).ids[0, :-1].tolist()


def greedy(model: LanguageModel, begun: list[int], count: int) -> list[int]:
    """The likeliest token, again and again."""
    ids = list(begun)
    for _ in range(count):
        scores = model._next(ids)
        scores[[number for number in range(5) if number != model.spec.tokens.sep_id]] = -torch.inf
        token = int(scores.argmax())
        if token == model.spec.tokens.sep_id:
            break
        ids.append(token)
    return ids


def test_what_was_learned_goes_on_to_its_end(trained: LanguageModel) -> None:
    assert trained.generate("one two three", temperature=0) == TEXTS[0]
    assert trained.generate("red", temperature=0) == TEXTS[2]
    assert trained.generate("one two three", max_tokens=2, temperature=0) == "one two three four five"


@torch.no_grad()
def test_greedy_is_the_likeliest_token_of_one_pass_over_the_whole(untrained: LanguageModel) -> None:
    begun, tokens = ids_of(untrained, "one"), untrained.spec.tokens
    made = greedy(untrained, begun, 8)
    view = tokens.encode_batch(["one"])._replace(ids=torch.tensor([made]), lengths=torch.tensor([len(made)]))
    scores = untrained.encoder.backbone.locations(view)[0] @ untrained.encoder.backbone.token.weight.T
    for place in range(len(begun), len(made)):
        allowed = scores[place - 1].index_fill(0, torch.tensor([tokens.pad_id, 1, tokens.cls_id, tokens.mask_id]), -1e9)
        assert int(allowed.argmax()) == made[place]
    assert untrained.generate("one", max_tokens=8, temperature=0) == tokens.decode(made)


def test_it_stops_at_the_longest_text_that_the_network_reads(untrained: LanguageModel, monkeypatch) -> None:
    lengths = []

    def note(self: LanguageModel, ids: list[int]) -> torch.Tensor:
        lengths.append(len(ids))
        return torch.zeros(len(self.spec.tokens)).index_fill(0, torch.tensor([40]), 99.0).double()

    monkeypatch.setattr(LanguageModel, "_next", note)
    untrained.generate("one two", max_tokens=1000)
    assert lengths == list(range(len(ids_of(untrained, "one two")), LONGEST))


def test_a_seed_says_what_is_drawn(untrained: LanguageModel) -> None:
    texts = [untrained.generate("one", seed=seed) for seed in (0, 0, 1, 2)]
    assert texts[0] == texts[1]
    assert len(set(texts)) == 3


def test_tokens_are_drawn_as_likely_as_they_are() -> None:
    scores = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05], dtype=torch.float64))
    generator = torch.Generator().manual_seed(0)

    def parts(**options: float) -> np.ndarray:
        drawn = [_drawn(scores, generator=generator, **options) for _ in range(4000)]
        return np.bincount(drawn, minlength=4) / 4000

    np.testing.assert_allclose(parts(temperature=1.0, top_p=1.0), [0.5, 0.3, 0.15, 0.05], atol=0.03)
    sharper = np.array([0.25, 0.09, 0.0225, 0.0025])
    np.testing.assert_allclose(parts(temperature=0.5, top_p=1.0), sharper / sharper.sum(), atol=0.03)
    np.testing.assert_allclose(parts(temperature=1.0, top_p=0.7), [0.625, 0.375, 0, 0], atol=0.03)
    np.testing.assert_allclose(parts(temperature=1.0, top_p=0.01), [1, 0, 0, 0])


def test_special_tokens_are_never_written(untrained: LanguageModel) -> None:
    tokens = untrained.spec.tokens
    loud = TokenScores(untrained.encoder.backbone)
    with torch.no_grad():
        loud.bias[[tokens.cls_id, tokens.mask_id, tokens.pad_id]] = 100.0
        loud.bias[ids_of(untrained, "two")[1]] = 50.0
    made = LanguageModel(untrained.encoder, loud).generate("one", max_tokens=2)
    assert made == "one two two"


def saved(model: LanguageModel, folder: Path) -> Path:
    model.encoder.save(folder)
    save_language(model.scores, folder)
    return folder


def test_it_comes_back_as_it_was_saved(trained: LanguageModel, tmp_path: Path) -> None:
    again = LanguageModel.load(saved(trained, tmp_path))
    torch.testing.assert_close(again.scores.bias, trained.scores.bias, rtol=0, atol=0)
    for seed in range(3):
        assert again.generate("blue", seed=seed) == trained.generate("blue", seed=seed)
    assert nearfar.generate(tmp_path, "one two", temperature=0) == TEXTS[0]


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("prompt", "options", "sentence"),
    [
        (" \n", {}, r"prompt must be a text\. Got 'one that is empty'\. Try 'It was'\."),
        ("one " * 11, {}, r"prompt must be a text of fewer than the 12 tokens that .* Got '12 tokens'\. Shorten it\."),
        ("one", {"max_tokens": 0}, r"max_tokens must be at least 1\. Got 0\. Try 50\."),
        ("one", {"temperature": -1.0}, r"temperature must be a number from 0 on\. Got -1\.0\. Try 0\.8\."),
        ("one", {"temperature": float("nan")}, r"temperature must be a number from 0 on\. Got nan\. "),
        ("one", {"top_p": 0.0}, r"top_p must be above 0 and at most 1\. Got 0\.0\. Try 0\.9\."),
    ],
)
def test_what_cannot_go_on_gets_a_sentence(trained: LanguageModel, prompt: str, options, sentence: str) -> None:
    with pytest.raises(ValueError, match=rf"^generate: {sentence}"):
        trained.generate(prompt, **options)


def test_a_run_that_learned_something_else_gets_a_sentence(trained: LanguageModel, tmp_path: Path) -> None:
    spec = replace(trained.spec, backbone="transformer")
    Encoder(spec, spec.build()).save(tmp_path)
    sentence = (
        r"^generate: .* must be a run of nexttoken\. Got 'an encoder alone'\. Train one by `nearfar pretrain nexttok"
    )
    with pytest.raises(RunError, match=sentence):
        nearfar.generate(tmp_path, "one")
    (tmp_path / "language.safetensors").write_bytes(b"damaged")
    with pytest.raises(RunError, match=r"must be an undamaged run of nexttoken\. Got .* Restore it or train anew\."):
        nearfar.generate(tmp_path, "one")
