"""What methods that rebuild, make and puzzle leave in a run's gallery."""

import json
from typing import Any

import numpy as np
from PIL import Image

from nearfar.records import RunFolder, write_json

__all__ = ["MADE", "add_made", "solving"]

MADE = {
    "generated": [("rebuilt", ("original", "rebuilt"), 12), ("samples", ("drawn",), 48),
                  ("walks", tuple(f"walk {number}" for number in range(6)), 11)],
    "masked": [("rebuilt", ("what it saw", "rebuilt", "original"), 12)],
    "puzzle": [("puzzle", ("as it saw it", "original"), 8)],
}  # fmt: skip
"""Of each kind of method its panels: their kind, the names of their rows, and how many columns they have."""


def solving(right: int = 400, of: int = 500, choices: int = 4) -> dict[str, Any]:
    part = right / of
    return {"right": right, "of": of, "choices": choices, "interval": [part - 0.03456, part + 0.02789]}


def add_made(folder: RunFolder, kind: str, *, side: int = 28, split: str | None = "test", solved: Any = None) -> None:
    """Puts panels into the gallery of a run: smooth pictures, of which "what it saw" has holes."""
    (folder.gallery / "made").mkdir(exist_ok=True)
    panels = []
    for number, (name, rows, columns) in enumerate(MADE[kind]):
        entries = []
        for place, row in enumerate(rows):
            image = f"made/{number}_{place}.png"
            Image.fromarray(_strip(columns, side, holes=row == "what it saw")).save(folder.gallery / image)
            entries.append({"name": row, "image": image})
        captions = [[f"place {at}: <i>found</i>", at % 3 != 0] for at in range(columns)] if name == "puzzle" else []
        panels.append(
            {"kind": name, "note": "A <b>note</b>.", "captions": captions, "columns": columns, "rows": entries}
        )
    made = {"source": "fashion-mini", "split": split, "seed": 3, "panels": panels}
    made["solved"] = solved or solving() if kind == "puzzle" else None
    about = json.loads((folder.gallery / "gallery.json").read_text())
    write_json(folder.gallery / "gallery.json", about | {"made": made})


def _strip(columns: int, side: int, *, holes: bool) -> np.ndarray:
    row, column = np.mgrid[:side, : columns * side]
    light = np.round(127 + 60 * np.sin(row / side * 7) + 60 * np.cos(column / side * 5)).astype(np.uint8)
    if not holes:
        return light
    there = ((row // (side // 7) + column // (side // 7)) % 3 == 0).astype(np.uint8) * 255
    return np.dstack([light, there])
