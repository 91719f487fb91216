"""What a user may state is checked before anything is done with it."""

import inspect
import re
from typing import Any, ClassVar

import numpy as np
import pytest
from torch import nn

from nearfar import api
from nearfar.methods import METHODS, Method, SimCLR, Step
from nearfar.recipes import CHOICES, RANGES, check_options, check_said, method_options

pytestmark = pytest.mark.usefixtures("as_users_call")


def test_every_number_that_a_call_takes_has_a_range() -> None:
    for function in (api.pretrain, api.resume, api.evaluate):
        for name, entry in inspect.signature(function).parameters.items():
            if entry.annotation in (int, float, int | None, float | None):
                assert name in RANGES


@pytest.mark.parametrize("name", RANGES)
def test_the_least_of_a_range_is_its_own_unless_it_must_be_above(name: str) -> None:
    allowed = RANGES[name]
    assert (allowed.fault(allowed.kind(allowed.least)) is None) == (not allowed.above)
    assert allowed.fault(allowed.kind(allowed.least) - 1)
    assert allowed.fault(allowed.kind(allowed.most)) is None
    assert allowed.fault(allowed.most * 2)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "1", True, None, [1], 1 + 0j])
def test_what_is_no_number_is_refused(value: object) -> None:
    assert RANGES["learning_rate"].fault(value) == "a finite number"
    assert RANGES["steps"].fault(value) == "a whole number"


def test_whole_numbers_are_whole() -> None:
    assert RANGES["steps"].fault(2.0) == "a whole number"
    assert RANGES["epochs"].fault(2) is None
    assert RANGES["steps"].fault(np.int64(2)) is None
    assert RANGES["steps"].fault(10**400) == "at most 1,000,000,000"


def test_nothing_said_is_nothing_wrong() -> None:
    check_said("pretrain", **dict.fromkeys([*RANGES, *CHOICES]))


@pytest.mark.parametrize("name", CHOICES)
def test_a_name_that_does_not_exist_is_refused(name: str) -> None:
    check_said("pretrain", **{name: CHOICES[name][0]})
    with pytest.raises(ValueError, match=rf"pretrain: {name} must be one of .*Did you mean"):
        check_said("pretrain", **{name: CHOICES[name][0] + "x"})


class Optional(Method):
    """A method with options of every kind."""

    paper: ClassVar[str] = "nobody"
    summary: ClassVar[str] = "nothing"

    def __init__(
        self, backbone: nn.Module, *, width: int = 8, num_more: int = 0, weight: float = 1.0, shift: float = -1.0,
        student_temperature: float = 0.1, momentum: float = 0.9, mask_ratio: float = 0.75, strength: float = 0.5,
        tile: float = 0.85, queue_size: int | None = None, symmetric: bool = True,
        mode: str = "a", levels: tuple[int, ...] = (1, 2),
    ) -> None:  # fmt: skip
        super().__init__()

    def forward(self, batch: object) -> Step:
        raise NotImplementedError


@pytest.mark.parametrize(
    "given",
    [
        {"width": 1}, {"num_more": 0}, {"weight": 0}, {"shift": -1.0}, {"momentum": 0.0}, {"momentum": 1},
        {"tile": 1}, {"mask_ratio": 0.01},
        {"mode": "b"}, {"queue_size": None}, {"queue_size": 5}, {"symmetric": False}, {"levels": (3,)},
    ],
    ids=str,
)  # fmt: skip
def test_options_that_fit_are_taken(given: dict[str, Any]) -> None:
    check_options(Optional, given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"width": 0}, "width must be at least 1. Got 0. Try 8."),
        ({"width": 2.5}, "width must be a whole number. Got 2.5. Try 8."),
        ({"num_more": -1}, "num_more must be at least 0. Got -1. Try 0."),
        ({"weight": "a"}, "weight must be a finite number. Got 'a'. Try 1.0."),
        ({"shift": -2.0}, "shift must be at least -1. Got -2.0. Try -1.0."),
        ({"student_temperature": 0}, "student_temperature must be above 0. Got 0. Try 0.1."),
        ({"momentum": 1.1}, "momentum must be at most 1. Got 1.1. Try 0.9."),
        ({"mask_ratio": 1.0}, "mask_ratio must be below 1. Got 1.0. Try 0.75."),
        ({"mask_ratio": 0}, "mask_ratio must be above 0. Got 0. Try 0.75."),
        ({"mask_ratio": 1.5}, "mask_ratio must be below 1. Got 1.5. Try 0.75."),
        ({"strength": 0.0}, "strength must be above 0. Got 0.0. Try 0.5."),
        ({"tile": 1.1}, "tile must be at most 1. Got 1.1. Try 0.85."),
        ({"queue_size": 0}, "queue_size must be at least 1. Got 0. Leave it out."),
        ({"symmetric": 1}, "symmetric must be of type bool. Got 1. Try True."),
        ({"mode": 5}, "mode must be of type str. Got 5. Try a."),
        ({"widt": 5}, "option must be one of width, num_more, weight, shift, student_temperature, momentum, "
         "mask_ratio, strength, tile, queue_size, symmetric, mode, levels. Got 'widt'. Did you mean 'width'?"),
    ],
    ids=str,
)  # fmt: skip
def test_options_that_do_not_fit_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(f'Optional: {words}')}$"):
        check_options(Optional, given)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_method_takes_its_own_defaults(method: type[Method]) -> None:
    check_options(method, {name: entry.default for name, entry in method_options(method).items()})


def test_options_are_what_stands_behind_the_star() -> None:
    assert list(method_options(SimCLR)) == ["hidden_dim", "projection_dim", "temperature"]
