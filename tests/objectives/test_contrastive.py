"""The contrastive objectives against their equations, their landmarks and themselves."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import torch
from oracles import contrastive as oracle
from torch import Tensor

from nearfar.objectives import (
    clip,
    debiased_nt_xent,
    decoupled_nt_xent,
    info_nce,
    info_nce_bank,
    nt_xent,
    nt_xent_chance,
    nt_xent_floor,
    sigmoid_pairs,
    sup_con,
)

SCALES = ("temperature", "logit_scale", "logit_bias")


def views(n: int, d: int, number: int = 2, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Views that agree somewhat, of any length."""
    z = torch.randn(n, d, dtype=dtype)
    return [(v + 1) * (z + 0.7 * torch.randn(n, d, dtype=dtype)) for v in range(number)]


def simplex(n: int) -> Tensor:
    """n points whose directions all have cosine -1 / (n - 1)."""
    return torch.eye(n, dtype=torch.float64) - 1 / n


@dataclass(frozen=True)
class Case:
    """An objective of two to three tensors with n rows, its oracle and its arguments."""

    loss: Callable[..., Tensor]
    oracle: Callable[..., Tensor]
    given: dict[str, Any] = field(default_factory=lambda: {"temperature": 0.2})
    other: Callable[[int], dict[str, list[int]]] = lambda n: {}
    num_tensors: int = 2
    anchors: tuple[int, ...] = (2,)

    def leaves(self, n: int, d: int = 5, dtype: torch.dtype = torch.float64) -> list[Tensor]:
        return [z.requires_grad_() for z in views(n, d, self.num_tensors, dtype)]

    def value(self, z: list[Tensor], **given: Any) -> Tensor:
        whole = {name: torch.tensor(numbers) for name, numbers in self.other(len(z[0])).items()}
        return self.loss(*z, **{**self.given, **whole, **given})

    def wanted(self, z: list[Tensor], **given: Any) -> Tensor:
        return self.oracle(*z, **{**self.given, **self.other(len(z[0])), **given})

    def scales(self) -> dict[str, Tensor]:
        """The learned ones among the arguments."""
        names = [name for name in self.given if name in SCALES]
        return {name: torch.tensor(self.given[name], dtype=torch.float64, requires_grad=True) for name in names}


def twice(n: int) -> dict[str, list[int]]:
    """Some examples are there more than once, far apart."""
    return {"ids": [i * 7 % max(2, 2 * n // 3) for i in range(n)]}


def some_labels(n: int) -> list[int]:
    return [(-1, 0, 1, 0, 2)[i * 3 % 5] for i in range(n)]


def of_labels(z: Tensor, *, temperature: Any, variant: str, **rest: Any) -> Tensor:
    labels = torch.tensor(some_labels(len(z)))
    return sup_con(z, labels, temperature=temperature, variant=variant, **rest)


def of_stacked(z_a: Tensor, z_b: Tensor, *, temperature: Any, variant: str, **rest: Any) -> Tensor:
    labels = torch.tensor(some_labels(len(z_a)))
    return sup_con(torch.stack([z_a, z_b], dim=1), labels, temperature=temperature, variant=variant, **rest)


def oracle_of_labels(*z: Tensor, temperature: Any, variant: str) -> Tensor:
    """A row of the oracle that is unknown is alone; with views it is a class of its own."""
    labels = some_labels(len(z[0]))
    if len(z) > 1:
        labels = [label if label >= 0 else 100 + i for i, label in enumerate(labels)]
    return oracle.sup_con(torch.cat(z), labels * len(z), temperature=temperature, variant=variant)


def first_keys(n: int) -> dict[str, list[int]]:
    return {"positive": [*range(n)][::-1]}


CASES = {
    "nt_xent": Case(nt_xent, oracle.nt_xent),
    "nt_xent hot": Case(nt_xent, oracle.nt_xent, {"temperature": 1.0}),
    "nt_xent of 3 views": Case(nt_xent, oracle.nt_xent, num_tensors=3, anchors=(3,)),
    "nt_xent with ids": Case(nt_xent, oracle.nt_xent, other=twice),
    "decoupled": Case(decoupled_nt_xent, oracle.decoupled_nt_xent),
    "decoupled with ids": Case(decoupled_nt_xent, oracle.decoupled_nt_xent, other=twice),
    "debiased": Case(debiased_nt_xent, oracle.debiased_nt_xent, {"temperature": 0.5, "positive_prior": 0.1}),
    "hard": Case(
        debiased_nt_xent, oracle.debiased_nt_xent, {"temperature": 0.5, "positive_prior": 0.05, "hardness": 1.5}
    ),
    "info_nce": Case(info_nce, oracle.info_nce, other=first_keys, anchors=()),
    "info_nce with ids": Case(info_nce, oracle.info_nce, other=lambda n: first_keys(n) | twice(n), anchors=()),
    "bank": Case(info_nce_bank, oracle.info_nce_bank, num_tensors=3, anchors=()),
    "bank with ids": Case(
        info_nce_bank,
        oracle.info_nce_bank,
        other=lambda n: {"ids": [*range(n)], "bank_ids": [i * 3 % n for i in range(n)]},
        num_tensors=3,
        anchors=(),
    ),
    **{
        f"sup_con {variant} of {count}": Case(
            loss,
            oracle_of_labels,
            {"temperature": 0.2, "variant": variant},
            num_tensors=count,
            anchors=(2,) * (count - 1),
        )
        for variant in ("out", "in")
        for count, loss in ((1, of_labels), (2, of_stacked))
    },
    "clip": Case(clip, oracle.clip, {"logit_scale": 14.0}, anchors=()),
    "clip smoothed": Case(clip, oracle.clip, {"logit_scale": 5.0, "label_smoothing": 0.1}, anchors=()),
    "clip with ids": Case(clip, oracle.clip, {"logit_scale": 5.0, "label_smoothing": 0.1}, other=twice, anchors=()),
    "sigmoid_pairs": Case(sigmoid_pairs, oracle.sigmoid_pairs, {"logit_scale": 10.0, "logit_bias": -5.0}, anchors=()),
    "sigmoid_pairs with ids": Case(
        sigmoid_pairs, oracle.sigmoid_pairs, {"logit_scale": 2.0, "logit_bias": 0.5}, other=twice, anchors=()
    ),
}
ALL = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
PLAIN = pytest.mark.parametrize("case", [case for case in CASES.values() if case.other(4) == {}], ids=lambda case: None)


@ALL
@pytest.mark.parametrize("n", [3, 8])
def test_loss_and_gradients_are_those_of_the_equation(case: Case, n: int) -> None:
    z, scales = case.leaves(n), case.scales()
    found, wanted = case.value(z, **scales), case.wanted(z, **scales)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-9, abs=1e-12)
    of = [*z, *scales.values()]
    torch.testing.assert_close(torch.autograd.grad(found, of), torch.autograd.grad(wanted, of), rtol=1e-9, atol=1e-11)


@ALL
def test_gradcheck(case: Case) -> None:
    z = case.leaves(4, 3)
    assert torch.autograd.gradcheck(lambda *z: case.value(list(z)), z)


@ALL
def test_second_derivatives(case: Case) -> None:
    z = case.leaves(3, 2)
    assert torch.autograd.gradgradcheck(lambda *z: case.value(list(z)), z)


@ALL
def test_transforms_of_torch(case: Case) -> None:
    z = case.leaves(5)
    found = torch.func.grad(lambda first: case.value([first, *z[1:]]))(z[0].detach())
    torch.testing.assert_close(found, torch.autograd.grad(case.value(z), z[0])[0], rtol=1e-9, atol=1e-12)


@ALL
def test_each_anchors_own_loss(case: Case) -> None:
    z = case.leaves(6)
    every = case.value(z, reduction="none")
    assert every.shape == (6, *case.anchors)
    assert every.mean().item() == pytest.approx(case.value(z).item(), rel=1e-12)


@PLAIN
def test_the_order_of_examples_does_not_matter(case: Case) -> None:
    z, order = case.leaves(9), torch.randperm(9)
    if case.loss in (of_labels, of_stacked):
        order = torch.tensor([5, 1, 2, 8, 4, 0, 6, 7, 3])  # rows five apart have one label
    moved = case.value([one[order] for one in z])
    assert moved.item() == pytest.approx(case.value(z).item(), rel=1e-12)


@pytest.mark.parametrize("name", ["nt_xent", "decoupled", "debiased", "hard", "clip", "sigmoid_pairs"])
def test_the_sides_can_be_exchanged(name: str) -> None:
    z = CASES[name].leaves(9)
    assert CASES[name].value(z[::-1]).item() == pytest.approx(CASES[name].value(z).item(), rel=1e-12)


@ALL
def test_inputs_stay_as_they_are(case: Case) -> None:
    z = case.leaves(5)
    kept = [one.detach().clone() for one in z]
    case.value(z).backward()
    assert all(torch.equal(one, old) for one, old in zip(z, kept, strict=True))


@ALL
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(case: Case, dtype: torch.dtype) -> None:
    z = [one.detach() for one in case.leaves(40, 32, dtype)]
    low = case.value(z)
    assert low.dtype == torch.float32
    assert low.item() == pytest.approx(case.value([one.double() for one in z]).item(), rel=1e-5)


@ALL
def test_autocast_leaves_the_logits_wide(case: Case) -> None:
    z = case.leaves(40, 32, torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        inside = case.value(z)
    outside = case.value(z)
    assert torch.equal(inside, outside)
    for one, other in zip(torch.autograd.grad(inside, z), torch.autograd.grad(outside, z), strict=True):
        assert torch.equal(one, other)


@ALL
def test_layout_and_no_grad_do_not_matter(case: Case) -> None:
    z = case.leaves(6, 4)
    with torch.no_grad():
        turned = case.value([one.T.contiguous().T for one in z])
    assert not turned.requires_grad
    assert turned.item() == pytest.approx(case.value(z).item(), rel=1e-12)


@ALL
def test_rows_of_length_1_can_be_told(case: Case) -> None:
    z = [torch.nn.functional.normalize(one.detach()) for one in case.leaves(7)]
    assert case.value(z, normalize=False).item() == pytest.approx(case.value(z).item(), rel=1e-12)
    doubled = [2 * one for one in z]
    assert case.value(doubled, normalize=False).item() != pytest.approx(case.value(z).item(), rel=1e-3)


@ALL
def test_a_row_that_is_no_number_makes_no_number(case: Case) -> None:
    z = [one.detach() for one in case.leaves(7)]
    z[0][2, 1] = math.nan
    assert case.value(z).isnan()


@PLAIN
def test_a_zero_row_is_alike_to_nothing(case: Case) -> None:
    z = case.leaves(7)
    apart = [torch.cat([one.detach(), torch.zeros(7, 7, dtype=one.dtype)], dim=1) for one in z]
    with torch.no_grad():
        z[0][2] = 0
    apart[0][2] = 0
    apart[0][2, 7] = 1  # a direction of its own
    value = case.value(z)
    assert value.item() == pytest.approx(case.value(apart).item(), rel=1e-12)
    assert all(gradient.isfinite().all() for gradient in torch.autograd.grad(value, z))


def test_info_nce_without_positive_takes_row_by_row() -> None:
    query, keys = torch.randn(5, 4), torch.randn(8, 4)
    rows = info_nce(query, keys, positive=torch.arange(5), temperature=0.2)
    assert torch.equal(info_nce(query, keys, temperature=0.2), rows)


def test_nt_xent_landmarks() -> None:
    n, temperature = 6, 0.2
    same = torch.ones(n, 8, dtype=torch.float64)
    assert nt_xent(same, same, temperature=temperature).item() == pytest.approx(math.log(2 * n - 1))
    assert nt_xent(same, same, same, temperature=temperature).item() == pytest.approx(math.log(3 * n - 2))
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


SAME, APART = torch.ones(5, 8, dtype=torch.float64), torch.eye(5, dtype=torch.float64)
LANDMARKS = {
    "info_nce same": (lambda: info_nce(SAME, SAME, temperature=0.1), math.log(5)),
    "info_nce apart": (lambda: info_nce(APART, APART, temperature=0.1), math.log1p(4 * math.exp(-10))),
    "bank same": (lambda: info_nce_bank(SAME, SAME, SAME, temperature=0.1), math.log(6)),
    "bank apart": (
        lambda: info_nce_bank(APART[:2], APART[:2], APART[2:], temperature=0.1),
        math.log1p(3 * math.exp(-10)),
    ),
    "decoupled same": (lambda: decoupled_nt_xent(SAME, SAME, temperature=0.1), math.log(8)),
    "decoupled apart": (lambda: decoupled_nt_xent(APART, APART, temperature=0.1), -10 + math.log(8)),
    "hard same": (
        lambda: debiased_nt_xent(SAME, SAME, temperature=0.1, positive_prior=0.2, hardness=2.0),
        nt_xent_chance(5),
    ),
    "sup_con out same": (lambda: sup_con(SAME, torch.tensor([0, 0, 1, 1, 1]), temperature=0.1), math.log(4)),
    "sup_con in same": (
        lambda: sup_con(SAME, torch.tensor([0, 0, 1, 1, 1]), temperature=0.1, variant="in"),
        math.log(4),
    ),
    "sup_con without a pair": (lambda: sup_con(APART, torch.tensor([0, 1, -1, -1, 2]), temperature=0.1), 0.0),
    "sup_con divides by all anchors": (
        lambda: sup_con(SAME, torch.tensor([0, 0, -1, -1, -1]), temperature=0.1),
        2 / 5 * math.log(4),
    ),
    "clip same": (lambda: clip(SAME, SAME, logit_scale=20.0, label_smoothing=0.1), math.log(5)),
    "clip apart": (lambda: clip(APART, APART, logit_scale=10.0), math.log1p(4 * math.exp(-10))),
    "sigmoid same": (lambda: sigmoid_pairs(SAME, SAME, logit_scale=3.0, logit_bias=-3.0), 5 * math.log(2)),
    "sigmoid start": (
        lambda: sigmoid_pairs(APART, APART.roll(1, 1), logit_scale=1e-9, logit_bias=-10.0),
        math.log1p(math.exp(10)) + 4 * math.log1p(math.exp(-10)),
    ),
    "no negatives": (lambda: nt_xent(SAME, APART @ SAME, temperature=0.1, ids=torch.zeros(5).long()), 0.0),
}


@pytest.mark.parametrize(("call", "value"), LANDMARKS.values(), ids=LANDMARKS)
def test_landmarks(call: Callable[[], Tensor], value: float) -> None:
    assert call().item() == pytest.approx(value, rel=1e-7, abs=1e-12)


def test_anchors_without_negatives_pull_nothing() -> None:
    z = CASES["nt_xent"].leaves(4)
    for loss in (nt_xent, partial(clip, logit_scale=5.0)):
        rest = {} if loss is not nt_xent else {"temperature": 0.2}
        gradients = torch.autograd.grad(loss(*z, ids=torch.zeros(4).long(), **rest), z)
        assert all(torch.equal(gradient, torch.zeros_like(gradient)) for gradient in gradients)


def test_sup_con_variants_and_relatives() -> None:
    z_a, z_b = views(9, 5)
    z = torch.cat([z_a, z_b])
    labels = torch.randint(0, 4, (18,))
    inside = sup_con(z, labels, temperature=0.2, variant="in", reduction="none")
    assert (inside <= sup_con(z, labels, temperature=0.2, reduction="none") + 1e-12).all()
    unknown = sup_con(torch.stack([z_a, z_b], dim=1), torch.full((9,), -1), temperature=0.2)
    assert unknown.item() == pytest.approx(nt_xent(z_a, z_b, temperature=0.2).item(), rel=1e-12)


def test_debiased_without_prior_is_nt_xent() -> None:
    z = views(9, 5)
    plain = debiased_nt_xent(*z, temperature=0.2, positive_prior=0.0)
    assert plain.item() == pytest.approx(nt_xent(*z, temperature=0.2).item(), rel=1e-12)


def test_nt_xent_is_right_where_it_is_tiny() -> None:
    z = torch.eye(4) + 0.01
    wanted = nt_xent(z.double(), z.double(), temperature=0.02).item()
    assert 0 < wanted < 1e-15
    assert nt_xent(z, z, temperature=0.02).item() == pytest.approx(wanted, rel=1e-4)


def wrong(call: Callable[[Tensor], Tensor], message: str) -> Any:
    return pytest.param(call, message, id=message)


IDS = torch.arange(3)


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        wrong(lambda z: nt_xent(z, z, temperature=0.0), "nt_xent: temperature must be above 0. Got 0.0. "),
        wrong(lambda z: nt_xent(z, z, temperature=math.nan), "nt_xent: temperature must be above 0. Got nan. "),
        wrong(
            lambda z: nt_xent(z, z, temperature=torch.tensor(-1.0)), "nt_xent: temperature must be above 0. Got -1.0. "
        ),
        wrong(lambda z: nt_xent(z, z[1:], temperature=1.0), r"nt_xent: z_a and z_b must be of one shape \(n, d\). "),
        wrong(lambda z: nt_xent(z, z, z[1:], temperature=1.0), r"nt_xent: all views must be of one shape \(n, d\). "),
        wrong(lambda z: nt_xent(z[:1], z[:1], temperature=1.0), "nt_xent: n must be at least 2 pairs in all. Got 1. "),
        wrong(lambda z: nt_xent(z[:0], z[:0], temperature=1.0), "nt_xent: n must be at least 2 pairs in all. Got 0. "),
        wrong(lambda z: nt_xent(z, z, temperature=1.0, ids=IDS), "nt_xent: ids must be 4 whole numbers. "),
        wrong(
            lambda z: nt_xent(z, z, temperature=1.0, reduction="sum"),
            "nt_xent: reduction must be 'mean' or 'none'. Got 'sum'. ",
        ),
        wrong(
            lambda z: debiased_nt_xent(z, z, temperature=1.0, positive_prior=1.0),
            r"debiased_nt_xent: positive_prior must be in \[0, 1\). Got 1.0. ",
        ),
        wrong(
            lambda z: debiased_nt_xent(z, z, temperature=1.0, positive_prior=0.1, hardness=-1.0),
            "debiased_nt_xent: hardness must be at least 0. Got -1.0. ",
        ),
        wrong(lambda z: info_nce(z, z, temperature=-1.0), "info_nce: temperature must be above 0. Got -1.0. "),
        wrong(lambda z: info_nce(z, z[:, 1:], temperature=1.0), "info_nce: query and keys must be of shapes "),
        wrong(lambda z: info_nce(z, z[1:], temperature=1.0), "info_nce: keys must be at least as many as queries. "),
        wrong(lambda z: info_nce(z[:1], z[:1], temperature=1.0), "info_nce: keys must be at least 2 in all. Got 1. "),
        wrong(lambda z: info_nce(z[:0], z, temperature=1.0), "info_nce: query must be at least 1 row in all. Got 0. "),
        wrong(
            lambda z: info_nce(z, z, positive=torch.tensor([0, 1, 2, 4]), temperature=1.0),
            "info_nce: positive must be 4 rows of 4 keys. ",
        ),
        wrong(lambda z: info_nce_bank(z, z, z[:, 1:], temperature=1.0), "info_nce_bank: query, key and bank must be "),
        wrong(lambda z: info_nce_bank(z, z, z[:0], temperature=1.0), "info_nce_bank: n and k must be at least 1. "),
        wrong(
            lambda z: info_nce_bank(z, z, z, temperature=1.0, ids=torch.arange(4)),
            "info_nce_bank: bank_ids must be given with the other ids. ",
        ),
        wrong(lambda z: sup_con(z, IDS, temperature=1.0), "sup_con: labels must be 4 whole numbers. "),
        wrong(lambda z: sup_con(z[0], IDS, temperature=1.0), r"sup_con: z must be of shape \(m, d\) or \(n, v, d\). "),
        wrong(lambda z: sup_con(z[:1], IDS[:1], temperature=1.0), "sup_con: m must be at least 2 rows in all. Got 1. "),
        wrong(
            lambda z: sup_con(z[:3], IDS, temperature=1.0, variant="up"),
            "sup_con: variant must be 'out' or 'in'. Got 'up'. ",
        ),
        wrong(lambda z: clip(z, z[1:], logit_scale=1.0), r"clip: z_image and z_text must be of one shape \(n, d\). "),
        wrong(lambda z: clip(z, z, logit_scale=0.0), "clip: logit_scale must be above 0. Got 0.0. "),
        wrong(
            lambda z: clip(z, z, logit_scale=1.0, label_smoothing=1.0),
            r"clip: label_smoothing must be in \[0, 1\). Got 1.0. ",
        ),
        wrong(
            lambda z: sigmoid_pairs(z[:1], z[:1], logit_scale=1.0, logit_bias=0.0),
            "sigmoid_pairs: n must be at least 2 pairs in all. Got 1. ",
        ),
    ],
)
def test_a_wrong_call_gets_one_sentence(call: Callable[[Tensor], Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        call(torch.randn(4, 3))
