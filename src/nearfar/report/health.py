"""How a run's health went: the stretches over which the guard said one thing, and what it said."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

__all__ = ["Stretch", "course", "stretches"]

QUIET = ("early", "fine")
"""The states in which nothing need be done."""


class Stretch(NamedTuple):
    """A part of a run over which the guard's state was one.

    Attributes:
        state: as in the records.
        start: the step at which the guard first said so.
        end: the step at which it said something else, or the run's last.
        sentence: what it said at the start.
    """

    state: str
    start: int
    end: int
    sentence: str


def stretches(records: Sequence[Mapping[str, Any]]) -> list[Stretch]:
    """The guard's states in order, each with the steps over which it held; empty where the guard was never asked."""
    said = [record for record in records if record.get("guard") is not None]
    changes = said[:1] + [now for before, now in pairwise(said) if now["guard"] != before["guard"]]
    ends = [record["step"] for record in changes[1:]] + [records[-1]["step"]] if changes else []
    return [
        Stretch(record["guard"], record["step"], end, str(record.get("guard_says") or ""))
        for record, end in zip(changes, ends, strict=True)
    ]


def course(found: Sequence[Stretch]) -> str:
    """What became of the run, in a sentence; "" where there is nothing to say yet.

    Args:
        found: from `stretches`.
    """
    trouble = [stretch for stretch in found if stretch.state not in QUIET]
    judged = [stretch for stretch in found if stretch.state != "early"]
    if not judged:
        return ""
    if not trouble:
        return f"The guard found the run fine from step {judged[0].start:,} on."
    told = [f"{stretch.state} from step {stretch.start:,} to {stretch.end:,}" for stretch in trouble]
    last = "it ended so" if found[-1] in trouble else "it recovered"
    return f"The guard found trouble: {', '.join(told)}; {last}."
