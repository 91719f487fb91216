"""Methods on pairs of texts under the one loop: what they learn from pairs and from running text, and resumption."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from nearfar.data import EncodedTexts, Places, RunningText, Sentences, TextFeed, Tokenizer
from nearfar.engine import build_optimizer, make_batch, train
from nearfar.methods import DualEncoder, Method, NextSentence, SentenceOrder, SimCSE, Step
from nearfar.networks import TextTransformer
from nearfar.probes import passage_retrieval, wilson_interval
from nearfar.schedules import constant
from nearfar.views import TextPolicy, ViewPlan, given_texts, next_sentences, sentence_orders

pytest.importorskip("tokenizers")

STEPS, BATCH = 100, 64
LETTERS = [f"{a}{b}" for a in "bdfglmnprst" for b in "aeiou"]


def documents(count: int, *, seed: int) -> Sentences:
    """Each document is about something, and the words of its sentences say how far it has come."""
    random = np.random.default_rng(seed)
    texts, document = [], []
    for number in range(count):
        topic = LETTERS[random.integers(8)]
        for step in range(4):
            stage = LETTERS[30 + 2 * step : 32 + 2 * step]
            texts.append(" ".join(random.permutation([topic, *random.choice(stage, 2)])))
            document.append(number)
    where = np.array(document)
    return Sentences({"text": texts}, name="toy", places=Places(where, where, np.arange(len(texts)) + where))


def questions(count: int, *, seed: int) -> Sentences:
    """A question has three of its passage's five words in another spelling; the hard negative has one of the three."""
    random = np.random.default_rng(seed)
    drawn = [random.choice(LETTERS[:30], 7, replace=False).tolist() for _ in range(count)]
    return Sentences(
        {
            "anchor": [" ".join(words[:3]).upper() for words in drawn],
            "positive": [" ".join(random.permutation(words[:5])) for words in drawn],
            "negative": [" ".join(random.permutation([words[0], *words[3:]])) for words in drawn],
        },
        name="toy",
    )


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train([" ".join([*LETTERS, *map(str.upper, LETTERS)])] * 50, vocab_size=500)


def feed_of(source: Sentences, tokenizer: Tokenizer, policy: TextPolicy, *, batch_size: int = BATCH) -> TextFeed:
    is_running = "next" in policy.takes
    made: dict[str, EncodedTexts] = {}
    for kind in policy.takes:
        made[kind] = tokenizer.encode(source.texts("text" if is_running else kind), max_length=16)
    running = RunningText.of(source) if is_running else None
    return TextFeed(tuple(made.values()), takes=policy.takes, running=running, batch_size=batch_size, seed=0)


def trained(
    make: Callable[[nn.Module], Method],
    feed: TextFeed,
    policy: TextPolicy,
    tokenizer: Tokenizer,
    *,
    stop: int = STEPS,
) -> tuple[Method, torch.optim.Optimizer]:
    torch.manual_seed(0)
    method = make(TextTransformer(len(tokenizer), dim=32, depth=1, heads=2, max_length=32))
    optimizer = build_optimizer("adamw", method, learning_rate=5e-3, weight_decay=0.0)

    def note(step: int, results: list[Step]) -> None:
        if step == stop:
            raise StopIteration

    with pytest.raises(StopIteration):
        train(
            method, feed, ViewPlan(policy, 0, STEPS), optimizer, steps=STEPS, schedule=constant, watch=note
        )  # fmt: skip
    return method.eval(), optimizer


def marks(tokenizer: Tokenizer) -> dict[str, int]:
    return {"cls_id": tokenizer.cls_id, "sep_id": tokenizer.sep_id, "max_length": 32}


@pytest.mark.parametrize(
    ("make", "policy_of"), [(NextSentence, next_sentences), (SentenceOrder, sentence_orders)], ids=["next", "order"]
)
def test_pairs_of_documents_never_seen_are_told(make, policy_of, tokenizer: Tokenizer) -> None:
    policy = policy_of(**marks(tokenizer))
    method, _ = trained(make, feed_of(documents(150, seed=0), tokenizer, policy), policy, tokenizer)
    unseen = feed_of(documents(100, seed=1), tokenizer, policy, batch_size=300)
    (raw,) = unseen.batches(0, 1)
    with torch.no_grad():
        step = method(make_batch(ViewPlan(policy, 1, 1), 0, raw, device=torch.device("cpu")))
    right = float(step.logs["solved_fraction"])
    assert wilson_interval(right, 300)[0] > 0.55, "chance is 0.5"
    assert step.loss < 0.95 * method.chance(300)


@pytest.mark.parametrize("hard_negatives", [False, True], ids=["pairs", "triplets"])
@pytest.mark.parametrize("kind", [DualEncoder, SimCSE])
def test_questions_never_seen_find_their_passages(
    kind: type[Method], hard_negatives: bool, tokenizer: Tokenizer
) -> None:
    policy = given_texts(("anchor", "positive", "negative")[: 2 + hard_negatives])

    def make(backbone: nn.Module) -> Method:
        return kind(backbone, hard_negatives=hard_negatives)

    method, _ = trained(make, feed_of(questions(600, seed=0), tokenizer, policy), policy, tokenizer)
    unseen = questions(100, seed=1)
    asked, passages = (tokenizer.encode_batch(unseen.texts(role)) for role in ("anchor", "positive"))
    with torch.no_grad():
        score = passage_retrieval(method.embed(asked), method.embed(passages), torch.arange(100))
    assert score.more["recall@10"] > 0.5, "chance is 0.1"


def test_a_run_on_running_text_goes_on_as_if_it_had_not_stopped(tokenizer: Tokenizer) -> None:
    policy = next_sentences(**marks(tokenizer))
    source = documents(50, seed=0)
    straight, _ = trained(NextSentence, feed_of(source, tokenizer, policy), policy, tokenizer)
    half, optimizer = trained(NextSentence, feed_of(source, tokenizer, policy), policy, tokenizer, stop=33)
    assert 33 % feed_of(source, tokenizer, policy).steps_per_epoch, "in the midst of an epoch"
    train(
        half, feed_of(source, tokenizer, policy), ViewPlan(policy, 0, STEPS), optimizer,
        steps=STEPS, schedule=constant, first_step=33,
    )  # fmt: skip
    for key, value in straight.state_dict().items():
        assert torch.equal(value, half.state_dict()[key]), key
