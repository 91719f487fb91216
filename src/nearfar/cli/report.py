"""`nearfar report`."""

from pathlib import Path

from nearfar.cli.derive import compose, flags_of, outline
from nearfar.cli.output import show
from nearfar.report import write_report

__all__ = ["command"]


def _report(run: Path) -> None:
    show(f"{write_report(run)}")


command = compose(_report, flags_of(outline("nearfar.api", "write_report")))
