"""Intervals against those of other packages."""

import numpy as np
import pytest
from scipy import stats

from nearfar.probes import student_interval, wilson_interval


@pytest.mark.parametrize(("right", "rows"), [(0, 10), (7, 10), (830, 1000), (50, 50)])
def test_wilson_is_scipy_s(right: int, rows: int) -> None:
    wanted = stats.binomtest(right, rows).proportion_ci(method="wilson")
    assert wilson_interval(right / rows, rows) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_student_is_scipy_s() -> None:
    accuracies = np.random.default_rng(0).uniform(0.6, 0.7, 20)
    wanted = stats.t.interval(0.95, 19, loc=accuracies.mean(), scale=stats.sem(accuracies))
    assert student_interval(accuracies.tolist()) == pytest.approx(wanted)


def test_student_stays_a_fraction() -> None:
    assert student_interval([0.0, 1.0]) == (0.0, 1.0)
