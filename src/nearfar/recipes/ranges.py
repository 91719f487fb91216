"""What a user may state: the range of every number and the choices of every name that no data decides."""

import inspect
import math
import os
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, NamedTuple, get_args

from nearfar.engine.optim import OPTIMIZERS
from nearfar.errors import complaint, suggestion
from nearfar.methods.method import Method
from nearfar.networks.pooling import POOLINGS

__all__ = ["CHOICES", "RANGES", "Range", "check_options", "check_said", "method_options"]


class Range(NamedTuple):
    """The numbers that an argument may be.

    Attributes:
        kind: int for whole numbers, else float.
        least: the smallest, itself allowed unless `above` is set.
        usual: what to try instead of a number that is not allowed.
        most: the largest.
        above: whether numbers must be above `least`.
        below: whether they must be below `most`.
    """

    kind: type[int] | type[float]
    least: float
    usual: str
    most: float = math.inf
    above: bool = False
    below: bool = False

    def fault(self, value: Any) -> str | None:
        """What a value must be and is not; None if it may be used."""
        if isinstance(value, bool) or not isinstance(value, Integral if self.kind is int else Real):
            return "a whole number" if self.kind is int else "a finite number"
        number: Any = value
        if not abs(number) < math.inf:
            return "a finite number"
        if number < self.least or (self.above and number == self.least):
            return f"{'above' if self.above else 'at least'} {self.least:g}"
        if number > self.most or (self.below and number == self.most):
            return f"{'below' if self.below else 'at most'} {self.most:,.0f}"
        return None


CORES = os.cpu_count() or 1

RANGES = {
    "seed": Range(int, 0, "0", most=2**32 - 1),
    "epochs": Range(float, 0, "10", most=1e6, above=True),
    "steps": Range(int, 0, "1000", most=1e9, above=True),
    "minutes": Range(float, 0, "10", most=60 * 24 * 366, above=True),
    "examples": Range(int, 1, "1000", most=1e9),
    "size": Range(int, 8, "64", most=4096),
    "dim": Range(int, 16, "256", most=16_384),
    "depth": Range(int, 1, "4", most=128),
    "max_length": Range(int, 4, "64", most=65_536),
    "vocab_size": Range(int, 300, "8000", most=1_000_000),
    "batch_size": Range(int, 1, "128", most=1e9),
    "accumulate": Range(int, 1, "1", most=1e9),
    "learning_rate": Range(float, 0, "0.01", most=1e6, above=True),
    "weight_decay": Range(float, 0, "0", most=1e6),
    "clip": Range(float, 0, "1, or leave it out", most=1e9, above=True),
    "workers": Range(int, 0, "2", most=max(16, 4 * CORES)),
    "devices": Range(int, 1, "1", most=max(8, CORES)),
    "trials": Range(int, 1, "20", most=1e6),
    "at_once": Range(int, 1, "1", most=max(16, 4 * CORES)),
}
"""The range of each number, by the name of its argument."""

WORDS = {
    "temperature": Range(float, 0, "0.2", most=1e6, above=True),
    "momentum": Range(float, 0, "0.99", most=1),
    "ratio": Range(float, 0, "0.75", most=1, above=True, below=True),
    "strength": Range(float, 0, "0.5", most=1e6, above=True),
    "tile": Range(float, 0, "0.85", most=1, above=True),
}
"""What the field's words for options of methods always mean: a temperature divides, a momentum is the part kept."""

CHOICES: Mapping[str, Sequence[str]] = {
    "on_collapse": ("warn", "stop"),
    "optimizer": OPTIMIZERS,
    "stem": ("small", "standard"),
    "pooling": POOLINGS,
}
"""The names that an argument may be, where they are few."""


def check_said(where: str, **said: Any) -> None:
    """Refuses numbers out of their range and unknown names, before anything is done with them.

    Args:
        where: what was called.
        **said: what the user said of arguments in `RANGES` and `CHOICES`; None for nothing.

    Raises:
        ValueError: one cannot be used; the sentence says what to try.
    """
    for name, value in said.items():
        if value is None:
            continue
        if name in RANGES:
            fault = RANGES[name].fault(value)
            if fault is not None:
                raise ValueError(complaint(where, name, fault, value, f"Try {RANGES[name].usual}"))
        elif value not in CHOICES[name]:
            known = CHOICES[name]
            raise ValueError(complaint(where, name, f"one of {', '.join(known)}", value, suggestion(str(value), known)))


def method_options(method: type[Method]) -> dict[str, inspect.Parameter]:
    """The keyword-only parameters of a method's constructor: what a user may set."""
    parameters = inspect.signature(method.__init__).parameters
    return {name: entry for name, entry in parameters.items() if entry.kind is inspect.Parameter.KEYWORD_ONLY}


def check_options(method: type[Method], given: Mapping[str, Any]) -> None:
    """Refuses options that a method does not have, values of another type, and numbers that are no count and no weight.

    Whole numbers are at least 1 and others at least 0, or else at least the option's default.

    Args:
        method: the method.
        given: options by name.

    Raises:
        ValueError: one cannot be used; the sentence says what to try.
    """
    known = method_options(method)
    for name, value in given.items():
        if name not in known:
            constraint = f"one of {', '.join(known)}"
            raise ValueError(complaint(method.__name__, "option", constraint, name, suggestion(str(name), known)))
        _check_option(method.__name__, known[name], value)


def _check_option(where: str, known: inspect.Parameter, value: Any) -> None:
    hint, default = known.annotation, known.default
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    if not all(isinstance(kind, type) for kind in kinds) or (value is None and NoneType in kinds):
        return
    if int in kinds or float in kinds:
        kind, least = (float, 0) if float in kinds else (int, 1)
        lowest = min(least, default) if isinstance(default, int | float) else least
        fault = WORDS.get(known.name.split("_")[-1], Range(kind, lowest, usual="", most=1e9)).fault(value)
    else:
        fault = None if isinstance(value, kinds) else f"of type {' or '.join(kind.__name__ for kind in kinds)}"
    if fault is not None:
        next_step = "Leave it out" if default in (None, inspect.Parameter.empty) else f"Try {default}"
        raise ValueError(complaint(where, known.name, fault, value, next_step))
