"""Methods on pairs of texts: their losses from the equations, whom they take for a negative, and the same on ranks."""

import copy
import inspect
import math
from functools import partial
from pathlib import Path

import pytest
import torch
from ranks import run
from sentence_pairs import MAKERS, every_method_on_pairs, pair_batch, tiny, tokens, triplets

from nearfar.methods import Batch, DualEncoder, Method, SimCSE
from nearfar.networks import PairSolver, TextTransformer


@pytest.fixture(params=sorted(MAKERS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def text_of(view, row: int) -> tuple[int, ...]:
    return tuple(view.ids[row, : int(view.lengths[row])].tolist())


def retrieval(method: DualEncoder, batch: Batch, temperature: float) -> float:
    """The loss pair by pair: a passage that reads as the question's own is left out."""
    question, *passages = batch.views
    with torch.no_grad():
        asked = method.backbone(question)
        keys = [(text_of(view, row), h) for view in passages for row, h in enumerate(method.backbone(view))]
    total, n = 0.0, len(asked)
    for i in range(n):
        own, answer = keys[i]
        scores = [
            float(torch.dot(asked[i], h) / asked[i].norm() / h.norm()) / temperature
            for j, (text, h) in enumerate(keys)
            if j == i or text != own
        ]
        right = float(torch.dot(asked[i], answer) / asked[i].norm() / answer.norm()) / temperature
        total -= right - math.log(sum(math.exp(score) for score in scores))
    return total / n


@pytest.mark.parametrize(
    ("kind", "temperature", "candidates"),
    [("dualencoder", 0.05, 8), ("dualencoder learned", 0.3, 8), ("dualencoder triplets", 0.05, 16)],
)
def test_a_question_finds_its_passage_among_all_that_read_otherwise(
    kind: str, temperature: float, candidates: int
) -> None:
    method, batch = tiny(kind).double().eval(), pair_batch(kind)
    passages = [text_of(view, row) for view in batch.views[1:] for row in range(8)]
    assert len(set(passages)) < candidates, "some are there twice"
    assert method(batch).loss.item() == pytest.approx(retrieval(method, batch, temperature), rel=1e-6)


def test_a_copy_of_a_question_s_passage_is_no_negative() -> None:
    """Of two pairs with one passage nothing is left to tell apart; one token makes all the difference."""
    method = tiny("dualencoder").double().eval()
    question, passage, _ = triplets(4)
    twice = passage._replace(ids=passage.ids[:1].repeat(4, 1), lengths=passage.lengths[:1].repeat(4))
    assert method(Batch((question, twice))).loss.item() == 0
    changed = twice.ids.clone()
    changed[3, 0] += 1
    assert method(Batch((question, twice._replace(ids=changed)))).loss.item() > 0


def test_a_learned_temperature_stays_within_its_limits() -> None:
    method = tiny("dualencoder learned")
    assert isinstance(method, DualEncoder)
    step = method(pair_batch("dualencoder"))
    assert float(step.logs["temperature"]) == pytest.approx(0.3)
    step.loss.backward()
    assert method.logit_scale.log.grad.abs() > 0
    with torch.no_grad():
        method.logit_scale.log += 10
    method.update([step], 0.5)
    assert float(method(pair_batch("dualencoder")).logs["temperature"]) == pytest.approx(0.01)
    with pytest.raises(ValueError, match=r"^DualEncoder: temperature must be from 0\.01 to 1\. Got 2\.0\. "):
        DualEncoder(method.backbone, temperature=2.0, learn_temperature=True)


def test_hard_negatives_of_sentences_weigh_more() -> None:
    weighed, batch = tiny("simcse triplets").eval(), pair_batch("simcse triplets")
    plain = SimCSE(weighed.backbone, hard_negatives=True).eval()
    plain.projector = weighed.projector
    assert weighed(batch).loss > plain(batch).loss
    with pytest.raises(ValueError, match=r"^SimCSE: hard_weight must be 0 without hard negatives\. Got 0\.7\. "):
        SimCSE(weighed.backbone, hard_weight=0.7)


@pytest.mark.parametrize("kind", ["nextsentence", "sentenceorder"])
def test_the_answer_is_told_from_both_sentences(kind: str) -> None:
    method, batch = tiny(kind).double().eval(), pair_batch(kind)
    (view,) = batch.views
    with torch.no_grad():
        logits = method.solver(*method.backbone.with_locations(view.tokens), view.tokens)
    nats = [
        math.log(sum(math.exp(x) for x in row)) - row[y] for row, y in zip(logits.tolist(), view.label, strict=True)
    ]
    step = method(batch)
    assert step.loss.item() == pytest.approx(sum(nats) / 8)
    right = sum(int(row[y] > row[1 - y]) for row, y in zip(logits.tolist(), view.label.tolist(), strict=True))
    assert float(step.logs["solved_fraction"]) == pytest.approx(right / 8)


def test_a_pair_is_told_by_what_its_sentences_have_in_common() -> None:
    solver, batch = PairSolver(16).double(), pair_batch("nextsentence")
    tokens = batch.views[0].tokens
    h, locations = torch.randn(8, 16).double(), torch.randn(8, 12, 16).double()
    for row in range(8):
        length = int(tokens.lengths[row])
        first, second = (locations[row, :length][tokens.segments[row, :length] == side].mean(0) for side in (0, 1))
        seen = torch.cat([h[row], first, second, first * second, (first - second).abs()])
        wanted = solver.answer(torch.tanh(solver.dense(seen)))
        torch.testing.assert_close(solver(h, locations, tokens)[row], wanted)
    alone = tokens._replace(segments=torch.zeros_like(tokens.segments))
    assert solver(h, locations, alone).isfinite().all(), "a pair of which one sentence was cut away"


def test_which_sentence_is_the_second_matters() -> None:
    method, batch = tiny("sentenceorder").eval(), pair_batch("sentenceorder")
    (view,) = batch.views
    others = view._replace(tokens=view.tokens._replace(segments=1 - view.tokens.segments))
    assert method(Batch((others,))).loss != method(batch).loss


def test_micro_steps_give_the_gradient_of_the_whole() -> None:
    for kind in ("nextsentence", "sentenceorder"):
        method, batch = tiny(kind).double(), pair_batch(kind)
        assert method.accumulates
        (view,) = batch.views
        halves = [
            view._replace(tokens=view.tokens.rows(rows), label=view.label[rows]) for rows in (slice(4), slice(4, 8))
        ]
        parts = sum(method(Batch((half,))).loss for half in halves) / 2
        torch.testing.assert_close(parts, method(batch).loss)


def test_a_method_is_a_leaf_with_landmarks(name: str) -> None:
    method = tiny(name)
    assert type(method).__bases__ == (Method,)
    assert type(method).landmarks()
    assert type(method).modalities == ("text",)
    kinds = inspect.signature(type(method)).parameters.values()
    assert [each.name for each in kinds if each.kind is not each.KEYWORD_ONLY] == ["backbone"]


def test_landmarks_are_met(name: str) -> None:
    """A network that reads all texts alike sits at chance, as different texts are all negatives."""
    method, n = tiny(name).eval(), 6
    with torch.no_grad():
        method.backbone.token.weight[:] = method.backbone.token.weight[0]
        method.backbone.position.weight[:] = 0
        method.backbone.segment.weight[:] = 0
    batch = pair_batch(name, n)
    if "sent" not in name:
        views = tuple(tokens(n, seed=seed) for seed in range(len(batch.views)))
        assert method(Batch(views)).loss.item() == pytest.approx(method.chance(n), rel=1e-4)
    else:
        torch.nn.init.zeros_(method.solver.answer.weight)
        torch.nn.init.zeros_(method.solver.answer.bias)
        assert method(batch).loss.item() == pytest.approx(method.chance(n)) == pytest.approx(math.log(2))
    assert method.floor(n) is None or 0 <= method.floor(n) < method.chance(n)


def test_forward_moves_no_state_and_reaches_every_parameter(name: str) -> None:
    method = tiny(name, dropout=0.1).train()
    before = copy.deepcopy(method.state_dict())
    method(pair_batch(name)).loss.backward()
    assert all(torch.equal(value, before[key]) for key, value in method.state_dict().items())
    assert [key for key, weight in method.named_parameters() if weight.grad is None] == []


def test_padding_changes_no_loss(name: str) -> None:
    method, batch = tiny(name).double().eval(), pair_batch(name)

    def wider(view):
        if hasattr(view, "tokens"):
            return view._replace(tokens=wider(view.tokens))
        more = torch.full((len(view.ids), 3), 9)
        segments = None if view.segments is None else torch.cat([view.segments, more * 0], 1)
        return view._replace(
            ids=torch.cat([view.ids, more], 1), words=torch.cat([view.words, more], 1), segments=segments
        )

    torch.testing.assert_close(method(Batch(tuple(map(wider, batch.views)))).loss, method(batch).loss)


def test_recurrent_and_causal_networks_read_pairs() -> None:
    causal = TextTransformer(60, dim=16, depth=1, heads=2, max_length=16, causal=True, pooling="last")
    for kind in ("dualencoder", "nextsentence"):
        assert MAKERS[kind](causal)(pair_batch(kind)).loss.isfinite()


@pytest.mark.distributed
def test_two_ranks_equal_one_process(tmp_path: Path) -> None:
    close = partial(torch.testing.assert_close, rtol=1e-9, atol=1e-9)
    whole, ranks = every_method_on_pairs(None), run(every_method_on_pairs, 2, tmp_path)
    for name, one in whole.items():
        two = [rank[name] for rank in ranks]
        close((two[0]["loss"] + two[1]["loss"]) / 2, one["loss"])
        for key, gradient in one["gradients"].items():
            close((two[0]["gradients"][key] + two[1]["gradients"][key]) / 2, gradient)
