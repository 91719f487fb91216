"""What a person sees while a run trains: one live line in a terminal, a plain line now and then elsewhere."""

import time
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from nearfar.diagnostics import Verdict

__all__ = ["Display", "duration"]

PLAIN_SECONDS = 10.0
"""Where there is no terminal a line is written this often."""
COLOURS = {"fine": "green", "stuck": "yellow", "collapsing": "yellow", "collapsed": "red"}
"""Of the guard's words, where a terminal shows colours."""


def duration(seconds: float) -> str:
    """Seconds as people say them: 45 s, 3 min 20 s, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class Display:
    """Lines for the terminal and for `log.txt`; silent on ranks other than 0."""

    def __init__(self, log: Path | None, *, steps: int, enabled: bool = True) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True, quiet=not enabled)
        self._log = log if enabled else None
        self._live = self._console.is_terminal and enabled
        self._progress = Progress(
            BarColumn(bar_width=16),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[said]}"),
            console=self._console,
            transient=True,
        )
        self._task = self._progress.add_task("", total=steps, said="")
        self._spoke = time.monotonic()
        self._steps = steps

    def __enter__(self) -> "Display":
        if self._live:
            self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live:
            self._progress.stop()

    def say(self, line: str, *, colour: str | None = None) -> None:
        """A line that stays."""
        self._console.print(line, markup=False, style=colour)
        self._write(line)

    def verdict(self, verdict: Verdict) -> None:
        """What the guard says of the run."""
        self.say(verdict.sentence, colour=COLOURS.get(verdict.state))

    def step(self, record: Mapping[str, float]) -> None:
        """The state after a recorded step."""
        said = self._words(record)
        self._progress.update(self._task, completed=record["step"], said=said)
        now = time.monotonic()
        line = f"step {record['step']:.0f}/{self._steps}  {said}"
        self._write(line)
        if not self._live and now - self._spoke >= PLAIN_SECONDS:
            self._spoke = now
            self._console.print(line, markup=False)

    def _words(self, record: Mapping[str, float]) -> str:
        parts = [f"loss {record['loss']:.2f}"]
        if "floor" in record and "chance" in record:
            parts[0] += f" (chance {record['chance']:.2f}, floor {record['floor']:.2f})"
        parts.append(f"rate {record['learning_rate']:.2g}")
        parts.append(f"{record['examples_per_second']:,.0f}/s")
        parts.append(f"{duration(record['seconds_left'])} left")
        return "  ".join(parts)

    def _write(self, line: str) -> None:
        if self._log is not None:
            with self._log.open("a", encoding="utf-8") as file:
                file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {line}\n")
