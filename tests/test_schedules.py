"""A schedule is a factor: its values at the start, the middle and the end of a run are known."""

import pytest

from nearfar.schedules import constant, cosine, warmup_cosine

RUN = [step / 20 for step in range(21)]


def test_constant_is_one_all_the_way() -> None:
    assert {constant(progress) for progress in RUN} == {1.0}


@pytest.mark.parametrize("end", [0.0, 0.1, 1.0])
def test_cosine_starts_at_one_passes_the_mean_and_meets_its_end(end: float) -> None:
    assert cosine(0.0, end=end) == 1.0
    assert cosine(0.5, end=end) == pytest.approx((1 + end) / 2)
    assert cosine(1.0, end=end) == pytest.approx(end, abs=1e-15)


def test_cosine_never_rises() -> None:
    values = [cosine(progress) for progress in RUN]
    assert values == sorted(values, reverse=True)


def test_warmup_is_a_straight_line_to_one() -> None:
    assert [warmup_cosine(progress, warmup=0.2) for progress in (0.0, 0.05, 0.1, 0.2)] == [0.0, 0.25, 0.5, 1.0]


def test_after_the_warmup_a_whole_cosine_follows() -> None:
    for progress in RUN:
        assert warmup_cosine(0.2 + 0.8 * progress, warmup=0.2, end=0.1) == pytest.approx(cosine(progress, end=0.1))


def test_without_warmup_it_is_the_cosine() -> None:
    assert [warmup_cosine(progress, warmup=0.0) for progress in RUN] == [cosine(progress) for progress in RUN]
