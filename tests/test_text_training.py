"""Methods on texts under the one loop: a view is what one encoder pass sees, whatever it sees."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nearfar.data import EncodedTexts, TextFeed, Tokenizer
from nearfar.engine import build_optimizer, train
from nearfar.methods import BYOL, Batch, Method, SimCLR, SimCSE, Step, VICReg
from nearfar.networks import TextTransformer
from nearfar.objectives import simcse
from nearfar.schedules import constant
from nearfar.views import ViewPlan, span_crops, twins

pytest.importorskip("tokenizers")

STEPS = 60


def texts() -> list[str]:
    random = np.random.default_rng(0)
    words = np.array([f"{a}{b}" for a in "bdfglmnprst" for b in ("a", "e", "i", "o", "u")])
    return [" ".join(random.choice(words, random.integers(4, 20))) for _ in range(256)]


@pytest.fixture(scope="module")
def encoded() -> tuple[EncodedTexts, int]:
    tokenizer = Tokenizer.train(texts(), vocab_size=400)
    return tokenizer.encode(texts(), max_length=24), len(tokenizer)


def trained(
    make: Callable[[nn.Module], Method], encoded: tuple[EncodedTexts, int], policy, *, stop: int = STEPS
) -> tuple[Method, list[float], torch.optim.Optimizer]:
    found, vocab_size = encoded
    torch.manual_seed(0)
    method = make(TextTransformer(vocab_size, dim=32, depth=1, heads=2, max_length=24))
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


METHODS: dict[str, tuple[Callable[[nn.Module], Method], object]] = {
    "simcse": (SimCSE, twins()),
    "simclr": (lambda backbone: SimCLR(backbone, hidden_dim=64), span_crops()),
    "byol": (lambda backbone: BYOL(backbone, hidden_dim=64, projection_dim=32), span_crops()),
    "vicreg": (lambda backbone: VICReg(backbone, hidden_dim=64, projection_dim=64), span_crops()),
}


@pytest.mark.parametrize("name", METHODS)
def test_methods_learn_from_texts(name: str, encoded: tuple[EncodedTexts, int]) -> None:
    make, policy = METHODS[name]
    method, losses, _ = trained(make, encoded, policy)
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
        method, batch = self.method(encoded, temperature=0.1, hard_weight=0.7).eval(), self.batch(encoded, views)
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
