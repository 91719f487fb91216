"""Methods on texts under the one loop: a view is what one encoder pass sees, whatever it sees."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nearfar.data import EncodedTexts, TextFeed, Tokenizer
from nearfar.engine import build_optimizer, train
from nearfar.methods import (
    BYOL,
    Batch,
    MaskedLanguage,
    Method,
    NextToken,
    Permutation,
    SimCLR,
    SimCSE,
    Step,
    VICReg,
)
from nearfar.networks import SmallResNet, TextRecurrent, TextTransformer
from nearfar.objectives import simcse
from nearfar.schedules import constant
from nearfar.views import Masked, Shuffled, TextPolicy, ViewPlan, masked_text, shuffled_text, span_crops, twins

pytest.importorskip("tokenizers")

STEPS = 60
VOCABULARY, MASK = 327, 4


def texts() -> list[str]:
    """Words in the order of a dictionary, so that there is an order to be found."""
    random = np.random.default_rng(0)
    words = np.array([f"{a}{b}" for a in "bdfglmnprst" for b in ("a", "e", "i", "o", "u")])
    return [" ".join(sorted(random.choice(words, random.integers(4, 20)))) for _ in range(256)]


@pytest.fixture(scope="module")
def encoded() -> tuple[EncodedTexts, int]:
    tokenizer = Tokenizer.train(texts(), vocab_size=400)
    assert (len(tokenizer), tokenizer.mask_id) == (VOCABULARY, MASK)
    return tokenizer.encode(texts(), max_length=24), len(tokenizer)


def trained(
    make: Callable[[nn.Module], Method],
    encoded: tuple[EncodedTexts, int],
    policy: TextPolicy,
    *,
    stop: int = STEPS,
    causal: bool = False,
) -> tuple[Method, list[float], torch.optim.Optimizer]:
    found, vocab_size = encoded
    torch.manual_seed(0)
    method = make(TextTransformer(vocab_size, dim=32, depth=1, heads=2, max_length=24, causal=causal))
    optimizer = build_optimizer("adamw", method, learning_rate=2e-3, weight_decay=0.0)
    losses: list[float] = []

    def note(step: int, results: list[Step]) -> None:
        losses.append(float(results[0].loss))
        if step == stop:
            raise StopIteration

    with pytest.raises(StopIteration):
        train(
            method, TextFeed(found, batch_size=32, seed=0), ViewPlan(policy, 0, STEPS), optimizer,
            steps=STEPS, schedule=constant, watch=note,
        )  # fmt: skip
    return method, losses, optimizer


METHODS: dict[str, tuple[Callable[[nn.Module], Method], TextPolicy]] = {
    "simcse": (SimCSE, twins()),
    "simclr": (lambda backbone: SimCLR(backbone, hidden_dim=64), span_crops()),
    "byol": (lambda backbone: BYOL(backbone, hidden_dim=64, projection_dim=32), span_crops()),
    "vicreg": (lambda backbone: VICReg(backbone, hidden_dim=64, projection_dim=64), span_crops()),
    "masked language": (MaskedLanguage, masked_text(mask_id=MASK, vocab_size=VOCABULARY, fraction=0.3)),
    "next token": (NextToken, twins(1)),
    "permutation": (Permutation, shuffled_text(num_spans=2)),
}


@pytest.mark.parametrize("name", METHODS)
def test_methods_learn_from_texts(name: str, encoded: tuple[EncodedTexts, int]) -> None:
    make, policy = METHODS[name]
    method, losses, _ = trained(make, encoded, policy, causal=name == "next token")
    early, late = np.mean(losses[:5]), np.mean(losses[-5:])
    assert late < early - 0.05 * abs(early)
    chance = method.chance(32)
    assert chance is None or late < chance


def test_a_run_goes_on_as_if_it_had_not_stopped(encoded: tuple[EncodedTexts, int]) -> None:
    make, policy = METHODS["simcse"]
    whole, _, _ = trained(make, encoded, policy)
    half, _, optimizer = trained(make, encoded, policy, stop=20)
    train(
        half, TextFeed(encoded[0], batch_size=32, seed=0), ViewPlan(policy, 0, STEPS), optimizer,
        steps=STEPS, schedule=constant, first_step=20,
    )  # fmt: skip
    for name, value in whole.state_dict().items():
        assert torch.equal(value, half.state_dict()[name]), name


class TestSimCSE:
    @staticmethod
    def batch(encoded: tuple[EncodedTexts, int], views: int) -> Batch:
        tokens = encoded[0].batch(np.arange(8 * views))
        return Batch(tuple(tokens.rows(slice(8 * view, 8 * view + 8)) for view in range(views)))

    def method(self, encoded: tuple[EncodedTexts, int], **options: float) -> SimCSE:
        torch.manual_seed(1)
        return SimCSE(TextTransformer(encoded[1], dim=32, depth=1, heads=2, max_length=24), **options)

    @pytest.mark.parametrize("views", [2, 3])
    def test_its_loss_is_the_objective_on_each_text_s_projection(self, encoded, views: int) -> None:
        options = {"hard_negatives": True, "hard_weight": 0.7} if views == 3 else {}
        method, batch = self.method(encoded, temperature=0.1, **options).eval(), self.batch(encoded, views)
        z = [method.projector(method.backbone(view)) for view in batch.views]
        wanted = simcse(*z, temperature=0.1, hard_weight=0.7 if views == 3 else 0.0)
        torch.testing.assert_close(method(batch).loss, wanted)

    def test_the_same_text_twice_differs_by_dropout_alone(self, encoded) -> None:
        method, batch = self.method(encoded), self.batch(encoded, 1)
        twice = Batch((batch.views[0], batch.views[0]))
        assert method(twice).loss.item() > method.eval()(twice).loss.item()

    def test_every_parameter_gets_a_gradient(self, encoded) -> None:
        method = self.method(encoded)
        method(self.batch(encoded, 2)).loss.backward()
        without = {name for name, value in method.named_parameters() if value.grad is None}
        assert without <= {"backbone.segment.weight"}, "texts that are no pairs have no segments"

    def test_landmarks_are_met(self, encoded) -> None:
        method = self.method(encoded)
        z: Tensor = torch.ones(8, 4)
        assert float(simcse(z, z, temperature=0.05)) == pytest.approx(method.chance(8))
        corners = torch.eye(8) - 1 / 8
        assert float(simcse(corners, corners, temperature=0.05)) == pytest.approx(method.floor(8), abs=1e-6)


def test_scores_are_made_by_the_vectors_that_tokens_are_read_with(encoded) -> None:
    method = MaskedLanguage(TextTransformer(encoded[1], dim=32, depth=1, heads=2, max_length=24))
    names = [name for name, _ in method.named_parameters()]
    assert "scores.bias" in names
    assert sum(name.endswith("token.weight") for name in names) == 1, "and learned once"
    states = torch.randn(5, 32)
    torch.testing.assert_close(method.scores(states), states @ method.backbone.token.weight.T + method.scores.bias)
    twin = copy.deepcopy(method)
    assert twin.scores._token[0] is twin.backbone.token


def test_a_batch_without_a_hidden_token_teaches_nothing(encoded) -> None:
    method = MaskedLanguage(TextTransformer(encoded[1], dim=32, depth=1, heads=2, max_length=24))
    tokens = encoded[0].batch(np.arange(4))
    step = method(Batch((Masked(tokens, torch.full_like(tokens.ids, -1)),)))
    assert step.loss.item() == 0
    step.loss.backward()


def test_next_token_wants_a_network_that_reads_forwards(encoded) -> None:
    with pytest.raises(ValueError, match=r"NextToken: backbone must be a network that reads forwards alone"):
        NextToken(TextTransformer(encoded[1], dim=32, depth=1, heads=2))
    with pytest.raises(ValueError, match=r"reads forwards alone"):
        NextToken(TextRecurrent(encoded[1], dim=32))
    NextToken(TextRecurrent(encoded[1], dim=32, bidirectional=False))
    with pytest.raises(ValueError, match=r"TokenScores: backbone must be a network of texts"):
        MaskedLanguage(SmallResNet(channels=3))


def test_what_comes_later_changes_no_earlier_score(encoded) -> None:
    method = NextToken(TextTransformer(encoded[1], dim=32, depth=2, heads=2, max_length=24, causal=True)).eval()
    tokens = encoded[0].batch(np.arange(8))
    after = tokens.ids.clone()
    after[:, 4:] = 7
    views = tokens, tokens._replace(ids=after)
    one, other = (method.next_scores(method.backbone.locations(view))[:, :4] for view in views)
    torch.testing.assert_close(one, other)


def test_texts_of_fewer_tokens_than_spans_are_left_out(encoded) -> None:
    method = Permutation(TextTransformer(encoded[1], dim=32, depth=1, heads=2, max_length=24), num_spans=2).eval()
    tokens = encoded[0].batch(np.arange(4))
    view = Shuffled(tokens, torch.zeros(4, 2, dtype=torch.long), torch.tensor([0, 1, -1, -1]))
    two = Shuffled(tokens.rows(slice(0, 2)), view.order[:2], view.label[:2])
    torch.testing.assert_close(method(Batch((view,))).loss, method(Batch((two,))).loss)
