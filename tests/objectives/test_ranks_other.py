"""Ranks that bring different rows, and different numbers of them, have the loss and the gradients of one process."""

from pathlib import Path
from typing import Any

import pytest
import ranks
import torch
import torch.distributed as dist
from objective_cases import CASES, ROWS, directions_of, every_objective, inputs_of
from oracles.distribution import sigreg

pytestmark = pytest.mark.distributed

NAMES = {name: case for cases in CASES.values() for name, case in cases.items()}


@pytest.fixture(scope="module")
def one_process() -> dict[str, dict[str, Any]]:
    return every_objective(None)


@pytest.fixture(scope="module", params=ROWS, ids=lambda n: f"{n} ranks")
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What every rank found; the ranks are started once for all objectives. A group of one is this process."""
    folder: Path = tmp_path_factory.mktemp("ranks")
    if request.param > 1:
        return ranks.run(every_objective, request.param, folder)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=0, world_size=1)
    try:
        return [every_objective(dist.group.WORLD)]
    finally:
        dist.destroy_process_group()


@pytest.mark.parametrize("name", NAMES)
def test_ranks_are_one_process(
    name: str, results: list[dict[str, Any]], one_process: dict[str, dict[str, Any]]
) -> None:
    found, wanted = [result[name] for result in results], one_process[name]
    losses = torch.stack([result["loss"] for result in found])
    torch.testing.assert_close(losses.mean(), wanted["loss"], rtol=1e-9, atol=1e-12)
    for which, axis in enumerate(NAMES[name].axes):
        parts = [result["gradients"][which] for result in found]
        if parts[0] is not None:
            whole = parts[0] if axis is None else torch.cat(parts, dim=axis)
            torch.testing.assert_close(whole, wanted["gradients"][which], rtol=1e-9, atol=1e-9)


def test_ranks_whose_generators_stand_elsewhere_share_directions(results: list[dict[str, Any]]) -> None:
    (z,) = inputs_of(CASES["distribution"]["sigreg"], 9)
    directions = sum(directions_of(r) for r in range(len(results)))
    for result in results:
        assert result["sigreg of unlike generators"]["loss"].item() == pytest.approx(sigreg(z.numpy(), directions))
