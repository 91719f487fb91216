"""What a method makes of pictures or series: rows of them, ready for the page, and how many puzzles it solves."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from nearfar.report.gallery import Picture, path_inside, to_compare
from nearfar.report.words import many

__all__ = ["Made", "Row", "Sheet", "Solved", "read_made"]

ABREAST = 6
"""Columns that stay together where the page is narrow."""


@dataclass(frozen=True)
class Row:
    """Pictures side by side.

    Attributes:
        name: what they are.
        pictures: from left to right.
    """

    name: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Sheet:
    """What is shown under one heading.

    Attributes:
        kind: "rebuilt", "samples", "walks" or "puzzle".
        note: how it was made.
        rows: the pictures; their columns belong together in "rebuilt" and "puzzle".
        captions: of each column, and whether it was found what stood there; or none.
    """

    kind: str
    note: str
    rows: tuple[Row, ...]
    captions: tuple[tuple[str, bool], ...]

    @property
    def blocks(self) -> list[tuple[Row, ...]]:
        """The rows of some columns at a time."""
        count = len(self.rows[0].pictures)
        parts = [slice(start, start + ABREAST) for start in range(0, count, ABREAST)]
        return [tuple(Row(row.name, row.pictures[part]) for row in self.rows) for part in parts]

    @property
    def columns(self) -> list[tuple[tuple[tuple[str, Picture], ...], tuple[str, bool]]]:
        """The captioned columns: of each its pictures by the names of the rows, and its caption."""
        names = [row.name for row in self.rows]
        pictures = zip(*(row.pictures for row in self.rows), strict=True)
        return [
            (tuple(zip(names, each, strict=True)), said) for each, said in zip(pictures, self.captions, strict=False)
        ]


@dataclass(frozen=True)
class Solved:
    """How many puzzles were solved.

    Attributes:
        right: how many.
        of: out of how many.
        choices: answers that there are.
        accuracy: the part that was solved.
        interval: its 95 % interval, as fractions.
        verdict: what it says beside guessing.
    """

    right: int
    of: int
    choices: int
    accuracy: float
    interval: tuple[float, float]
    verdict: str

    @property
    def chance(self) -> float:
        """The part that guessing solves."""
        return 1 / self.choices


@dataclass(frozen=True)
class Made:
    """All that a method makes of pictures.

    Attributes:
        title: of the section.
        short: the same in the page's contents.
        source: of which pictures, for people.
        unseen: whether the run has not learned from them.
        seed: of all that is drawn.
        solved: puzzles; None for a method that sets none.
        sheets: the pictures.
    """

    title: str
    short: str
    source: str
    unseen: bool
    seed: int
    solved: Solved | None
    sheets: tuple[Sheet, ...]


def read_made(gallery: Path, about: Mapping[str, Any], *, modality: str = "") -> Made | None:
    """What `gallery.json` says that a method makes; None where it makes nothing.

    Args:
        gallery: the folder.
        about: what `gallery.json` holds.
        modality: of the run.
    """
    found = about.get("made")
    if not found:
        return None
    sheets = [sheet for entry in found.get("panels") or () if (sheet := _sheet(gallery, entry))]
    solved = _solved(found.get("solved"))
    if not sheets and solved is None:
        return None
    split = found.get("split")
    title, short = (
        ("Does it solve its puzzles?", "Puzzles") if solved else (f"What it makes of {many(modality)}", "Made")
    )
    source = f"{found['source']}, {split or 'training'}"
    return Made(title, short, source, split is not None, int(found["seed"]), solved, tuple(sheets))


def _solved(found: Mapping[str, Any] | None) -> Solved | None:
    if not found:
        return None
    right, of, choices = (int(found[name]) for name in ("right", "of", "choices"))
    low, high = (float(end) for end in found["interval"])
    chance = 1 / choices
    if low > chance:
        verdict = "It is above guessing."
    elif high < chance:
        verdict = "It is below guessing."
    else:
        verdict = "Guessing lies inside the interval: nothing shows that it has learned to."
    return Solved(right, of, choices, right / of, (low, high), verdict)


def _sheet(gallery: Path, entry: Mapping[str, Any]) -> Sheet | None:
    """A panel, if all of its pictures are there."""
    rows: list[Row] = []
    for row in entry["rows"]:
        path = path_inside(gallery, row["image"])
        if path is None:
            return None
        rows.append(Row(str(row["name"]), _cut(path, columns=int(entry["columns"]))))
    captions = tuple((str(text), bool(found)) for text, found in entry["captions"])
    return Sheet(str(entry["kind"]), str(entry["note"]), tuple(rows), captions) if rows else None


def _cut(path: Path, *, columns: int) -> tuple[Picture, ...]:
    """The pictures that stand side by side in one."""
    with Image.open(path) as opened:
        strip = opened.convert("RGBA" if "A" in opened.getbands() else "RGB")
    width = strip.width // columns
    return tuple(to_compare(strip.crop((width * at, 0, width * at + width, strip.height))) for at in range(columns))
