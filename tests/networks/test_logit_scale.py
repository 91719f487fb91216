"""A learned temperature: above 0 whatever a step does, and within its limits where it has some."""

import math

import pytest
import torch

from nearfar.networks import LogitScale


def test_it_starts_at_one_over_the_temperature_and_is_learned_as_a_logarithm() -> None:
    scale = LogitScale(0.07, where="CLIP")
    assert float(scale().detach()) == pytest.approx(1 / 0.07, rel=1e-5)
    scale().backward()
    assert float(scale.log.grad) == pytest.approx(1 / 0.07, rel=1e-5), "the slope of the exponential is itself"


@pytest.mark.parametrize(("moved", "kept"), [(9.0, 100.0), (-3.0, 1.0), (2.0, math.e**2)])
def test_a_step_beyond_the_limits_is_taken_back(moved: float, kept: float) -> None:
    scale = LogitScale(0.07, where="CLIP", greatest=100.0)
    with torch.no_grad():
        scale.log.fill_(moved)
    scale.limit()
    assert float(scale().detach()) == pytest.approx(kept, rel=1e-5)


@pytest.mark.parametrize("temperature", [0.0, -0.1, float("nan")])
def test_a_temperature_that_is_not_above_0_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match=r"ALIGN: temperature must be above 0\. Got .*\. Try 0\.1"):
        LogitScale(temperature, where="ALIGN")


@pytest.mark.parametrize("temperature", [0.001, 1.5, 0.0])
def test_a_temperature_beyond_the_limits_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match=r"CLIP: temperature must be from 0\.01 to 1\. Got"):
        LogitScale(temperature, where="CLIP", greatest=100.0)
