"""What methods keep between steps: slow copies, queues, banks and centres, each moved when the paper says."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from cases import CASES, TinyBackbone
from torch import Tensor, nn

from nearfar.methods import BYOL, DINO, NNCLR, InstDisc, Method, MoCo, MoCoV3, SwAV
from nearfar.networks import mlp
from nearfar.objectives.clustering import sinkhorn


def tiny(name: str) -> Method:
    torch.manual_seed(0)
    return CASES[name].make(TinyBackbone())


def step(method: Method, name: str, *, seed: int = 0, progress: float = 0.5, n: int = 16) -> None:
    result = method(CASES[name].batch(n, seed=seed))
    result.loss.backward()
    method.update([result], progress)


@pytest.mark.parametrize("name", ["moco", "mocov3", "byol", "dino"])
def test_the_slow_copy_starts_equal_and_has_no_gradient(name: str) -> None:
    method = tiny(name)
    method.eval()
    view = CASES[name].batch(seed=0).views[0]
    parts = [method.backbone, method.projector, *([method.prototypes] if name == "dino" else [])]
    assert torch.equal(method.target(view), nn.Sequential(*parts)(view))
    assert not any(weight.requires_grad for weight in method.target.parameters())


def test_moco_tells_keys_from_earlier_ones_only() -> None:
    method = tiny("moco")
    assert isinstance(method, MoCo)
    before = method.queue.rows.clone()
    batch = CASES["moco"].batch(seed=0)
    result = method(batch)
    assert torch.equal(method.queue.rows, before), "the current keys are no negatives"
    query = F.normalize(method.projector(method.backbone(batch.views[0])), dim=1)
    key = F.normalize(result.carry, dim=1)
    logits = torch.cat([(query * key).sum(1, keepdim=True), query @ before.T], dim=1) / 0.2
    torch.testing.assert_close(result.loss, F.cross_entropy(logits, torch.zeros(16, dtype=torch.long)))
    method.update([result], 0.5)
    torch.testing.assert_close(method.queue.rows[:16], key)
    assert torch.equal(method.queue.rows[16:], before[16:])


def test_moco_queues_every_micro_step() -> None:
    method = tiny("moco")
    results = [method(CASES["moco"].batch(8, seed=seed)) for seed in (0, 1)]
    method.update(results, 0.5)
    expected = F.normalize(torch.cat([result.carry for result in results]), dim=1)
    torch.testing.assert_close(method.queue.rows[:16], expected)
    assert int(method.queue.pushed) == 16


def test_moco_v3_carries_the_factor_of_its_authors() -> None:
    method = tiny("mocov3")
    assert isinstance(method, MoCoV3)
    batch = CASES["mocov3"].batch(seed=0)
    keys = [F.normalize(method.target(view), dim=1) for view in batch.views]
    queries = [F.normalize(method.predictor(method.projector(method.backbone(view))), dim=1) for view in batch.views]
    row = torch.arange(16)
    nats = [F.cross_entropy(q @ k.T / 0.2, row) for q, k in zip(queries, keys[::-1], strict=True)]
    torch.testing.assert_close(method(batch).loss, 2 * 0.2 * sum(nats))
    assert method.chance(16) == pytest.approx(4 * 0.2 * math.log(16))


def test_byol_adds_both_directions_and_the_target_moves_after_the_step() -> None:
    method = tiny("byol")
    assert isinstance(method, BYOL)
    batch = CASES["byol"].batch(seed=0)
    p = [method.predictor(method.projector(method.backbone(view))) for view in batch.views]
    z = [method.target(view) for view in batch.views]
    expected = sum((2 - 2 * F.cosine_similarity(a, b)).mean() for a, b in zip(p, z[::-1], strict=True))
    torch.testing.assert_close(method(batch).loss, expected)
    before = copy.deepcopy(method.target.network)
    with torch.no_grad():
        for weight in method.backbone.parameters():
            weight.add_(1.0)
    method.update([], 0.5)
    old, new = before[0].layers[0].weight, method.target.network[0].layers[0].weight
    torch.testing.assert_close(new - old, torch.full_like(new, 1 - method.target.momentum_at(0.5)))


def test_swav_assigns_with_the_queue_once_it_is_full() -> None:
    method = tiny("swav")
    assert isinstance(method, SwAV)
    step(method, "swav", progress=0.001)
    assert int(method.queues[0].pushed) == 0, "before its start nothing is queued"
    step(method, "swav", progress=0.5)
    assert not method.queues[0].is_full
    scores = torch.randn(2, 16, 12)
    torch.testing.assert_close(method._codes(scores), sinkhorn(scores))
    step(method, "swav", progress=0.5)
    assert all(queue.is_full for queue in method.queues)
    codes = method._codes(scores)
    assert codes.shape == (2, 16, 12)
    torch.testing.assert_close(codes.sum(2), torch.ones(2, 16))
    assert not torch.allclose(codes, sinkhorn(scores))


def test_swav_works_without_a_queue() -> None:
    method = SwAV(TinyBackbone(), hidden_dim=32, projection_dim=8, num_prototypes=12)
    step(method, "swav")
    assert len(method.queues) == 0


def test_dinos_centre_is_the_running_mean_of_target_scores() -> None:
    method = tiny("dino")
    assert isinstance(method, DINO)
    assert torch.equal(method.center, torch.zeros(12))
    results = [method(CASES["dino"].batch(8, seed=seed)) for seed in (0, 1)]
    scores = torch.cat([result.carry for result in results], dim=1)
    method.update(results, 0.5)
    torch.testing.assert_close(method.center, 0.1 * scores.mean((0, 1)))
    torch.testing.assert_close(method.target.network[-1].weight.norm(dim=1), torch.ones(12))


def test_nnclr_takes_the_nearest_of_the_queue() -> None:
    method = tiny("nnclr")
    assert isinstance(method, NNCLR)
    z = method.queue.rows[[3, 11]] * 5 + 1e-3
    assert torch.equal(method._neighbour(z), method.queue.rows[[3, 11]])
    method.queue.rows[:] = torch.randn(20, 8)
    before = method.queue.rows.clone()
    result = method(CASES["nnclr"].batch(seed=0))
    assert torch.equal(method.queue.rows, before)
    method.update([result], 0.5)
    assert torch.equal(method.queue.rows[:16], result.carry)


def test_instdisc_writes_the_rows_of_its_batch() -> None:
    method = tiny("instdisc")
    assert isinstance(method, InstDisc)
    before = method.bank.rows.clone()
    batch = CASES["instdisc"].batch(seed=0)
    some = batch._replace(views=(batch.views[0][[9, 2]],), label=None, index=torch.tensor([9, 2]))
    result = method(some)
    z = F.normalize(method.projector(method.backbone(some.views[0])), dim=1)
    expected = F.cross_entropy(z @ before.T / 0.07, some.index)
    torch.testing.assert_close(result.loss, expected)
    method.update([result], 0.5)
    changed = (method.bank.rows != before).any(dim=1)
    assert changed.nonzero().flatten().tolist() == [2, 9]


def spread(z: Tensor) -> float:
    return float(F.normalize(z, dim=1).std(dim=0).mean())


@pytest.mark.parametrize("stops", [True, False])
def test_simsiam_collapses_without_its_stop_gradient(stops: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The paper's figure 2: the spread of normalised outputs goes to 0, where a healthy one stays near 1 / sqrt(d)."""
    method = tiny("simsiam")
    method.projector = mlp(16, 16, 16, 16)  # a last batch norm would hide for long what comes before it
    if not stops:
        monkeypatch.setattr(Tensor, "detach", lambda self: self)
    optimizer = torch.optim.SGD(method.parameters(), lr=1.0, momentum=0.9)
    for seed in range(100):
        method(CASES["simsiam"].batch(seed=seed)).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    monkeypatch.undo()
    with torch.no_grad():
        z = method.projector(method.backbone(CASES["simsiam"].batch(seed=999).views[0]))
    healthy = 1 / math.sqrt(16)
    assert (spread(z) > 0.5 * healthy) == stops
