"""What each method scored where all were compared, from the records of the benchmark that compares them."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["Measured", "measured"]


@dataclass(frozen=True)
class Measured:
    """A method's scores on the test rows of one data set.

    Attributes:
        about: data and network.
        examples: how many it saw, with repetitions.
        seeds: how many runs.
        linear: the mean accuracy of the linear probe and half its range over the seeds.
        untrained: that of the network before training.
    """

    about: str
    examples: int
    seeds: int
    linear: tuple[float, float]
    untrained: float

    def __str__(self) -> str:
        mean, half = self.linear
        spread = f" ± {half:.3f}" if self.seeds > 1 else ""
        return f"linear probe {mean:.3f}{spread}, untrained {self.untrained:.3f} ({self.about}, {self.examples:,} seen)"


def measured(method: str) -> Measured | None:
    """What a method scored; None where it was not compared.

    Args:
        method: its name on the command line.
    """
    whole = _record()
    found = whole["methods"].get(method)
    if found is None:
        return None
    about = f"{whole['about']}, backbone {found.get('backbone', whole['backbone'])}"
    untrained = found.get("untrained", whole["untrained"])["linear"]
    return Measured(about, found["examples"], found["seeds"], tuple(found["linear"]), untrained)


@cache
def _record() -> dict[str, Any]:
    return json.loads((files("nearfar.recipes") / "measured.json").read_text(encoding="utf-8"))
