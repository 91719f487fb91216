"""Batches of similar lengths: every row once, little padding, and drawn from the seed and the epoch alone."""

import numpy as np
import pytest

from nearfar.data import buckets

LENGTHS = np.random.default_rng(0).geometric(0.05, 1003)


def made(**options: object) -> tuple[np.ndarray, ...]:
    return buckets(LENGTHS, **{"batch_size": 16, "seed": 3, "epoch": 0, **options})


def waste(batches: tuple[np.ndarray, ...]) -> float:
    padded = sum(LENGTHS[rows].max() * len(rows) for rows in batches)
    return 1 - sum(LENGTHS[rows].sum() for rows in batches) / padded


@pytest.mark.parametrize("options", [{}, {"pool": 1}, {"batch_size": 1}, {"batch_size": 2000}])
def test_every_row_comes_once(options: dict[str, int]) -> None:
    batches = made(**options)
    assert sorted(np.concatenate(batches).tolist()) == list(range(1003))
    assert sum(len(rows) != options.get("batch_size", 16) for rows in batches) <= 1


def test_whole_batches_leave_others_over_each_epoch() -> None:
    left = []
    for epoch in range(2):
        batches = made(whole=True, epoch=epoch)
        assert {len(rows) for rows in batches} == {16}
        assert len(batches) == 1003 // 16
        left.append(set(range(1003)) - set(np.concatenate(batches).tolist()))
    assert len(left[0]) == 1003 % 16
    assert left[0] != left[1]
    assert made(whole=True, batch_size=2000) == ()


def test_seed_and_epoch_say_all() -> None:
    def flat(**options: int) -> list[list[int]]:
        return [rows.tolist() for rows in made(**options)]

    assert flat() == flat()
    assert flat(epoch=1) != flat()
    assert flat(seed=4) != flat()


def test_little_is_padding() -> None:
    assert waste(made(pool=1)) > 0.6, "lengths vary, so shuffled batches waste much"
    assert waste(made(pool=16)) < 0.25
    assert waste(made(pool=64)) < 0.12


def test_neither_batches_nor_rows_come_by_length() -> None:
    means = [LENGTHS[rows].mean() for rows in made()]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.3
    halves = [(LENGTHS[rows[:8]].sum(), LENGTHS[rows[8:]].sum()) for rows in made(whole=True)]
    assert 0.3 < np.mean([first > second for first, second in halves]) < 0.7


def test_a_wrong_call_gets_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"^buckets: batch_size must be at least 1\. Got 0\. "):
        made(batch_size=0)
