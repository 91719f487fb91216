"""CLIP, ALIGN and SigLIP: their papers' losses, what is learned, what is frozen, and the same on two ranks."""

import copy
import math
from functools import partial
from pathlib import Path
from typing import Any

import oracles.contrastive as oracle
import pytest
import torch
import torch.nn.functional as F
from ranks import run
from torch import Tensor
from towers import MAKERS, after_a_step, every_pair_method, pair_batch, tiny_towers

from nearfar.engine import build_optimizer
from nearfar.methods import ALIGN, CLIP, Method, SigLIP
from nearfar.networks import SmallResNet

PAIRS = 16
NORM_STATE = ("running_mean", "running_var", "num_batches_tracked")


@pytest.fixture(params=sorted(MAKERS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def tiny(name: str, *, seed: int = 0, **options: Any) -> Method:
    torch.manual_seed(seed)
    return MAKERS[name](tiny_towers(), **options)


def advance(method: Method, optimizer: torch.optim.Optimizer, steps: range) -> float:
    for step in steps:
        result = method(pair_batch(seed=step))
        result.loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        method.update([result], (step + 1) / 100)
    return float(result.loss.detach())


def directions(z_image: Tensor, z_text: Tensor, scale: Tensor, smoothing: float) -> list[Tensor]:
    """Torch's own cross entropy of pictures to captions and of captions to pictures."""
    logits = scale * F.normalize(z_image, dim=1) @ F.normalize(z_text, dim=1).T
    answers = torch.arange(len(logits))
    return [F.cross_entropy(each, answers, label_smoothing=smoothing) for each in (logits, logits.T)]


def test_the_losses_are_the_papers() -> None:
    batch = pair_batch(6, dtype=torch.float64)
    for name, temperature in {"clip": 0.07, "align": 1.0, "siglip": 0.1}.items():
        method = tiny(name).double().eval()
        z = [method.backbone(view) for view in batch.views]
        assert float(method(batch).logs["temperature"]) == pytest.approx(temperature, rel=1e-5)
        scale = method.logit_scale()
        if name == "siglip":
            wanted = oracle.sigmoid_pairs(*z, logit_scale=scale, logit_bias=-10.0)
        else:
            image_to_text, text_to_image = directions(*z, scale, 0.1 if name == "align" else 0.0)
            wanted = (image_to_text + text_to_image) / (2 if name == "clip" else 1)
        torch.testing.assert_close(method(batch).loss, wanted)


def test_sigmoid_starts_as_its_paper_s() -> None:
    method = tiny("siglip")
    assert float(method.logit_scale.log.detach()) == pytest.approx(math.log(10))
    assert float(method.logit_bias.detach()) == -10
    assert float(method(pair_batch()).logs["bias"]) == -10


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["clip", "siglip"])
def test_losses_and_gradients_of_open_clip(name: str) -> None:
    losses = pytest.importorskip("open_clip.loss")
    method, batch = tiny(name).double(), pair_batch(dtype=torch.float64)
    method(batch).loss.backward()
    other = tiny(name).double()
    z = [F.normalize(other.backbone(view), dim=1) for view in batch.views]
    if name == "clip":
        theirs = losses.ClipLoss()(*z, other.logit_scale())
    else:
        theirs = losses.SigLipLoss()(*z, other.logit_scale(), other.logit_bias)
    torch.testing.assert_close(method(batch).loss, theirs)
    theirs.backward()
    for (key, ours), weight in zip(method.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, weight.grad, msg=key)


def test_a_method_is_a_leaf(name: str) -> None:
    kind = MAKERS[name]
    assert kind.__bases__ == (Method,)
    assert kind.modalities == ("image-text",)
    assert kind.paper
    assert kind.summary
    assert kind.landmarks()


def test_forward_moves_no_state(name: str) -> None:
    method = tiny(name)
    before = copy.deepcopy(method.state_dict())
    method(pair_batch())
    for key, value in method.state_dict().items():
        assert key.endswith(NORM_STATE) or torch.equal(value, before[key]), key


@pytest.mark.parametrize("frozen", ["none", "image", "text"])
def test_gradients_reach_what_is_trained_and_nothing_else(name: str, frozen: str) -> None:
    method = tiny(name, frozen=frozen).train()
    step = method(pair_batch())
    step.loss.backward()
    without = {key for key, weight in method.named_parameters() if weight.grad is None}
    tower = {key for key, _ in method.named_parameters() if key.startswith(f"backbone.{frozen}.")}
    assert without == tower
    assert bool(tower) == (frozen != "none")
    assert all(value.ndim == 0 and not value.requires_grad for value in step.logs.values())


def test_a_frozen_tower_does_not_move(name: str) -> None:
    method = tiny(name, frozen="image").train()
    before = copy.deepcopy(method.state_dict())
    advance(method, build_optimizer("adamw", method, learning_rate=0.01, weight_decay=0.1), range(3))
    moved = {key for key, value in method.state_dict().items() if not torch.equal(value, before[key])}
    assert not [key for key in moved if key.startswith("backbone.image.")]
    assert {"backbone.image_projection.weight", "backbone.text_projection.weight", "logit_scale.log"} <= moved


def test_learned_temperature_and_bias_do_not_decay(name: str) -> None:
    optimizer = build_optimizer("adamw", tiny(name), learning_rate=0.01, weight_decay=0.1)
    scalars = [group["weight_decay"] for group in optimizer.param_groups for w in group["params"] if w.ndim == 0]
    assert scalars == [0.0] * (2 if name == "siglip" else 1)


def test_clip_holds_its_temperature_between_a_hundredth_and_one() -> None:
    for start, kept in ((9.0, 0.01), (-9.0, 1.0)):
        method = tiny("clip")
        torch.nn.init.constant_(method.logit_scale.log, start)
        step = method(pair_batch())
        method.update([step], 0.5)
        assert float(method(pair_batch()).logs["temperature"]) == pytest.approx(kept, rel=1e-5)


def test_landmarks_are_met(name: str) -> None:
    method = tiny(name).double()
    batch = pair_batch(dtype=torch.float64)
    for projection in (method.backbone.image_projection, method.backbone.text_projection):
        torch.nn.init.zeros_(projection.weight)
    if name == "siglip":
        torch.nn.init.constant_(method.logit_bias, math.log(1 / (PAIRS - 1)))  # yes in one case of n
    assert float(method(batch).loss.detach()) == pytest.approx(method.chance(PAIRS))


def test_align_s_floor_is_met_by_the_best_scale_alone() -> None:
    method, corners = tiny("align"), torch.eye(PAIRS, dtype=torch.float64)
    best = math.log((0.9 + 0.1 / PAIRS) / (0.1 / PAIRS))
    losses = [float(sum(directions(corners, corners, scale * best, 0.1))) for scale in (0.9, 1.0, 1.1)]
    assert losses[1] == pytest.approx(method.floor(PAIRS))
    assert losses[1] < min(losses[0], losses[2])
    assert tiny("align", label_smoothing=0.0).floor(PAIRS) == 0


def test_beats_its_chance_landmark(name: str) -> None:
    method = tiny(name)
    loss = advance(method, torch.optim.AdamW(method.parameters(), lr=1e-2), range(80))
    floor, chance = method.floor(PAIRS), method.chance(PAIRS)
    assert floor <= loss < floor + 0.5 * (chance - floor)


def test_goes_on_bit_for_bit(name: str) -> None:
    whole, first = tiny(name), tiny(name)
    advance(whole, torch.optim.AdamW(whole.parameters()), range(6))
    optimizer = torch.optim.AdamW(first.parameters())
    advance(first, optimizer, range(3))
    second = tiny(name, seed=9)
    second.load_state_dict(first.state_dict())
    resumed = torch.optim.AdamW(second.parameters())
    resumed.load_state_dict(optimizer.state_dict())
    advance(second, resumed, range(3, 6))
    for (key, value), other in zip(whole.state_dict().items(), second.state_dict().values(), strict=True):
        assert torch.equal(value, other), key


@pytest.mark.distributed
def test_two_ranks_equal_one_process(tmp_path: Path) -> None:
    ranks, close = run(every_pair_method, 2, tmp_path), partial(torch.testing.assert_close, rtol=1e-9, atol=1e-9)
    for name in MAKERS:
        one, two = after_a_step(name, None), [rank[name] for rank in ranks]
        close((two[0]["loss"] + two[1]["loss"]) / 2, one["loss"])
        for key, gradient in one["gradients"].items():
            close((two[0]["gradients"][key] + two[1]["gradients"][key]) / 2, gradient)
        for rank in two:
            for key, value in one["state"].items():
                close(rank["state"][key], value)


@pytest.mark.usefixtures("as_users_call")
def test_wrong_calls_get_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"^CLIP: backbone must be two towers, .*\. Got 'SmallResNet'\. Give TwoTow"):
        CLIP(SmallResNet())
    with pytest.raises(ValueError, match=r"^SigLIP: frozen must be one of none, image, text\. Got 'both'"):
        SigLIP(tiny_towers(), frozen="both")
    with pytest.raises(ValueError, match=r"^CLIP: temperature must be from 0\.01 to 1\. Got 2\.0\."):
        CLIP(tiny_towers(), temperature=2.0)
    with pytest.raises(ValueError, match=r"^ALIGN: temperature must be above 0\. Got 0\.0\."):
        ALIGN(tiny_towers(), temperature=0.0)
