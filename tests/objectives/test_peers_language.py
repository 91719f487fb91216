"""The same numbers as the language models of transformers, gradients included."""

from typing import Any

import pytest
import torch
from torch import Tensor

from nearfar.objectives import masked_token, next_token, order

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]

SMALL = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}


@pytest.fixture
def transformers() -> Any:
    return pytest.importorskip("transformers")


def assert_equal(ours: Tensor, theirs: Tensor, leaf: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-7)
    (own,), (other,) = (torch.autograd.grad(loss, leaf, retain_graph=True) for loss in (ours, theirs))
    torch.testing.assert_close(own, other, rtol=1e-5, atol=1e-8)


def test_masked_token_is_bert_s(transformers: Any) -> None:
    model = transformers.BertForMaskedLM(transformers.BertConfig(**SMALL))
    ids, labels = torch.randint(0, 40, (3, 9)), torch.randint(-20, 40, (3, 9)).clamp(min=-1)
    out = model(input_ids=ids, labels=labels.masked_fill(labels < 0, -100))
    assert_equal(masked_token(out.logits, labels), out.loss, model.bert.embeddings.word_embeddings.weight)


def test_order_is_bert_s_next_sentence(transformers: Any) -> None:
    model = transformers.BertForNextSentencePrediction(transformers.BertConfig(**SMALL))
    ids, labels = torch.randint(0, 40, (6, 9)), torch.tensor([0, 1, 1, 0, 1, 0])
    out = model(input_ids=ids, labels=labels)
    assert_equal(order(out.logits, labels), out.loss, model.bert.embeddings.word_embeddings.weight)


def test_next_token_is_gpt_2_s(transformers: Any) -> None:
    config = transformers.GPT2Config(vocab_size=40, n_positions=16, n_embd=16, n_layer=1, n_head=2)
    model = transformers.GPT2LMHeadModel(config)
    ids, lengths = torch.randint(0, 40, (3, 9)), torch.tensor([9, 4, 2])
    real = torch.arange(9) < lengths[:, None]
    out = model(input_ids=ids, attention_mask=real.long(), labels=ids.masked_fill(~real, -100))
    assert_equal(next_token(out.logits, ids, lengths), out.loss, model.transformer.wte.weight)
