"""What nearfar raises.

    NearfarError                    someone may want to catch it
    ├── DataError                   the data cannot be used as asked: missing, empty, unreadable, of another kind
    ├── RunError                    a run folder cannot be used as asked: taken, damaged, newer, of another kind
    ├── NonFiniteLossError          training produced a loss that is not a number; the last good checkpoint is kept
    ├── CollapseError               the guard ended a run that was stuck or collapsing; the last checkpoint is kept
    └── Interrupted                 a signal ended training; the state is saved and `resume` goes on from it

The caller's other mistakes are `ValueError` and `TypeError`. Every message is one sentence of the same build:
`<where>: <argument> must be <constraint>. Got <value>. <Next step>.`
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

__all__ = [
    "CollapseError",
    "DataError",
    "Interrupted",
    "NearfarError",
    "NonFiniteLossError",
    "RunError",
    "complaint",
    "suggestion",
]


class NearfarError(Exception):
    """The root of what nearfar raises on purpose and a caller may want to catch."""


class DataError(NearfarError, ValueError):
    """The data cannot be used as asked."""


class RunError(NearfarError, ValueError):
    """A run folder cannot be used as asked."""


class NonFiniteLossError(NearfarError, ArithmeticError):
    """A loss was not a finite number; the last good checkpoint is kept."""


class CollapseError(NearfarError):
    """The guard found a run stuck or collapsing twice in a row and was told to stop it; the last checkpoint is kept."""


class Interrupted(NearfarError):
    """A signal ended training after its state was saved.

    Args:
        message: what happened.
        run: the folder to go on from.
        signal: the signal's number.
    """

    def __init__(self, message: str, *, run: Path, signal: int) -> None:
        super().__init__(message)
        self.run, self.signal = run, signal


def complaint(where: str, argument: str, constraint: str, got: object, next_step: str) -> str:
    """The one sentence a wrong call gets.

    Args:
        where: the function, method or command that was called, e.g. `"MoCo"`.
        argument: the argument's name as the caller wrote it.
        constraint: completes "must be", e.g. `"at least 2"`.
        got: the value; shown with `repr`, cut to 120 characters.
        next_step: what to type next, without the full stop; a question keeps its mark.
    """
    shown = repr(got)
    if len(shown) > 120:
        end = shown[-1] if shown[-1] in "'\")]}" else ""
        shown = f"{shown[: 117 - len(end)]}...{end}"
    stop = "" if next_step.endswith("?") else "."
    return f"{where}: {argument} must be {constraint}. Got {shown}. {next_step}{stop}"


def suggestion(name: str, known: Iterable[str]) -> str:
    """The next step for a misspelled name: `Did you mean 'resnet18'?` or the list of what there is.

    Args:
        name: what was typed.
        known: what there is.
    """
    names = sorted(known)
    close = get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Choose from {', '.join(names[:12])}{' and more' if len(names) > 12 else ''}"
