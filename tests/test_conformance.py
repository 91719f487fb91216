"""What every method promises, checked on every method that is discovered."""

import copy
from functools import partial
from typing import Any

import pytest
import torch
from cases import CASES, EXAMPLES, VOCAB_SIZE, PairCase, SeriesCase, TextCase, rows_of, toy_texts
from method_ranks import every_method
from ranks import run
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from nearfar.methods import METHODS, Batch, Method
from nearfar.networks import SERIES_BACKBONES, TEXT_BACKBONES, backbone, series_backbone, text_backbone

GAMES = ("bigan",)
"""Methods of two sides, whose loss has no landmark to beat."""
NORM_STATE = ("running_mean", "running_var", "num_batches_tracked")


@pytest.fixture(params=sorted({*METHODS, *CASES}))
def name(request: pytest.FixtureRequest) -> str:
    """A method, or one on another kind of examples: "mae-series"."""
    return request.param


def tiny(name: str, *, seed: int = 0, network: nn.Module | None = None) -> Method:
    torch.manual_seed(seed)
    return CASES[name].make(network or CASES[name].network())


def batch_for(name: str, n: int = EXAMPLES, *, seed: int = 0, **settings: Any) -> Batch:
    return CASES[name].batch(n, seed=seed, **settings)


def advance(method: Method, optimizer: torch.optim.Optimizer, name: str, steps: range, **settings: Any) -> float:
    for step in steps:
        torch.manual_seed(step)  # as the loop does, for what networks draw
        result = method(batch_for(name, seed=step, **settings))
        result.loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        method.update([result], (step + 1) / 100)
    return float(result.loss.detach())


def test_a_case_exists(name: str) -> None:
    assert name in CASES, f"add a tiny {name} to tests/cases.py"


def test_a_method_is_a_leaf(name: str) -> None:
    method = METHODS[name.partition("-")[0]]
    assert method.__subclasses__() == []
    assert method.__bases__ == (Method,)
    assert method.paper
    assert method.summary


def test_forward_moves_no_state(name: str) -> None:
    method = tiny(name)
    before = copy.deepcopy(method.state_dict())
    method(batch_for(name))
    for key, value in method.state_dict().items():
        if not key.endswith(NORM_STATE):
            assert torch.equal(value, before[key]), key


def test_gradients_reach_what_is_trained_and_nothing_else(name: str) -> None:
    method = tiny(name)
    method(batch_for(name)).loss.backward()
    for key, weight in method.named_parameters():
        assert (weight.grad is not None) == weight.requires_grad, key


def test_logs_are_detached_scalars(name: str) -> None:
    result = tiny(name)(batch_for(name))
    assert result.loss.ndim == 0
    assert all(value.ndim == 0 and not value.requires_grad for value in result.logs.values())


def test_beats_its_chance_landmark(name: str) -> None:
    method = tiny(name)
    if name in GAMES:
        assert method.chance(EXAMPLES) is None
        pytest.skip("what one side wins the other loses: tests/methods/test_bigan.py shows that it learns")
    trained = [weight for weight in method.parameters() if weight.requires_grad]
    loss = advance(method, torch.optim.AdamW(trained, lr=CASES[name].rate), name, range(CASES[name].steps))
    floor, chance = method.floor(EXAMPLES), method.chance(EXAMPLES)
    assert chance is not None
    assert floor is not None
    assert floor <= loss < floor + 0.5 * (chance - floor)


def test_goes_on_bit_for_bit(name: str) -> None:
    whole, first = tiny(name), tiny(name)
    advance(whole, torch.optim.AdamW(whole.parameters()), name, range(6))
    optimizer = torch.optim.AdamW(first.parameters())
    advance(first, optimizer, name, range(3))
    second = tiny(name, seed=9)
    second.load_state_dict(first.state_dict())
    resumed = torch.optim.AdamW(second.parameters())
    resumed.load_state_dict(optimizer.state_dict())
    advance(second, resumed, name, range(3, 6))
    for (key, value), other in zip(whole.state_dict().items(), second.state_dict().values(), strict=True):
        assert torch.equal(value, other), key


def gradients(method: Method, batches: list[Batch]) -> dict[str, Tensor]:
    """Of the mean over some batches, with batch norm as it is in use: it would see each batch by itself."""
    for module in method.modules():
        if isinstance(module, _BatchNorm):
            module.eval()
    method.zero_grad()
    for batch in batches:
        torch.manual_seed(0)
        (method(batch).loss / len(batches)).backward()
    return {key: weight.grad for key, weight in method.named_parameters() if weight.grad is not None}


def test_accumulation_is_the_whole_batch_where_the_method_says_so(name: str) -> None:
    method = tiny(name).double()
    advance(method, torch.optim.SGD([torch.zeros(1, requires_grad=True)]), name, range(2), dtype=torch.float64)
    batch = batch_for(name, dtype=torch.float64)
    halves = [rows_of(batch, lambda x, half=half: x.chunk(2)[half]) for half in (0, 1)]
    whole, parts = gradients(method, [batch]), gradients(method, halves)
    same = all(torch.allclose(gradient, parts[key], rtol=1e-6, atol=1e-9) for key, gradient in whole.items())
    assert same == method.accumulates


@pytest.mark.parametrize("network", ["resnet18", "vit_tiny_patch16_224", "small"])
def test_works_with_the_backbones_of_the_field(name: str, network: str) -> None:
    if isinstance(CASES[name], TextCase | PairCase | SeriesCase):
        pytest.skip("its backbone reads other than pictures")
    built = backbone(network, size=16, channels=1)
    if CASES[name].only_vits and not network.startswith("vit"):
        with pytest.raises(ValueError, match=r"backbone must be a plain vision transformer of timm\. Got '\w+'\. Try"):
            tiny(name, network=built)
        return
    method = tiny(name, network=built)
    batch = batch_for(name, 4, size=16)
    method(batch).loss.backward()
    for key, weight in method.named_parameters():
        assert (weight.grad is not None) == weight.requires_grad, key
    assert method.embed(batch.views[0]).shape == (4, method.backbone.dim)


@pytest.mark.parametrize("network", SERIES_BACKBONES)
def test_works_with_backbones_of_series(name: str, network: str) -> None:
    case = CASES[name]
    if not isinstance(case, SeriesCase):
        pytest.skip("its backbone reads other than series")
    batch = batch_for(name, 4)
    built = series_backbone(network, length=batch.views[0].shape[2], channels=2)
    if case.only_vits and network != "vit":
        with pytest.raises(
            ValueError, match=r"backbone must be a plain vision transformer of timm\. Got 'SmallResNet'"
        ):
            tiny(name, network=built)
        return
    method = tiny(name, network=built)
    method(batch).loss.backward()
    for key, weight in method.named_parameters():
        assert (weight.grad is not None) == weight.requires_grad, key
    assert method.embed(batch.views[0]).shape == (4, method.backbone.dim)


@pytest.mark.parametrize("network", TEXT_BACKBONES)
def test_works_with_backbones_of_texts(name: str, network: str) -> None:
    case = CASES[name]
    if not isinstance(case, TextCase):
        pytest.skip("tests/methods/test_text.py shows texts to those that read pictures too")
    built = text_backbone(network, vocab_size=VOCAB_SIZE, dim=16, depth=1, max_length=24)
    if name == "nexttoken" and network != "causal":
        with pytest.raises(ValueError, match="NextToken: backbone must be a network that reads forwards alone"):
            tiny(name, network=built)
        return
    method = tiny(name, network=built)
    batch = batch_for(name, 4)
    method(batch).loss.backward()
    for key, weight in method.named_parameters():
        assert (weight.grad is not None) == weight.requires_grad, key
    assert method.embed(toy_texts(4)).shape == (4, 16)


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, dict[str, Any]]]:
    return run(every_method, 2, tmp_path_factory.mktemp("ranks"))


@pytest.mark.distributed
def test_two_ranks_equal_one_process(name: str, ranks: list[dict[str, dict[str, Any]]]) -> None:
    one, two = every_method(None)[name], [rank[name] for rank in ranks]
    close = partial(torch.testing.assert_close, rtol=1e-9, atol=1e-9)
    close((two[0]["loss"] + two[1]["loss"]) / 2, one["loss"])
    for key, gradient in one["gradients"].items():
        close((two[0]["gradients"][key] + two[1]["gradients"][key]) / 2, gradient)
    for rank in two:
        for key, value in one["state"].items():
            close(rank["state"][key], value)
