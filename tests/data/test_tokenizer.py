"""Tokenizers: the same for the same texts, back and forth, and the words that tokens are of."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nearfar.data import SpecialTokens, Tokenizer
from nearfar.errors import DataError

pytest.importorskip("tokenizers", reason="the extra `text` is not installed")

WORDS = [f"{a}{b}{c}" for a in ("un", "re", "mid") for b in ("read", "lead", "print", "draw") for c in ("", "ing", "s")]
TEXTS = [f"The {one} and the {other}, don't they?" for one in WORDS for other in WORDS[::5]]
KINDS = ("bpe", "wordpiece")


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return Tokenizer.train(TEXTS, kind=request.param, vocab_size=400)


def test_special_tokens_come_first(tokenizer: Tokenizer) -> None:
    assert tokenizer.tokens(range(5)) == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert (tokenizer.pad_id, tokenizer.cls_id, tokenizer.sep_id, tokenizer.mask_id) == (0, 2, 3, 4)
    assert 5 < len(tokenizer) <= 400


def test_the_same_texts_give_the_same_vocabulary(tokenizer: Tokenizer) -> None:
    kind = json.loads(tokenizer.to_json())["tokenizer"]["model"]["type"].lower()
    again = Tokenizer.train(iter(TEXTS), kind=kind, vocab_size=400)
    assert again.to_json() == tokenizer.to_json()
    assert Tokenizer.train(TEXTS[:50], kind=kind, vocab_size=400).to_json() != tokenizer.to_json()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_another_process_gives_the_same_vocabulary(kind: str) -> None:
    code = (
        "import hashlib; from nearfar.data import Tokenizer; "
        "texts = [f'ab{i % 37} c{i % 11}d \u00e9{i}' for i in range(3000)]; "
        f"print(hashlib.sha256(Tokenizer.train(texts, kind={kind!r}, vocab_size=500).to_json().encode()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {"T": str(run)}
        ).stdout
        for run in range(4)
    }
    assert len(found) == 1


def test_a_batch_is_padded_ids_lengths_and_words(tokenizer: Tokenizer) -> None:
    batch = tokenizer.encode_batch(["The unreading, don't they?", "They"])
    assert batch.ids.dtype == batch.lengths.dtype == batch.words.dtype == torch.int64
    long, short = (row[:length].tolist() for row, length in zip(batch.ids, batch.lengths, strict=True))
    assert long[0] == short[0] == tokenizer.cls_id
    assert long[-1] == short[-1] == tokenizer.sep_id
    assert batch.ids[1, batch.lengths[1] :].eq(tokenizer.pad_id).all()
    assert (batch.words[1] >= 0).tolist() == [
        False,
        *[True] * (len(short) - 2),
        *[False] * (len(long) - len(short) + 1),
    ]
    words = batch.words[0, 1 : len(long) - 1].tolist()
    assert words == sorted(words)
    assert set(words) == set(range(max(words) + 1)), "words are counted without a gap"
    assert tokenizer.decode(long) == "The unreading, don't they?" or "don ' t" in tokenizer.decode(long)
    pieces = [place for place, word in enumerate(words) if word == 1]
    assert tokenizer.decode([long[1 + place] for place in pieces]) == "unreading"


def test_all_texts_at_once_are_the_batch_of_each(tokenizer: Tokenizer) -> None:
    whole = tokenizer.encode(TEXTS[:40], max_length=9)
    assert len(whole) == 40
    assert whole.lengths.max() == 9
    assert whole.cut == sum(length > 9 for length in tokenizer.encode(TEXTS[:40]).lengths)
    rows = np.array([7, 3, 31])
    batch, alone = whole.batch(rows, width=11), tokenizer.encode_batch([TEXTS[row] for row in rows], max_length=9)
    assert batch.shape == (3, 11)
    assert torch.equal(batch.ids[:, : alone.shape[1]], alone.ids)
    assert torch.equal(batch.words[:, : alone.shape[1]], alone.words)
    assert batch.lengths.tolist() == whole.lengths[rows].tolist() == alone.lengths.tolist()
    assert batch.ids.gather(1, batch.lengths[:, None] - 1).eq(tokenizer.sep_id).all(), "a cut text ends like any other"
    assert len(tokenizer.encode([])) == 0


def test_json_holds_all_of_it(tokenizer: Tokenizer) -> None:
    copy = Tokenizer.from_json(tokenizer.to_json())
    assert copy.to_json() == tokenizer.to_json()
    tokenizer.encode(TEXTS[:2], max_length=5)
    assert copy.to_json() == tokenizer.to_json(), "what was encoded leaves no trace"
    assert torch.equal(copy.encode_batch(TEXTS[:9]).ids, tokenizer.encode_batch(TEXTS[:9]).ids)


def test_a_folder_holds_all_of_it(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizer.save(tmp_path / "kept")
    for path in (tmp_path / "kept", tmp_path / "kept/tokenizer.json"):
        assert Tokenizer.load(path).to_json() == tokenizer.to_json()


def test_what_looks_like_a_special_token_is_text(tokenizer: Tokenizer) -> None:
    batch = tokenizer.encode_batch(["The [MASK] and [SEP]"])
    assert tokenizer.mask_id not in batch.ids
    assert batch.ids.eq(tokenizer.sep_id).sum() == 1


def test_no_text_is_unknown_to_bytes() -> None:
    tokenizer = Tokenizer.train(TEXTS, vocab_size=300)
    odd = "Ünïcödé 漢字 \U0001f600 \u200b\t x"
    ids = tokenizer.encode_batch([odd]).ids[0].tolist()
    assert 1 not in ids
    assert tokenizer.decode(ids) == odd


def test_capital_letters_may_become_small() -> None:
    for kind in KINDS:
        small = Tokenizer.train(TEXTS, kind=kind, vocab_size=400, lowercase=True)
        assert torch.equal(small.encode_batch(["THE LEADS"]).ids, small.encode_batch(["the leads"]).ids)


def test_other_names_of_special_tokens_are_found(tmp_path: Path) -> None:
    import tokenizers

    made = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({"<pad>": 0, "<s>": 1, "</s>": 2, "hi": 3}, unk_token="<s>")
    )
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.enable_padding(length=9)
    made.enable_truncation(2)
    made.save(str(tmp_path / "tokenizer.json"))
    loaded = Tokenizer.load(tmp_path)
    assert loaded.special == SpecialTokens("<pad>", None, "<s>", "</s>", None)
    assert loaded.encode_batch(["hi hi hi", "hi"]).ids.tolist() == [[3, 3, 3], [3, 0, 0]]
    with pytest.raises(DataError, match=r"^Tokenizer: vocabulary must be one with a mask token\. "):
        _ = loaded.mask_id


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
def test_transformers_reads_what_is_saved(tokenizer: Tokenizer, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer.save(tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(str(tmp_path), local_files_only=True)
    batch = tokenizer.encode_batch(TEXTS[:5])
    made = theirs(TEXTS[:5], padding=True, return_tensors="pt")
    assert torch.equal(made["input_ids"], batch.ids)
    assert torch.equal(made["attention_mask"].sum(1), batch.lengths)
    assert theirs.mask_token_id == tokenizer.mask_id


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
def test_a_vocabulary_that_only_transformers_reads(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    (tmp_path / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "##s"]))
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    loaded = Tokenizer.load(tmp_path)
    assert loaded.encode_batch(["Hellos hello"]).ids.tolist() == [[2, 5, 6, 5, 3]]
    assert loaded.encode_batch(["Hellos hello"]).words.tolist() == [[-1, 0, 0, 1, -1]]


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t, p: Tokenizer.train(TEXTS, kind="bep"), ValueError, r"kind must be .* Did you mean 'bpe'\?"),
        (lambda t, p: Tokenizer.train(TEXTS, vocab_size=9), ValueError, "vocab_size must be at least 300. Got 9. "),
        (lambda t, p: t.encode(["a"], max_length=2), ValueError, "max_length must be at least 3. Got 2. "),
        (lambda t, p: Tokenizer.from_json("{}"), DataError, "text must be what `to_json` gave. Got "),
        (lambda t, p: Tokenizer.from_json("no"), DataError, "text must be what `to_json` gave. Got "),
        (lambda t, p: Tokenizer.load(p / "x"), DataError, "path must be a folder or file that exists. Got "),
    ],
)
def test_a_wrong_call_gets_one_sentence(
    tokenizer: Tokenizer, tmp_path: Path, call: Callable[..., Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=f"^Tokenizer: {message}"):
        call(tokenizer, tmp_path)
