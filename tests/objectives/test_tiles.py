"""The sums by tiles are those of the whole matrix: at every edge of a tile, in float32, and where they are extreme."""

import math
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

from nearfar.objectives import (
    _grid,
    _rows,
    _sums,
    _tiles,
    clip,
    debiased_nt_xent,
    decoupled_nt_xent,
    info_nce,
    info_nce_bank,
    nt_xent,
    sigmoid_pairs,
    sup_con,
)


def labels_of(z: Tensor) -> Tensor:
    return torch.arange(len(z)) * 5 % 7 - 1


def ids_of(z: Tensor) -> Tensor:
    return torch.arange(len(z)) * 7 % max(2, 2 * len(z) // 3)


def sup_con_of(variant: Any) -> Callable[..., Tensor]:
    def loss(z_a: Tensor, z_b: Tensor, t: Tensor, **rest: Any) -> Tensor:
        return sup_con(torch.stack([z_a, z_b], dim=1), labels_of(z_a), temperature=t, variant=variant, **rest)

    return loss


LOSSES: dict[str, Callable[..., Tensor]] = {
    "nt_xent": lambda a, b, t, **rest: nt_xent(a, b, temperature=t, **rest),
    "nt_xent with ids": lambda a, b, t, **rest: nt_xent(a, b, a + b, temperature=t, ids=ids_of(a), **rest),
    "decoupled": lambda a, b, t, **rest: decoupled_nt_xent(a, b, temperature=t, **rest),
    "debiased": lambda a, b, t, **rest: debiased_nt_xent(a, b, temperature=t, positive_prior=0.1, hardness=0.5, **rest),
    "info_nce": lambda a, b, t, **rest: info_nce(
        a, torch.cat([b, a + b]), positive=ids_of(a), ids=ids_of(torch.cat([a, b])), temperature=t, **rest
    ),
    "bank": lambda a, b, t, **rest: info_nce_bank(a, b, torch.cat([a - b, b, a]), temperature=t, **rest),
    "sup_con out": sup_con_of("out"),
    "sup_con in": sup_con_of("in"),
    "sup_con of one class": lambda a, b, t, **rest: sup_con(
        torch.cat([a, b]), torch.zeros(2 * len(a)).long(), temperature=t, **rest
    ),
    "clip": lambda a, b, t, **rest: clip(a, b, logit_scale=1 / t, label_smoothing=0.1, **rest),
    "clip with ids": lambda a, b, t, **rest: clip(a, b, logit_scale=1 / t, ids=ids_of(a), **rest),
    "sigmoid_pairs": lambda a, b, t, **rest: sigmoid_pairs(a, b, logit_scale=1 / t, logit_bias=-2 * t, **rest),
}
ALL = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


@pytest.fixture
def by_tiles(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Says the side of a tile from now on; 0 is the whole matrix at once."""

    def choose(size: int) -> None:
        monkeypatch.setattr(_rows, "_SMALL", 0 if size else 2**40)
        monkeypatch.setattr(_tiles, "_DENSE", 0 if size else 2**40)
        monkeypatch.setitem(_grid._TILE, "cpu", size)

    return choose


def leaves(n: int, d: int, temperature: float, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    generator = torch.Generator().manual_seed(n)
    z = torch.randn(3, n, d, generator=generator, dtype=torch.float64)
    tensors = [2 * z[0], z[0] + z[1], torch.tensor(temperature, dtype=torch.float64)]
    return [x.to(dtype).requires_grad_() for x in tensors]


def loss_and_gradients(loss: Callable[..., Tensor], z: list[Tensor], **rest: Any) -> list[Tensor]:
    value = loss(*z, **rest)
    weights = torch.linspace(0.5, 2, value.numel(), dtype=value.dtype).view_as(value)
    return [value.detach(), *torch.autograd.grad((weights * value).sum(), z)]


def relative(found: Tensor, wanted: Tensor) -> float:
    return float((found.double() - wanted).norm() / wanted.norm())


@ALL
@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("temperature", [0.2, 0.0015, 0.0005])  # one shift for all, and a largest logit for each sum
@settings(max_examples=8, deadline=None, derandomize=True, database=None)
@given(n=st.integers(2, 70), size=st.sampled_from([1, 7, 16, 32, 64]))
def test_tiles_are_the_whole(
    loss: Callable[..., Tensor], reduction: str, temperature: float, n: int, size: int
) -> None:
    if size == 1:
        n = min(n, 9)
    z = leaves(n, 4, temperature)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_tiles, "_DENSE", 2**40)
        whole = loss_and_gradients(loss, z, reduction=reduction)
        patch.setattr(_tiles, "_DENSE", 0)
        patch.setattr(_rows, "_SMALL", 0)
        patch.setitem(_grid._TILE, "cpu", size)
        tiles = loss_and_gradients(loss, z, reduction=reduction)
    for found, wanted in zip(tiles, whole, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10 * max(1.0, float(wanted.abs().max())))


@ALL
@pytest.mark.parametrize("temperature", [0.07, 0.5])
@pytest.mark.parametrize("n", [97, 300])
def test_float32_is_near_float64(
    loss: Callable[..., Tensor], temperature: float, n: int, by_tiles: Callable[[int], None]
) -> None:
    by_tiles(64)
    z = leaves(n, 32, temperature, torch.float32)
    found = loss_and_gradients(loss, z)
    wanted = loss_and_gradients(loss, [x.detach().double().requires_grad_() for x in z])
    assert found[0].dtype == torch.float32
    assert found[0].item() == pytest.approx(wanted[0].item(), rel=1e-6, abs=3e-7)
    for one, other in zip(found[1:3], wanted[1:3], strict=True):
        # What the debiased loss subtracts is nearly what it keeps.
        assert relative(one, other) < (3e-5 if loss is LOSSES["debiased"] else 1e-5)
    assert relative(found[3], wanted[3]) < 1e-4  # the sum of terms that nearly cancel


SATURATED: dict[str, Callable[..., Tensor]] = {
    "nt_xent": LOSSES["nt_xent"],
    "sup_con": lambda a, b, t: sup_con(torch.stack([a, b], dim=1), torch.full((len(a),), -1), temperature=t),
    "clip": lambda a, b, t: clip(a, b, logit_scale=1 / t),
    "info_nce": lambda a, b, t: info_nce(a, b, temperature=t),
}


@pytest.mark.parametrize("loss", SATURATED.values(), ids=SATURATED)
@pytest.mark.parametrize("size", [0, 64])
def test_saturated_pairs_keep_their_loss(
    loss: Callable[..., Tensor], size: int, by_tiles: Callable[[int], None]
) -> None:
    by_tiles(size)
    a = torch.nn.functional.normalize(torch.randn(200, 64))
    z = [a.requires_grad_(), (a.detach() + 0.02 * torch.randn(200, 64)).requires_grad_(), torch.tensor(0.01)]
    exact = [x.detach().double().requires_grad_(i < 2) for i, x in enumerate(z)]
    value, wanted = loss(*z), loss(*exact)
    assert value.item() == pytest.approx(wanted.item(), rel=1e-3)
    logits = 100 * torch.nn.functional.normalize(z[0]) @ torch.nn.functional.normalize(z[1]).T
    plain = torch.nn.functional.cross_entropy(logits, torch.arange(200)).item()
    assert abs(plain - wanted.item()) > 0.5 * wanted.item(), "plain cross entropy fails here"
    for one, other in zip(torch.autograd.grad(value, z[:2]), torch.autograd.grad(wanted, exact[:2]), strict=True):
        assert relative(one, other) < 1e-3


@ALL
def test_half_precision_autocast_and_layout(loss: Callable[..., Tensor], by_tiles: Callable[[int], None]) -> None:
    by_tiles(16)
    z = leaves(41, 8, 0.2, torch.float32)
    wanted = loss_and_gradients(loss, z)
    turned = [x.detach().T.contiguous().T.requires_grad_() for x in z[:2]]
    with torch.autocast("cpu", torch.bfloat16):
        inside = loss_and_gradients(loss, [*turned, z[2]])
    for one, other in zip(inside, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
    # Small whole numbers, so that what a loss makes of its inputs is exact in bfloat16.
    half = [(3 * x.detach()).round().bfloat16().requires_grad_() for x in z[:2]]
    low = loss_and_gradients(loss, [*half, z[2]])
    wanted = loss_and_gradients(loss, [*(x.detach().float().requires_grad_() for x in half), z[2]])
    assert (low[0].dtype, low[1].dtype) == (torch.float32, torch.bfloat16)
    assert low[0].item() == pytest.approx(wanted[0].item(), rel=1e-6)
    torch.testing.assert_close(low[1].float(), wanted[1], rtol=0.02, atol=1e-5)
    with torch.no_grad():
        assert not loss(*z).requires_grad


@ALL
def test_transforms_of_torch(loss: Callable[..., Tensor], by_tiles: Callable[[int], None]) -> None:
    by_tiles(16)
    z = leaves(20, 4, 0.2)
    found = torch.func.grad(loss)(*(x.detach() for x in z))
    torch.testing.assert_close(found, torch.autograd.grad(loss(*z), z[0])[0], rtol=1e-10, atol=1e-12)


@ALL
def test_a_second_derivative_is_refused_in_words(loss: Callable[..., Tensor], by_tiles: Callable[[int], None]) -> None:
    by_tiles(16)
    z = leaves(20, 4, 0.2)
    first = torch.autograd.grad(loss(*z), z, create_graph=True)
    torch.testing.assert_close(first, torch.autograd.grad(loss(*z), z))
    with pytest.raises(NotImplementedError, match="first derivatives only; take the second derivative of a smaller"):
        torch.autograd.grad(sum(gradient.square().sum() for gradient in first), z[0])


def test_a_bank_without_gradient_gets_none(by_tiles: Callable[[int], None]) -> None:
    by_tiles(16)
    a, b, _ = leaves(20, 4, 0.2)
    info_nce_bank(a, b.detach(), b.detach(), temperature=0.2).backward()
    assert a.grad is not None
    assert b.grad is None


@ALL
def test_what_is_no_number_stays_none(loss: Callable[..., Tensor], by_tiles: Callable[[int], None]) -> None:
    by_tiles(16)
    a, b, t = (x.detach() for x in leaves(40, 4, 0.2))
    a[17, 2] = math.nan
    assert loss(a, b, t).isnan()


def test_zero_rows_are_as_in_the_whole(by_tiles: Callable[[int], None]) -> None:
    a, b, t = leaves(40, 4, 0.2)
    with torch.no_grad():
        a[[3, 30]] = 0
    by_tiles(0)
    whole = loss_and_gradients(LOSSES["nt_xent"], [a, b, t])
    by_tiles(16)
    for found, wanted in zip(loss_and_gradients(LOSSES["nt_xent"], [a, b, t]), whole, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-12)


def test_the_matrix_is_made_at_once_below_the_crossing(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    products = _sums.products
    monkeypatch.setattr(_sums, "products", lambda *a, **rest: seen.append(1) or products(*a, **rest))
    nt_xent(*torch.randn(2, 256, 4), temperature=0.2)
    assert not seen
    nt_xent(*torch.randn(2, 257, 4), temperature=0.2)
    assert seen


@pytest.mark.parametrize("apart", [False, True])
def test_no_sum_is_lost_to_the_shift(
    apart: bool, monkeypatch: pytest.MonkeyPatch, by_tiles: Callable[[int], None]
) -> None:
    """At scale 100 float32 holds sums of ordinary rows beside one shift; those of opposite rows are made again."""
    by_tiles(16)
    shifts, made = [], _sums._log_sums
    monkeypatch.setattr(_sums, "_log_sums", lambda *given: shifts.append(given[-1]) or made(*given))
    a, b = torch.nn.functional.normalize(torch.randn(2, 40, 3), dim=2)
    if apart:
        a, b = (x * torch.tensor([0.01, 0.01, 1.0]).div(x[:, 2:].abs()) for x in (a, b))
        a, b = a * a[:, 2:].sign(), -b * b[:, 2:].sign()
    z = [a.requires_grad_(), b.requires_grad_(), torch.tensor(100.0)]
    found = loss_and_gradients(lambda x, y, scale: clip(x, y, logit_scale=scale), [*z[:2], z[2].requires_grad_()])
    assert [shift is None for shift in shifts] == ([False, True] if apart else [False])
    exact = [x.detach().double().requires_grad_() for x in z]
    wanted = loss_and_gradients(lambda x, y, scale: clip(x, y, logit_scale=scale), exact)
    assert all(relative(one, other) < 1e-4 for one, other in zip(found, wanted, strict=True))


def test_ranks_share_all_tiles_and_none_twice(by_tiles: Callable[[int], None]) -> None:
    by_tiles(7)
    ids = torch.arange(60)
    whole = list(_grid.Grid((60, 60), ids, ids, both=True).tiles(9, 9, mirrored=True))
    shares = [_grid.Grid((60, 60), ids, ids, both=True, share=(r, 4)).tiles(9, 9, mirrored=True) for r in range(4)]
    found = [[(tile.rows, tile.columns) for tile in share] for share in shares]
    assert sorted(start for share in found for start in share) == sorted((tile.rows, tile.columns) for tile in whole)
    assert len(whole) == 9 * 10 // 2
    assert max(map(len, found)) - min(map(len, found)) <= 1


def test_few_queries_of_many_keys_have_second_derivatives() -> None:
    query, keys = (torch.randn(n, 4, dtype=torch.float64).requires_grad_() for n in (2, 3000))
    (slope,) = torch.autograd.grad(info_nce(query, keys, temperature=0.2), keys, create_graph=True)
    (curve,) = torch.autograd.grad(slope.square().sum(), query)
    assert curve.isfinite().all()
    assert curve.abs().max() > 0
