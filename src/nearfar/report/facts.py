"""What was run, for people to read: the facts at a glance and every setting."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from nearfar.report.words import counted

__all__ = ["count", "glance", "method_name", "setting", "settings"]

SPACE = "\N{NO-BREAK SPACE}"
MOST_NAMES = 20
RUN = ("steps", "seed", "precision", "device")


def method_name(about: Mapping[str, Any]) -> str:
    """The method as its paper writes it ("SimCLR"), where the record of the paper begins with it."""
    name = str(about.get("method") or "unknown method")
    written = str(about.get("paper") or "").split(",")[0]
    return written if _letters(written) == _letters(name) else name


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def glance(about: Mapping[str, Any], last: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The run at a glance.

    Args:
        about: what `run.json` holds.
        last: the last record of the metrics; empty before the first.

    Returns:
        Name, value and a detail (or "") of each fact that is known.
    """
    data, backbone = about.get("data") or {}, about.get("backbone") or {}
    done, planned = last.get("step"), about.get("steps")
    facts = [
        ("Data", data.get("name"), f"{data['examples']:,} {counted(about)}" if data.get("examples") else ""),
        (
            "Backbone",
            backbone.get("name"),
            f"{count(backbone['parameters'])} parameters" if backbone.get("parameters") else "",
        ),
        ("Embedding", backbone.get("dim"), "dimensions"),
        ("Steps", None if done is None else f"{done:,}", f"of {planned:,}" if planned and planned != done else ""),
        ("Training", _duration(last.get("seconds")), f"on {about['device']}" if about.get("device") else ""),
        ("Started", *_date(about.get("started"))),
    ]
    return [(name, str(value), detail) for name, value, detail in facts if value is not None]


def count(number: int) -> str:
    """A count as people say it: 1,234 or 1.23 million."""
    return f"{number / 1e6:.3g}{SPACE}million" if number >= 1e6 else f"{number:,}"


def _duration(seconds: float | int | None) -> str | None:
    if seconds is None:
        return None
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (0 if hours else rest, "s"))
    return SPACE.join(f"{amount}{SPACE}{unit}" for amount, unit in parts if amount) or f"0{SPACE}s"


def _date(text: str | None) -> tuple[str | None, str]:
    try:
        when = datetime.fromisoformat(text or "")
    except ValueError:
        return text, ""
    return f"{when.day} {when:%b %Y}", f"{when:%H:%M}{' UTC' if when.utcoffset() is not None else ''}"


def settings(about: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every setting of the run, as titled groups of name and value; a group without any is left out."""
    settled = about.get("settings") or {}
    groups: list[tuple[str, list[tuple[str, Any]]]] = [
        ("Method", [("name", method_name(about)), ("paper", about.get("paper")), *_items(about, "options")]),
        (
            "Training",
            [*_items(about, "settings"), *((key, about.get(key)) for key in RUN if key not in settled)],
        ),
        ("Data", _items(about, "data")),
        ("Backbone", _items(about, "backbone")),
        ("Versions", [*_items(about, "versions"), ("commit", about.get("commit"))]),
    ]
    shown = [
        (title, [(name.replace("_", " "), setting(value)) for name, value in items if value is not None])
        for title, items in groups
    ]
    return [(title, items) for title, items in shown if items]


def _items(about: Mapping[str, Any], key: str) -> list[tuple[str, Any]]:
    return list((about.get(key) or {}).items())


def setting(value: object) -> str:
    """A setting's value as a person would write it; a long list is cut."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        if not value:
            return "none"
        rest = len(value) - MOST_NAMES
        return ", ".join(map(setting, value[:MOST_NAMES])) + (f" and {rest:,} more" if rest > 0 else "")
    return str(value)
