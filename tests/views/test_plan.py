"""Which views a run makes at which moment."""

import numpy as np
import pytest
import torch

from nearfar.views import Draws, ViewPlan, simclr

STAGES = ((0.0, 0.5), (0.4, 0.75), (0.7, 1.0))


def plan(**settings: object) -> ViewPlan:
    return ViewPlan(simclr(32, mean=(0.5,), std=(0.25,)), seed=0, micro_steps=10, **settings)


def test_the_resolution_follows_the_schedule() -> None:
    sizes = [plan(stages=STAGES).at(step).views[0].size for step in range(10)]
    assert sizes == [16] * 4 + [24] * 3 + [32] * 3


def test_work_weighs_steps_by_their_resolution() -> None:
    scheduled = plan(stages=STAGES)
    assert scheduled.work(0) == 0.0
    assert scheduled.work(10) == pytest.approx(1.0)
    whole = 0.4 * 0.5**1.5 + 0.3 * 0.75**1.5 + 0.3
    assert scheduled.work(4) == pytest.approx(0.4 * 0.5**1.5 / whole)
    assert plan().work(5) == pytest.approx(0.5)


def test_views_depend_on_step_and_example_and_not_on_company() -> None:
    pictures = torch.randint(0, 256, (6, 1, 32, 32), dtype=torch.uint8)
    index = torch.arange(6)
    both, alone = plan().views(3, pictures, index), plan().views(3, pictures[4:5], index[4:5])
    torch.testing.assert_close(both[0][4:5], alone[0])
    assert not torch.equal(both[0], plan().views(4, pictures, index)[0])
    assert both[0].is_contiguous(memory_format=torch.channels_last)


def test_a_loader_gets_the_boxes_that_the_device_would_crop() -> None:
    rows = np.array([2, 5, 7])
    boxes = plan()(1, rows, torch.full((3,), 40), torch.full((3,), 48))
    assert [size for _, size in boxes] == [32, 32]
    whole = plan().at(1).boxes(torch.full((3,), 40), torch.full((3,), 48), Draws.of(0, 1, torch.from_numpy(rows)))
    torch.testing.assert_close(boxes[0][0], whole[0][0])


def test_what_a_method_draws_is_of_its_example_and_apart_from_the_views() -> None:
    index = torch.arange(6)
    keys = plan().keys(3, index)
    assert torch.equal(plan().keys(3, index[4:5]), keys[4:5])
    assert not torch.equal(plan().keys(4, index), keys)
    views = [Draws.of(0, 3, index).fold(salt).keys for salt in range(100)]
    assert len(torch.cat([keys, *views]).unique()) == 6 * 101
