"""Tiny published models of texts, made for a test: what transformers and sentence-transformers would write."""

import json
from pathlib import Path
from typing import Any

import torch

from nearfar.data import Tokenizer

__all__ = ["KINDS", "TEXTS", "publish"]

TEXTS = [
    "the cat sat on the mat",
    "a dog",
    "",
    "un chien dort, n'est-ce pas? " * 8,
    "[MASK] <s> are letters here",
    "the dog sat on the cat",
]
SIZES: dict[str, dict[str, Any]] = {
    "bert": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 40},
}
SIZES["roberta"] = SIZES["bert"] | {"max_position_embeddings": 42, "pad_token_id": 1}
KINDS = (*sorted(SIZES),)


def publish(folder: Path, kind: str) -> Path:
    """Writes a model with random weights and its tokenizer.

    Args:
        folder: where to.
        kind: one of `KINDS`.
    """
    import transformers

    if kind == "roberta":
        length = _roberta(folder)
    else:
        tokenizer = Tokenizer.train(TEXTS, kind="wordpiece", vocab_size=300, lowercase=True)
        tokenizer.save(folder)
        length = len(tokenizer)
    torch.manual_seed(1)
    settings = {"max_position_embeddings": 40, "vocab_size": length, "initializer_range": 0.3} | SIZES[kind]
    config = transformers.AutoConfig.for_model(kind, **settings)
    transformers.AutoModel.from_config(config).eval().save_pretrained(folder)
    return folder


def _roberta(folder: Path) -> int:
    """Byte pairs with the special tokens of RoBERTa, of which padding is the second."""
    from tokenizers import Tokenizer as Backend
    from tokenizers import decoders, models, pre_tokenizers, processors, trainers

    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    backend.train_from_iterator(TEXTS, trainer)
    backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    backend.enable_truncation(8)
    folder.mkdir(parents=True, exist_ok=True)
    backend.save(str(folder / "tokenizer.json"))
    roles = {"bos": "<s>", "cls": "<s>", "eos": "</s>", "sep": "</s>", "unk": "<unk>", "pad": "<pad>", "mask": "<mask>"}
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 40}
    config |= {f"{role}_token": name for role, name in roles.items()}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return int(backend.get_vocab_size())
