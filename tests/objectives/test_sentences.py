"""SimCSE against its equation, its authors' code and its relatives."""

import math
from collections.abc import Callable

import pytest
import torch
from objective_cases import Case, cases_of
from proofs import PROOFS
from torch import Tensor
from torch.nn.functional import cosine_similarity, cross_entropy

from nearfar.objectives import _grid, _rows, _tiles, info_nce, simcse

CASES = cases_of("sentences")


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_proof(case: Case, proof: Callable[[Case], None]) -> None:
    proof(case)


def sentences(n: int = 9, d: int = 6) -> list[Tensor]:
    anchor = torch.randn(n, d, dtype=torch.float64)
    return [anchor, *(anchor + torch.randn_like(anchor) for _ in range(2))]


def test_it_is_the_authors_code() -> None:
    """Cosines of all pairs over the temperature, and the weight on the diagonal of the third block."""
    anchor, positive, negative = sentences()
    blocks = [cosine_similarity(anchor[:, None], other, dim=-1) / 0.05 for other in (positive, negative)]
    logits = torch.cat([blocks[0], blocks[1] + 1.7 * torch.eye(9, dtype=torch.float64)], dim=1)
    wanted = cross_entropy(logits, torch.arange(9))
    assert simcse(anchor, positive, negative, hard_weight=1.7).item() == pytest.approx(wanted.item(), rel=1e-12)


def test_landmarks() -> None:
    same, apart = torch.ones(5, 16), torch.eye(10, 16)
    assert simcse(same, same).item() == pytest.approx(math.log(5))
    assert simcse(same, same, same, hard_weight=0.7).item() == pytest.approx(math.log(9 + math.exp(0.7)))
    perfect = math.log1p((8 + math.exp(2.0)) * math.exp(-1 / 0.2))
    found = simcse(apart[:5], apart[:5], apart[5:], temperature=0.2, hard_weight=2.0)
    assert found.item() == pytest.approx(perfect, rel=1e-5)


def test_relatives() -> None:
    anchor, positive, negative = sentences()
    plain = info_nce(anchor, torch.cat([positive, negative]), temperature=0.1)
    assert simcse(anchor, positive, negative, temperature=0.1).item() == pytest.approx(plain.item(), rel=1e-12)
    alone = simcse(anchor, positive, temperature=0.1, reduction="none")
    assert torch.equal(alone, info_nce(anchor, positive, temperature=0.1, reduction="none"))


def test_rows_of_one_id_are_no_negatives_but_ones_own_hard_one_stays() -> None:
    anchor, positive, negative = sentences(3)
    ids = torch.tensor([4, 7, 4])
    found = simcse(anchor, positive, negative, temperature=0.3, ids=ids, reduction="none")
    keys = torch.cat([positive, negative])
    logits = cosine_similarity(anchor[:, None], keys, dim=-1) / 0.3
    hidden = torch.tensor([[0, 0, 1, 0, 0, 1], [0, 0, 0, 0, 0, 0], [1, 0, 0, 1, 0, 0]]).bool()
    wanted = cross_entropy(logits.masked_fill(hidden, -torch.inf), torch.arange(3), reduction="none")
    torch.testing.assert_close(found, wanted)


def test_tiles_are_the_whole_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    z = [each.requires_grad_() for each in sentences(20)]
    scale = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)

    def found() -> tuple[Tensor, ...]:
        loss = simcse(*z, temperature=scale, hard_weight=0.5)
        return loss, *torch.autograd.grad(loss, (*z, scale))

    whole = found()
    monkeypatch.setattr(_tiles, "_DENSE", 0)
    monkeypatch.setattr(_rows, "_SMALL", 0)
    monkeypatch.setitem(_grid._TILE, "cpu", 3)
    torch.testing.assert_close(found(), whole, rtol=1e-10, atol=1e-12)


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda z: simcse(z, z, hard_weight=1.0), "simcse: hard_weight must be 0 without hard negatives. Got 1.0. "),
        (lambda z: simcse(z, z[1:]), r"simcse: anchor and positive must be of one shape \(n, d\). "),
        (lambda z: simcse(z, z, z[1:]), r"simcse: anchor, positive and negative must be of one shape \(n, d\). "),
        (lambda z: simcse(z, z, z, temperature=0.0), "simcse: temperature must be above 0. Got 0.0. Try 0.05."),
        (lambda z: simcse(z, z, z, ids=torch.arange(3)), "simcse: ids must be 4 whole numbers. "),
        (lambda z: simcse(z[:0], z[:0], z[:0]), "simcse: n must be at least 1 in all. Got 0. "),
    ],
)
def test_a_wrong_call_gets_one_sentence(call: Callable[[Tensor], Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        call(torch.randn(4, 3))
