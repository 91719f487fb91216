"""Ranks with different data, and different amounts of it, are one process."""

from typing import Any

import pytest
import ranks
import torch

from nearfar.distributed import all_gather, all_reduce, barrier, broadcast_object, first_row, rank, world, world_size


@pytest.fixture(scope="module", params=[2, pytest.param(3, marks=pytest.mark.distributed)], ids=lambda n: f"{n} ranks")
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What every rank found; the ranks are started once for all tests."""
    return ranks.run(ranks.everything, request.param, tmp_path_factory.mktemp("ranks"))


def test_gather_stacks_unequal_rows(results: list[dict[str, Any]]) -> None:
    counts = ranks.ROWS[len(results)]
    wanted = torch.cat([torch.arange(2.0 * count).view(-1, 2) + 100 * r for r, count in enumerate(counts)])
    labels = torch.cat([torch.full((r,), r) for r in range(len(results))])
    for r, result in enumerate(results):
        found = result["collectives"]
        assert torch.equal(found["gathered"], wanted)
        assert torch.equal(found["labels"], labels)
        assert found["first_row"] == sum(counts[:r])


def test_gather_returns_each_owner_the_sum_of_gradients(results: list[dict[str, Any]]) -> None:
    counts = ranks.ROWS[len(results)]
    slopes = torch.arange(2.0 * sum(counts)).view(-1, 2)
    over_ranks = sum(r + 1 for r in range(len(results)))
    for result, own in zip(results, slopes.split(counts), strict=True):
        assert torch.equal(result["collectives"]["through_gather"], own * over_ranks)


def test_all_reduce_sums_forward_and_backward(results: list[dict[str, Any]]) -> None:
    size = len(results)
    total = torch.tensor([sum(1.0 + r for r in range(size)), 10.0 * size])
    weights = sum(r + 1 for r in range(size))
    for result in results:
        assert torch.equal(result["collectives"]["total"], total)
        assert torch.equal(result["collectives"]["through_sum"], weights * 3 * total**2)
        assert torch.equal(result["collectives"]["twice"], size * weights * 6 * total)


def test_ranks_know_themselves_and_hear_the_first(results: list[dict[str, Any]]) -> None:
    assert [result["collectives"]["rank"] for result in results] == [(r, len(results)) for r in range(len(results))]
    assert all(result["collectives"]["object"] == {"from": 0} for result in results)


def assert_one_process(results: list[dict[str, Any]], wanted: dict[str, Any]) -> None:
    losses = torch.stack([result["loss"] for result in results])
    assert losses.std() > 1e-3, "the ranks must differ for this to prove anything"
    torch.testing.assert_close(losses.mean(), wanted["loss"], rtol=0, atol=1e-9)
    for result in results:
        torch.testing.assert_close(result["gradients"], wanted["gradients"], rtol=0, atol=1e-9)


def test_nt_xent_through_batch_norm_is_the_big_batch(results: list[dict[str, Any]]) -> None:
    wanted = ranks.pairs(None, sum(ranks.ROWS[len(results)]))
    found = [result["pairs"] for result in results]
    assert_one_process(found, wanted)
    for result in found:
        torch.testing.assert_close(dict(result["state"]), dict(wanted["state"]), rtol=0, atol=1e-9)


def test_info_nce_is_the_big_batch(results: list[dict[str, Any]]) -> None:
    wanted = ranks.two_towers(None, sum(ranks.ROWS[len(results)]))
    assert_one_process([result["towers"] for result in results], wanted)


def test_without_a_group_all_is_identity() -> None:
    x = torch.randn(3, 2)
    assert world() is None
    assert (rank(), world_size(), first_row(x, None)) == (0, 1, 0)
    assert all_gather(x, None) is x
    assert all_reduce(x, None) is x
    assert broadcast_object(x, None) is x
    barrier(None)
