"""Contrastive objectives over ranks with different and unequal data are those of one process with all of it."""

from pathlib import Path
from typing import Any

import objective_ranks
import pytest
import ranks
import torch
import torch.distributed as dist

from nearfar.objectives import _grid, _rows, _tiles

Found = list[dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def whole() -> Any:
    """What one process finds without a group."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_tiles, "_DENSE", _tiles._DENSE)
        patch.setattr(_rows, "_SMALL", _rows._SMALL)
        patch.setitem(_grid._TILE, "cpu", 512)
        return objective_ranks.everything(None)


def assert_one_process(found: Found, whole: dict[str, dict[str, Any]]) -> None:
    for name, wanted in whole.items():
        of_ranks = [result[name] for result in found]
        losses = torch.stack([result["loss"] for result in of_ranks])
        torch.testing.assert_close(losses.mean(), wanted["loss"], rtol=0, atol=1e-9, msg=name)
        temperature = torch.stack([result["temperature"] for result in of_ranks]).mean()
        torch.testing.assert_close(temperature, wanted["temperature"], rtol=1e-9, atol=1e-9)
        for side in ("a", "b"):
            gradient = torch.cat([result[side] for result in of_ranks]) / len(found)
            torch.testing.assert_close(gradient, wanted[side], rtol=0, atol=1e-9, msg=name)


@pytest.mark.distributed
@pytest.mark.parametrize("num_ranks", [2, 3, 4])
def test_ranks_are_one_process(num_ranks: int, whole: Any, tmp_path: Path) -> None:
    found = ranks.run(objective_ranks.everything, num_ranks, tmp_path)
    losses = torch.stack([result["nt_xent, tiles"]["loss"] for result in found])
    assert losses.std() > 1e-3, "the ranks must differ for this to prove anything"
    assert_one_process(found, whole)


def test_a_group_of_one_is_one_process(whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tiles, "_DENSE", _tiles._DENSE)
    monkeypatch.setattr(_rows, "_SMALL", _rows._SMALL)
    monkeypatch.setitem(_grid._TILE, "cpu", 512)
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        found = objective_ranks.everything(dist.group.WORLD)
    finally:
        dist.destroy_process_group()
    assert_one_process([found], whole)


def test_tiles_and_the_whole_matrix_agree(whole: Any) -> None:
    for name in objective_ranks.LOSSES:
        for key, value in whole[f"{name}, whole"].items():
            torch.testing.assert_close(whole[f"{name}, tiles"][key], value, rtol=1e-9, atol=1e-11)
