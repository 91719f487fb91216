"""What a run on texts reads is what its views are made of, or a sentence says what the data lacks."""

import numpy as np
import pytest

from nearfar.data import Places, Sentences, Tokenizer
from nearfar.engine import TextSpec
from nearfar.errors import DataError
from nearfar.views import TextPolicy, ViewPlan, given_texts, next_sentences, twins

pytest.importorskip("tokenizers")

WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight")


@pytest.fixture(scope="module")
def spec() -> TextSpec:
    tokenizer = Tokenizer.train([" ".join(WORDS)] * 20, vocab_size=320)
    return TextSpec(backbone="transformer", seed=0, tokenizer=tokenizer.to_json(), max_length=8, dim=16, depth=1)


def first_batch(spec: TextSpec, source: Sentences, policy: TextPolicy):
    feed = spec.feed(source, plan=ViewPlan(policy, 0, 1), batch_size=4, seed=0)
    (batch,) = feed.batches(0, 1)
    return batch


def read(spec: TextSpec, tokens) -> list[str]:
    return [spec.tokens.decode(row[:length].tolist()) for row, length in zip(tokens.ids, tokens.lengths, strict=True)]


PAIRS = Sentences({"anchor": WORDS[:4], "positive": WORDS[4:]}, name="pairs", labels=np.arange(4))


def test_single_texts_come_alone(spec: TextSpec) -> None:
    batch = first_batch(spec, PAIRS, twins())
    assert read(spec, batch.examples) == [WORDS[row] for row in batch.index], "the first of each pair"
    assert batch.label.tolist() == batch.index.tolist()


def test_roles_come_in_their_order(spec: TextSpec) -> None:
    batch = first_batch(spec, PAIRS, given_texts(("positive", "anchor")))
    assert read(spec, batch.examples[0]) == [WORDS[row + 4] for row in batch.index]
    assert read(spec, batch.examples[1]) == [WORDS[row] for row in batch.index]


def test_running_text_brings_the_next_sentence_and_one_from_elsewhere(spec: TextSpec) -> None:
    document = np.array([0, 0, 0, 1, 1, 1, 1, 2])
    book = Sentences({"text": WORDS}, name="book", places=Places(document, document, np.arange(8)))
    batch = first_batch(spec, book, next_sentences(cls_id=2, sep_id=3))
    first, second, stranger = (read(spec, tokens) for tokens in batch.examples)
    assert second == [WORDS[WORDS.index(word) + 1] for word in first]
    for word, other in zip(first, stranger, strict=True):
        assert document[WORDS.index(word)] != document[WORDS.index(other)]


def test_what_the_data_lacks_is_said(spec: TextSpec) -> None:
    sentence = (
        r"^pretrain: data must be pairs with a column of negatives\. Got 'pairs, with anchor and positive'\. "
        r"Name the column by --negative-column\.$"
    )
    with pytest.raises(DataError, match=sentence):
        first_batch(spec, PAIRS, given_texts(("anchor", "positive", "negative")))
    with pytest.raises(
        DataError, match=r"data must be running text\. Got 'pairs'\. Name a \.txt file with a sentence a line"
    ):
        first_batch(spec, PAIRS, next_sentences(cls_id=2, sep_id=3))
