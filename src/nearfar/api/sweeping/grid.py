"""What a sweep tries: the values of each setting, their combinations, and the names of these."""

import inspect
import itertools
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, get_args

import numpy as np

from nearfar.api.learning import pretrain
from nearfar.engine import choose_precision
from nearfar.engine.foresee import check_precision
from nearfar.errors import complaint, suggestion
from nearfar.methods import METHODS
from nearfar.recipes import CHOICES, RANGES, check_options, check_said, method_options
from nearfar.views import Policy

__all__ = ["SETTINGS", "Span", "Values", "combinations", "is_list", "key", "names", "read_grid", "varied"]

CONSTANT = ("method", "data", "split", "out", "validation", "log", "devices", "workers", "reading", "options")
"""Of the arguments of `pretrain`, those that are the same in all trials."""

SETTINGS = {name: entry for name, entry in inspect.signature(pretrain).parameters.items() if name not in CONSTANT}
"""What may vary, besides the options of the method."""
WHOLE_DECADE = 10.0
"""A range whose ends are apart by this factor is searched by its logarithm."""
TRUTH = {"yes": True, "true": True, "no": False, "false": False}
LONGEST_NAME = 100


class Span(NamedTuple):
    """All numbers from one to another.

    Attributes:
        low: the least.
        high: the greatest.
        whole: whether only whole numbers are meant.
    """

    low: float
    high: float
    whole: bool = False

    @property
    def is_wide(self) -> bool:
        """Whether it is searched by its logarithm."""
        return self.low > 0 and self.high >= WHOLE_DECADE * self.low

    def __str__(self) -> str:
        return f"{self.low:g}..{self.high:g}"


Values = tuple[Any, ...] | Span
"""Of one setting: values to choose from, or all numbers of a range."""


def read_grid(method: str, grid: Mapping[str, Any]) -> dict[str, Values]:
    """The values of each setting, read from words where they are words, and checked.

    Args:
        method: the method's name.
        grid: a value or a list of values for each setting of `pretrain` and each option of the method; a string may
            stand for a number, "0.05..0.5" for a range, "none" for what is not set, "flip,crop" for a list.

    Raises:
        ValueError: a setting is unknown, or a value cannot be used.
    """
    known = {**SETTINGS, **method_options(METHODS[method])}
    found: dict[str, Values] = {}
    for name, values in grid.items():
        if name not in known:
            constraint = f"of settings of pretrain and of {METHODS[method].__name__}"
            raise ValueError(complaint("sweep", "grid", constraint, name, suggestion(str(name), known)))
        found[name] = _values(known[name], values)
        ends = found[name][:2] if isinstance(found[name], Span) else found[name]
        for value in ends:
            _check(method, name, value)
    return found


def _values(setting: inspect.Parameter, given: Any) -> Values:
    """What was given for a setting, as values of its type."""
    several = isinstance(given, Iterable) and not isinstance(given, str | Span)
    words = list(given) if several else [given]
    if not words:
        raise ValueError(complaint("sweep", setting.name, "at least one value", given, "Give one, or leave it out"))
    if len(words) == 1 and (isinstance(words[0], Span) or ".." in str(words[0])):
        return words[0] if isinstance(words[0], Span) else _span(setting, words[0])
    unique = {json.dumps(value): value for value in (_value(setting, word) for word in words)}
    return tuple(unique.values())


def _span(setting: inspect.Parameter, word: Any) -> Span:
    kinds = _kinds(setting)
    low, _, high = str(word).partition("..")
    if not ({int, float} & kinds):
        raise ValueError(complaint("sweep", setting.name, "a list of values", word, "A range is for numbers"))
    span = Span(_number(setting, low), _number(setting, high), whole=float not in kinds)
    if not span.low < span.high:
        raise ValueError(complaint("sweep", setting.name, "a range that rises", word, f"Try {high}..{low}"))
    return span


def _value(setting: inspect.Parameter, word: Any) -> Any:
    """One value; a word is what it says, in the setting's type."""
    kinds, word = _kinds(setting), _plain(setting, word)
    if is_list(setting.name):
        listed = [] if word in (None, "none") else word.split(",") if isinstance(word, str) else word
        return list(listed)
    if word is None or (word == "none" and setting.default is None):
        return None
    if not isinstance(word, str) or str in kinds:
        return word
    if bool in kinds:
        if word not in TRUTH:
            raise ValueError(complaint("sweep", setting.name, f"one of {', '.join(TRUTH)}", word, "Try yes"))
        return TRUTH[word]
    return _number(setting, word)


def _plain(setting: inspect.Parameter, word: Any) -> Any:
    """A value that JSON holds."""
    if isinstance(word, np.generic):
        return word.item()
    if isinstance(word, Path):
        return str(word)
    if not isinstance(word, str | int | float | list | tuple | None):
        kind = type(word).__name__
        raise TypeError(complaint("sweep", setting.name, "a number, a word or a list", kind, "Give plain values"))
    return word


def _number(setting: inspect.Parameter, word: str) -> Any:
    kind: type[int] | type[float] = float if float in _kinds(setting) else int
    try:
        return kind(word)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        next_step = "List values, as in 0.1 0.2, or give a range, as in 0.1..0.5"
        raise ValueError(complaint("sweep", setting.name, wanted, word, next_step)) from None


def _kinds(setting: inspect.Parameter) -> set[Any]:
    hint = setting.annotation
    return set(get_args(hint)) if isinstance(hint, UnionType) else {hint}


def is_list(name: str) -> bool:
    """Whether one value of a setting is itself a list.

    Args:
        name: the setting.
    """
    return name == "without"


def _check(method: str, name: str, value: Any) -> None:
    """Refuses what no data could make right."""
    if name == "without":
        Policy(()).without(value)
    elif name in RANGES or name in CHOICES:
        check_said("sweep", **{name: value})
    elif name == "precision":
        choose_precision(value)
        check_precision(value)
    elif name not in SETTINGS:
        check_options(METHODS[method], {name: value})


def combinations(grid: Mapping[str, Values]) -> list[dict[str, Any]]:
    """Every combination of the values; all of the first seed come before any of the second.

    Args:
        grid: values, no ranges.
    """
    order = sorted(grid, key=lambda name: name != "seed")
    found = (dict(zip(order, values, strict=True)) for values in itertools.product(*(grid[name] for name in order)))
    return [{name: settings[name] for name in grid} for settings in found]


def key(settings: Mapping[str, Any]) -> str:
    """What tells a combination from others.

    Args:
        settings: plain values by name.
    """
    return json.dumps(settings, sort_keys=True)


def varied(every: Iterable[Mapping[str, Any]]) -> list[str]:
    """The settings in which any of some combinations differ, the seed last.

    Args:
        every: the combinations.
    """
    every = list(every)
    known = {name: None for settings in every for name in settings}
    found = [name for name in known if len({key({name: settings.get(name)}) for settings in every}) > 1]
    return sorted(found, key=lambda name: name == "seed")


def names(new: Sequence[Mapping[str, Any]], *, of: Sequence[str], taken: Iterable[str] = ()) -> list[str]:
    """A readable name for each combination.

    Args:
        new: the combinations to name.
        of: the settings that the names tell.
        taken: names that others have.
    """
    used, found = set(taken), []
    for settings in new:
        parts = [f"{name.replace('_', '-')}-{_text(settings[name])}" for name in of if name in settings]
        short = re.sub(r"[^\w.+-]+", "-", "_".join(parts), flags=re.ASCII)[:LONGEST_NAME] or "only"
        numbered = (short if number == 1 else f"{short}_{number}" for number in itertools.count(1))
        found.append(next(name for name in numbered if name not in used))
        used.add(found[-1])
    return found


def _text(value: Any) -> str:
    """A value as a part of a file's name."""
    if isinstance(value, list):
        return "+".join(value) or "none"
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else str(value)
    return str(value).rstrip("/").rpartition("/")[2] if isinstance(value, str) else str(value).lower()
