"""Tokenizers: trained on a corpus in seconds, or taken from a folder."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nearfar.data.encoded import EncodedTexts
from nearfar.data.vocabulary import KINDS, SpecialTokens, found, learned, parsed
from nearfar.errors import DataError, complaint, suggestion
from nearfar.views.tokens import Tokens

__all__ = ["Tokenizer"]

_AT_ONCE = 4096  # texts
_PARALLEL = "TOKENIZERS_PARALLELISM"
_PROCESS = os.getpid()
_USERS = os.environ.get(_PARALLEL)


class Tokenizer:
    """Texts to token numbers and back.

    It is a tokenizer of the library `tokenizers` that knows which of its tokens are special, as one string of JSON.
    """

    def __init__(self, backend: Any, special: SpecialTokens | None = None) -> None:
        """Takes a tokenizer over; `train`, `load` and `from_json` make one.

        Args:
            backend: a `tokenizers.Tokenizer`.
            special: what its special tokens are called.

        Raises:
            DataError: it has no token of such a name.
        """
        self.special = special or SpecialTokens()
        self._backend = backend
        self._backend.encode_special_tokens = True  # what looks like one in a text is text
        missing = [name for name in self.special.names() if backend.token_to_id(name) is None]
        if missing:
            got = f"a vocabulary without {', '.join(missing)}"
            next_step = "Name what they are called there by SpecialTokens"
            raise DataError(complaint("Tokenizer", "special", "tokens of the vocabulary", got, next_step))

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        *,
        kind: Literal["bpe", "wordpiece"] = "bpe",
        vocab_size: int = 8000,
        lowercase: bool = False,
    ) -> "Tokenizer":
        """Learns a vocabulary from texts: the same texts in the same order give the same one.

        Args:
            texts: the corpus.
            kind: "bpe", pairs of bytes that are merged, for which no text is unknown, or "wordpiece", as of BERT.
            vocab_size: how many tokens, special ones and single bytes or characters too; a small corpus has fewer.
            lowercase: whether capital letters become small.

        Raises:
            ImportError: the extra `text` is not installed.
            ValueError: the kind is unknown, or the vocabulary too small for what it has to hold.

        Source: Sennrich et al. 2015, arXiv 1508.07909, on bytes as in GPT-2; WordPiece of BERT, Devlin et al. 2018,
            arXiv 1810.04805.
        """
        if kind not in KINDS:
            words = f"one of {', '.join(KINDS)}"
            raise ValueError(complaint("Tokenizer", "kind", words, kind, suggestion(kind, KINDS)))
        if vocab_size < 300:
            raise ValueError(complaint("Tokenizer", "vocab_size", "at least 300", vocab_size, "Try 8000"))
        special = SpecialTokens()
        with _in_parallel():
            return cls(learned(texts, kind=kind, vocab_size=vocab_size, lowercase=lowercase, special=special), special)

    @classmethod
    def load(cls, path: str | Path) -> "Tokenizer":
        """A tokenizer from a folder that `save` or the library transformers wrote, or from its `tokenizer.json`.

        Args:
            path: the folder or the file; nothing is downloaded.

        Raises:
            DataError: there is none.
            ImportError: the extra `text` is not installed.
        """
        backend, names = found(Path(path).expanduser())
        return cls(backend, SpecialTokens(**names))

    @classmethod
    def from_json(cls, text: str) -> "Tokenizer":
        """What `to_json` gave, as a tokenizer.

        Raises:
            DataError: it is something else, or damaged.
        """
        try:
            value = json.loads(text)
            special = SpecialTokens(**value["special"])
            return cls(parsed(json.dumps(value["tokenizer"])), special)
        except (KeyError, TypeError, ValueError) as error:
            words = " ".join(str(error).split()) or type(error).__name__
            next_step = "Restore it, or train a tokenizer anew"
            raise DataError(complaint("Tokenizer", "text", "what `to_json` gave", words, next_step)) from error

    def to_json(self) -> str:
        """All of it as one string of JSON, the same for the same tokenizer."""
        backend = json.loads(self._backend.to_str()) | {"truncation": None, "padding": None}
        value = {"special": asdict(self.special), "tokenizer": backend}
        return json.dumps(value, ensure_ascii=False)

    def save(self, folder: str | Path) -> None:
        """Writes `tokenizer.json` and `tokenizer_config.json`, which `transformers.AutoTokenizer` reads too."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        backend = json.loads(self.to_json())["tokenizer"]
        (folder / "tokenizer.json").write_text(json.dumps(backend, ensure_ascii=False), encoding="utf-8")
        names = {f"{role}_token": name for role, name in asdict(self.special).items() if name is not None}
        config = {"tokenizer_class": "PreTrainedTokenizerFast", **names}
        (folder / "tokenizer_config.json").write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")

    def __len__(self) -> int:
        return int(self._backend.get_vocab_size())

    @property
    def pad_id(self) -> int:
        """What stands behind the end of a text; 0 for a vocabulary without such a token, which means nothing there."""
        return 0 if self.special.pad is None else int(self._backend.token_to_id(self.special.pad))

    @property
    def cls_id(self) -> int:
        """The token before a text."""
        return self._id("cls")

    @property
    def sep_id(self) -> int:
        """The token behind a text."""
        return self._id("sep")

    @property
    def mask_id(self) -> int:
        """The token instead of what is hidden."""
        return self._id("mask")

    def _id(self, role: str) -> int:
        name = getattr(self.special, role)
        if name is None:
            next_step = "Take a tokenizer that has one, or train one"
            constraint = f"one with a {role} token"
            raise DataError(complaint("Tokenizer", "vocabulary", constraint, self.special.names(), next_step))
        return int(self._backend.token_to_id(name))

    def encode(self, texts: Sequence[str], *, max_length: int = 128) -> EncodedTexts:
        """All texts as numbers.

        Args:
            texts: any number of them.
            max_length: most tokens of a text, special ones too; longer ones lose their end.

        Raises:
            ValueError: the length leaves no room for a token of the text.
        """
        least = self._backend.num_special_tokens_to_add(False) + 1
        if max_length < least:
            raise ValueError(complaint("Tokenizer", "max_length", f"at least {least}", max_length, "Try 128"))
        self._backend.no_padding()
        self._backend.enable_truncation(max_length)
        ids, words, lengths, cut = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)], [0], 0
        for start in range(0, len(texts), _AT_ONCE):
            with _in_parallel():
                made = self._backend.encode_batch(list(texts[start : start + _AT_ONCE]))
            for each in made:
                ids.append(np.array(each.ids, np.int32))
                words.append(np.array([-1 if word is None else word for word in each.word_ids], np.int32))
                lengths.append(len(each.ids))
                cut += bool(each.overflowing)
        starts = np.cumsum(lengths, dtype=np.int64)
        return EncodedTexts(np.concatenate(ids), np.concatenate(words), starts, self.pad_id, cut)

    def encode_batch(self, texts: Sequence[str], *, max_length: int = 128) -> Tokens:
        """Texts as one batch, padded to the longest.

        Args:
            texts: the texts of the batch.
            max_length: most tokens of a text, special ones too; longer ones lose their end.
        """
        return self.encode(texts, max_length=max_length).batch(np.arange(len(texts)))

    def decode(self, ids: Sequence[int]) -> str:
        """Token numbers as text, without special tokens."""
        return str(self._backend.decode(list(ids), skip_special_tokens=True)).strip()

    def special_ids(self) -> list[int]:
        """The numbers of the special tokens."""
        return [int(self._backend.token_to_id(name)) for name in self.special.names()]

    def tokens(self, ids: Sequence[int]) -> list[str]:
        """The tokens of some numbers as they stand in the vocabulary."""
        return [str(self._backend.id_to_token(number)) for number in ids]


@contextmanager
def _in_parallel() -> Iterator[None]:
    """Threads for what is between, and none afterwards: a process that is forked from this one has none of them.

    The user's own word on it holds, and a forked process stays without.
    """
    if _USERS is not None or os.getpid() != _PROCESS:
        yield
        return
    os.environ[_PARALLEL] = "true"
    try:
        yield
    finally:
        os.environ[_PARALLEL] = "false"
