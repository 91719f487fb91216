"""Vocabularies for `Tokenizer`, by the libraries tokenizers and transformers: the one file that knows them."""

import importlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nearfar.errors import DataError, complaint

__all__ = ["KINDS", "SpecialTokens", "found", "learned", "parsed"]

KINDS = ("bpe", "wordpiece")
"""What a vocabulary may be made of: merged pairs of bytes, or pieces of words."""

_LETTERS = 1000  # single characters that pieces of words may begin with
_CONTINUED = "##"
_USUAL = {
    "pad": ("[PAD]", "<pad>", "<|padding|>"),
    "unk": ("[UNK]", "<unk>"),
    "cls": ("[CLS]", "<s>", "<cls>"),
    "sep": ("[SEP]", "</s>", "<sep>"),
    "mask": ("[MASK]", "<mask>"),
}


@dataclass(frozen=True)
class SpecialTokens:
    """What the special tokens of a vocabulary are called; None where it has no such token.

    Attributes:
        pad: behind the end of a text.
        unk: instead of what the vocabulary does not have.
        cls: before a text.
        sep: behind a text.
        mask: instead of what is hidden.
    """

    pad: str | None = "[PAD]"
    unk: str | None = "[UNK]"
    cls: str | None = "[CLS]"
    sep: str | None = "[SEP]"
    mask: str | None = "[MASK]"

    def names(self) -> list[str]:
        """Those that there are."""
        return [name for name in asdict(self).values() if name is not None]


def learned(texts: Iterable[str], *, kind: str, vocab_size: int, lowercase: bool, special: SpecialTokens) -> Any:
    """A tokenizer of the library tokenizers, trained; the same for the same texts.

    Args:
        texts: the corpus.
        kind: one of `KINDS`.
        vocab_size: most tokens.
        lowercase: whether capital letters become small.
        special: what the special tokens are called; they have the first numbers.
    """
    tokenizers = _library("tokenizers")
    backend = (_bytes if kind == "bpe" else _pieces)(tokenizers, list(texts), vocab_size, lowercase, special)
    before, behind = ((name, backend.token_to_id(name)) for name in (special.cls, special.sep))
    backend.post_processor = tokenizers.processors.TemplateProcessing(
        single=f"{before[0]} $A {behind[0]}",
        pair=f"{before[0]} $A {behind[0]} $B:1 {behind[0]}:1",
        special_tokens=[before, behind],
    )
    return backend


def _bytes(tokenizers: Any, texts: list[str], vocab_size: int, lowercase: bool, special: SpecialTokens) -> Any:
    """Byte pairs, merged within words and the space before them."""
    backend = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token=special.unk))
    normal = tokenizers.normalizers
    backend.normalizer = normal.Sequence([normal.NFC(), normal.Lowercase()]) if lowercase else normal.NFC()
    backend.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=True)
    backend.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=special.names(),
        initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    return backend


def _pieces(tokenizers: Any, texts: list[str], vocab_size: int, lowercase: bool, special: SpecialTokens) -> Any:
    """WordPiece.

    The library's trainer numbers characters as a hash table has them, another way in each process, and then parts ties
    by these numbers. So the characters are numbered before it begins, and the vocabulary goes into a fresh model.
    """

    def fresh(**vocabulary: Any) -> Any:
        backend = tokenizers.Tokenizer(tokenizers.models.WordPiece(unk_token=special.unk, **vocabulary))
        backend.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=lowercase)
        backend.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
        backend.decoder = tokenizers.decoders.WordPiece(prefix=_CONTINUED)
        return backend

    learner = fresh()
    letters = _letters(learner.normalizer, texts, most=min(_LETTERS, vocab_size // 4))
    numbered = [*letters, *(f"{_CONTINUED}{letter}" for letter in letters)]
    trainer = tokenizers.trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        special_tokens=[*special.names(), *numbered],
        limit_alphabet=len(letters),
        continuing_subword_prefix=_CONTINUED,
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    backend = fresh(vocab=learner.get_vocab(with_added_tokens=True))
    backend.add_special_tokens(special.names())
    return backend


def _letters(normalizer: Any, texts: list[str], *, most: int) -> list[str]:
    """The most frequent characters, in their order."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(normalizer.normalize_str(text))
    by_count = sorted((character for character in counts if not character.isspace()), key=lambda c: (-counts[c], c))
    return sorted(by_count[:most])


def parsed(text: str) -> Any:
    """A tokenizer of the library tokenizers from its own JSON.

    Args:
        text: of `tokenizer.json`.

    Raises:
        ValueError: it cannot be read.
    """
    tokenizers = _library("tokenizers")
    try:
        return tokenizers.Tokenizer.from_str(text)
    except Exception as error:  # the library raises nothing more precise
        raise ValueError(complaint("Tokenizer", "tokenizer.json", "readable", str(error), "Restore it")) from error


def found(path: Path) -> tuple[Any, dict[str, str | None]]:
    """A tokenizer on disk, and what its special tokens are called.

    Args:
        path: a folder, or `tokenizer.json`.

    Raises:
        DataError: there is none.
    """
    file = path / "tokenizer.json" if path.is_dir() else path
    if not path.exists():
        raise DataError(complaint("Tokenizer", "path", "a folder or file that exists", str(path), "Name one"))
    if file.exists():
        try:
            backend = parsed(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            words = " ".join(str(error).split())
            raise DataError(
                complaint("Tokenizer", "path", "a tokenizer", f"{path}: {words}", "Name another")
            ) from error
        return backend, _special(backend, _configured(file.parent))
    return _of_transformers(path)


def _configured(folder: Path) -> dict[str, Any]:
    """What files beside a tokenizer say of its special tokens."""
    said: dict[str, Any] = {}
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        try:
            said |= json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError):
            continue
    return said


def _special(backend: Any, said: dict[str, Any]) -> dict[str, str | None]:
    names: dict[str, str | None] = {}
    for role, usual in _USUAL.items():
        own = said.get(f"{role}_token")
        own = own.get("content") if isinstance(own, dict) else own
        candidates = (own, *usual) if isinstance(own, str) else usual
        names[role] = next((name for name in candidates if backend.token_to_id(name) is not None), None)
    return names


def _of_transformers(path: Path) -> tuple[Any, dict[str, str | None]]:
    """A tokenizer that only transformers can read, such as a `vocab.txt`."""
    transformers = _library("transformers")
    try:
        loaded = transformers.AutoTokenizer.from_pretrained(str(path), local_files_only=True)
        backend = parsed(loaded.backend_tokenizer.to_str())
    except Exception as error:  # whatever is in the folder
        words = f"{path}: {' '.join(str(error).split())}"
        next_step = "Name a folder with tokenizer.json, or one that transformers saved"
        raise DataError(complaint("Tokenizer", "path", "a folder with a tokenizer", words, next_step)) from error
    return backend, _special(backend, {f"{role}_token": getattr(loaded, f"{role}_token", None) for role in _USUAL})


def _library(name: str) -> Any:
    """One of the two libraries, imported when it is needed.

    Raises:
        ImportError: it is not installed; the sentence says how to install it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        next_step = "Type pip install 'nearfar[text]'"
        raise ImportError(complaint("Tokenizer", name, "installed", "no such package", next_step)) from error
