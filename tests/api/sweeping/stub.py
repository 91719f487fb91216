"""What stands for Optuna where it is not what is tested."""

from pathlib import Path
from typing import Any

__all__ = ["NoOptuna"]


class NoOptuna:
    """Remembers what it is told."""

    def __init__(self, database: Path, space: dict[str, Any], *, sampler: str) -> None:
        self.space, self.recalled, self.ended = space, [], []

    def recall(self, name: str, settings: dict[str, Any], value: float | None) -> None:
        self.recalled.append((name, value))

    def begin(self, name: str, settings: dict[str, Any]) -> str:
        return name

    def end(self, handle: str, value: float | None) -> None:
        self.ended.append((handle, value))
