import math

import pytest
import torch

from nearfar.views import Draws

MASK = (1 << 64) - 1


def mix(x: int) -> int:
    """SplitMix64's finaliser on unsigned integers."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def fold(key: int, salt: int) -> int:
    return mix((mix((key + 0x9E3779B97F4A7C15) & MASK) + (salt + 1) * 0x2545F4914F6CDD1D % (1 << 62)) & MASK)


def key_of(seed: int, step: int, index: int) -> int:
    return fold(fold(mix(index * 0x9E3779B97F4A7C15 & MASK), step), seed)


def unsigned(keys: torch.Tensor) -> list[int]:
    return [key & MASK for key in keys.tolist()]


@pytest.mark.parametrize(("seed", "step"), [(0, 0), (7, 123_456), (2**63 + 5, 2**40)])
def test_keys_and_numbers_equal_those_of_plain_integers(seed: int, step: int) -> None:
    index = [0, 1, 2, 59_999, 2**31 + 1]
    draws = Draws.of(seed, step, torch.tensor(index))
    keys = [key_of(seed, step, i) for i in index]
    assert unsigned(draws.keys) == keys
    expected = [[(mix((key + i * 0x9E3779B97F4A7C15) & MASK) >> 40) / 2**24 for i in (1, 2, 3)] for key in keys]
    assert draws.uniform(3).tolist() == expected


def test_known_values_stay() -> None:
    draws = Draws.of(1, 2, torch.tensor([3]))
    assert unsigned(draws.keys) == [6_851_904_321_604_845_128]
    assert draws.uniform(2)[0].tolist() == pytest.approx([0.0896112322807312, 0.7112800478935242], abs=1e-7)


def test_an_example_draws_the_same_alone_and_in_any_batch() -> None:
    index = torch.tensor([5, 900, 3])
    whole = Draws.of(0, 4, index).fold(2).uniform(3)
    for row in range(3):
        torch.testing.assert_close(
            Draws.of(0, 4, index[row : row + 1]).fold(2).uniform(3)[0], whole[row], rtol=0, atol=0
        )


def test_more_columns_keep_the_first_ones() -> None:
    draws = Draws.of(0, 0, torch.arange(5))
    assert torch.equal(draws.uniform(7)[:, :2], draws.uniform(2))


def test_keys_of_seeds_steps_examples_and_purposes_are_all_different() -> None:
    index = torch.arange(500)
    keys = [Draws.of(seed, step, index).fold(salt).keys for seed in range(4) for step in range(5) for salt in range(6)]
    assert len(torch.cat(keys).unique()) == 4 * 5 * 6 * 500


@pytest.mark.parametrize(
    "other",
    [
        lambda i: Draws.of(0, 0, i + 1),
        lambda i: Draws.of(0, 1, i),
        lambda i: Draws.of(1, 0, i),
        lambda i: Draws.of(0, 0, i).fold(0),
        lambda i: Draws.of(0, 0, i).fold(1),
    ],
    ids=["neighbour", "next step", "next seed", "fold 0", "fold 1"],
)
def test_what_differs_in_one_thing_is_uncorrelated(other) -> None:
    index = torch.arange(40_000)
    numbers = torch.cat((Draws.of(0, 0, index).uniform(2), other(index).uniform(2)), 1)
    correlation = torch.corrcoef(numbers.double().T) - torch.eye(4)
    assert correlation.abs().max() < 4.5 / math.sqrt(len(index))


def test_uniform_numbers_are_evenly_spread() -> None:
    numbers = Draws.of(0, 0, torch.arange(50_000)).uniform(4)
    assert numbers.dtype == torch.float32
    assert (numbers >= 0).all()
    assert (numbers < 1).all()
    counts = torch.histc(numbers, bins=64, min=0, max=1)
    chi_squared = ((counts - 3125) ** 2 / 3125).sum()
    assert 25 < chi_squared < 125  # 63 degrees of freedom: 63 +- 11


def test_normal_numbers_have_the_moments_of_the_normal_law() -> None:
    numbers = Draws.of(0, 0, torch.arange(100_000)).normal(2).double()
    assert numbers.isfinite().all()
    for power, moment, spread in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((numbers**power).mean() - moment) < 4.5 * math.sqrt(spread / numbers.numel())
    assert abs((numbers[:, 0] * numbers[:, 1]).mean()) < 4.5 / math.sqrt(len(numbers))
