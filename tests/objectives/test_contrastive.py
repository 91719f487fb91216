"""NT-Xent and InfoNCE against their equations, their landmarks and themselves."""

import math
from collections.abc import Callable

import pytest
import torch
from oracles import contrastive as oracle
from torch import Tensor

from nearfar.objectives import contrastive, info_nce, nt_xent, nt_xent_chance, nt_xent_floor

LOSSES = pytest.mark.parametrize("loss", [nt_xent, info_nce])


def views(n: int, d: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Two views that agree somewhat, of any length."""
    z = torch.randn(n, d, dtype=dtype)
    return 3 * z, z + 0.7 * torch.randn(n, d, dtype=dtype)


def simplex(n: int) -> Tensor:
    """n points whose directions all have cosine -1 / (n - 1)."""
    return torch.eye(n, dtype=torch.float64) - 1 / n


@pytest.mark.parametrize("temperature", [0.07, 0.5, 1.0])
@pytest.mark.parametrize(("n", "d"), [(2, 3), (7, 5)])
def test_nt_xent_is_its_equation(n: int, d: int, temperature: float) -> None:
    z_a, z_b = views(n, d)
    wanted = oracle.nt_xent(z_a.numpy(), z_b.numpy(), temperature)
    assert nt_xent(z_a, z_b, temperature=temperature).item() == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_info_nce_is_its_equation(temperature: float) -> None:
    query, keys = torch.randn(5, 4, dtype=torch.float64), torch.randn(8, 4, dtype=torch.float64)
    positive = [7, 0, 3, 3, 1]
    wanted = oracle.info_nce(query.numpy(), keys.numpy(), positive, temperature)
    found = info_nce(query, keys, positive=torch.tensor(positive), temperature=temperature)
    assert found.item() == pytest.approx(wanted, rel=1e-10)


def test_info_nce_without_positive_takes_row_by_row() -> None:
    query, keys = torch.randn(5, 4), torch.randn(8, 4)
    rows = info_nce(query, keys, positive=torch.arange(5), temperature=0.2)
    assert torch.equal(info_nce(query, keys, temperature=0.2), rows)


def test_nt_xent_landmarks() -> None:
    n, temperature = 6, 0.2
    collapsed = torch.ones(n, 8, dtype=torch.float64)
    assert nt_xent(collapsed, collapsed, temperature=temperature).item() == pytest.approx(math.log(2 * n - 1))
    assert nt_xent_chance(n) == math.log(11)
    for perfect, dim in ((simplex(n), n - 1), (torch.eye(n, dtype=torch.float64), n - 2)):
        floor = nt_xent_floor(n, temperature, dim)
        assert nt_xent(perfect, 5 * perfect, temperature=temperature).item() == pytest.approx(floor, rel=1e-12)
    assert nt_xent_floor(n, temperature) == nt_xent_floor(n, temperature, n)
    assert nt_xent_floor(n, 1e9) == pytest.approx(nt_xent_chance(n))


def test_nothing_lies_below_the_floor() -> None:
    z = torch.randn(8, 12, requires_grad=True)
    optimizer = torch.optim.Adam([z], lr=0.1)
    for _ in range(150):
        loss = nt_xent(z, z, temperature=0.2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert nt_xent_floor(8, 0.2, 12) - 1e-6 < loss.item() < nt_xent_floor(8, 0.2, 12) + 1e-3


def test_info_nce_landmarks() -> None:
    same, apart = torch.ones(5, 8, dtype=torch.float64), torch.eye(5, dtype=torch.float64)
    assert info_nce(same, same, temperature=0.1).item() == pytest.approx(math.log(5))
    wanted = math.log1p(4 * math.exp(-10))
    assert info_nce(apart, apart, temperature=0.1).item() == pytest.approx(wanted, rel=1e-10)


@LOSSES
def test_gradients(loss: Callable[..., Tensor]) -> None:
    z_a, z_b = (z.requires_grad_() for z in views(4, 3))
    assert torch.autograd.gradcheck(lambda a, b: loss(a, b, temperature=0.3), (z_a, z_b))


@LOSSES
def test_the_order_of_examples_does_not_matter(loss: Callable[..., Tensor]) -> None:
    z_a, z_b = views(9, 4)
    order = torch.randperm(9)
    moved = loss(z_a[order], z_b[order], temperature=0.2)
    assert moved.item() == pytest.approx(loss(z_a, z_b, temperature=0.2).item(), rel=1e-12)


def test_nt_xent_knows_no_first_view() -> None:
    z_a, z_b = views(9, 4)
    assert nt_xent(z_a, z_b, temperature=0.2).item() == pytest.approx(nt_xent(z_b, z_a, temperature=0.2).item())


@LOSSES
def test_inputs_stay_as_they_are(loss: Callable[..., Tensor]) -> None:
    z_a, z_b = views(5, 4)
    kept = z_a.clone(), z_b.clone()
    loss(z_a, z_b, temperature=0.2)
    assert torch.equal(z_a, kept[0])
    assert torch.equal(z_b, kept[1])


@LOSSES
def test_bfloat16_is_computed_in_float32(loss: Callable[..., Tensor]) -> None:
    z_a, z_b = views(64, 32, torch.bfloat16)
    low = loss(z_a, z_b, temperature=0.07)
    assert low.dtype == torch.float32
    assert low.item() == pytest.approx(loss(z_a.double(), z_b.double(), temperature=0.07).item(), rel=1e-5)


@LOSSES
def test_autocast_leaves_the_logits_wide(loss: Callable[..., Tensor]) -> None:
    z_a, z_b = views(64, 32, torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        inside = loss(z_a, z_b, temperature=0.07)
    assert torch.equal(inside, loss(z_a, z_b, temperature=0.07))


@LOSSES
def test_strips_are_the_whole(loss: Callable[..., Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    def loss_and_gradients() -> list[Tensor]:
        leaves = [z.clone().requires_grad_() for z in (z_a, z_b)]
        value = loss(*leaves, temperature=0.2)
        return [value, *torch.autograd.grad(value, leaves)]

    z_a, z_b = views(11, 4)
    whole = loss_and_gradients()
    monkeypatch.setattr(contrastive, "_LOGITS", 50)
    for strips, wanted in zip(loss_and_gradients(), whole, strict=True):
        torch.testing.assert_close(strips, wanted, rtol=1e-12, atol=1e-14)


def test_nt_xent_is_right_where_it_is_tiny() -> None:
    z = torch.eye(4) + 0.01
    wanted = nt_xent(z.double(), z.double(), temperature=0.02).item()
    assert 0 < wanted < 1e-15
    assert nt_xent(z, z, temperature=0.02).item() == pytest.approx(wanted, rel=1e-4)


def test_layout_does_not_matter() -> None:
    z_a, z_b = views(6, 4)
    turned = nt_xent(z_a.T.contiguous().T, z_b.T.contiguous().T, temperature=0.2)
    assert turned.item() == pytest.approx(nt_xent(z_a, z_b, temperature=0.2).item(), rel=1e-12)


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda z: nt_xent(z, z, temperature=0.0), "nt_xent: temperature must be above 0. Got 0.0. "),
        (lambda z: nt_xent(z, z, temperature=math.nan), "nt_xent: temperature must be above 0. Got nan. "),
        (lambda z: nt_xent(z, z[1:], temperature=1.0), r"nt_xent: z_a and z_b must be of one shape \(n, d\). "),
        (lambda z: nt_xent(z[:1], z[:1], temperature=1.0), "nt_xent: n must be at least 2 pairs in all. Got 1. "),
        (lambda z: info_nce(z, z, temperature=-1.0), "info_nce: temperature must be above 0. Got -1.0. "),
        (lambda z: info_nce(z, z[:, 1:], temperature=1.0), "info_nce: query and keys must be of shapes "),
        (lambda z: info_nce(z, z[1:], temperature=1.0), "info_nce: keys must be at least as many as queries. "),
        (lambda z: info_nce(z[:1], z[:1], temperature=1.0), "info_nce: keys must be at least 2 in all. Got 1. "),
        (
            lambda z: info_nce(z, z, positive=torch.tensor([0, 1, 2, 4]), temperature=1.0),
            "info_nce: positive must be 4 rows of 4 keys. ",
        ),
    ],
)
def test_a_wrong_call_gets_one_sentence(call: Callable[[Tensor], Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        call(torch.randn(4, 3))
