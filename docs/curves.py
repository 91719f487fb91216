"""Draws docs/objectives.svg: runs the Python of docs/objectives.md, whose last block measures the curves.

python docs/curves.py
"""

import re
from html import escape
from pathlib import Path

__all__ = ["draw", "measured"]

PAGE = Path(__file__).parent / "objectives.md"
WIDTH, HEIGHT, LEFT, TOP, LEGEND = 420, 260, 40, 10, 230
HUES = (210, 145, 0, 270, 30, 180, 320, 90, 0, 0)
DASHED = ("triplets, hard", "SimSiam, no stop-gradient", "SimSiam, no predictor")


def measured() -> dict[str, list[float]]:
    """The loss of every objective at every step."""
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        exec(block, names)
    curves = names["curves"]
    assert isinstance(curves, dict)
    return curves


def draw(curves: dict[str, list[float]]) -> str:
    """Each curve as the part of the way that is left from its first loss to its lowest; dashed where it collapsed."""
    size = f'width="{LEFT + WIDTH + LEGEND}" height="{TOP + HEIGHT + 40}"'
    steps = len(next(iter(curves.values())))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12" fill="#777">']
    parts.append(f'<path d="M{LEFT} {TOP}v{HEIGHT}h{WIDTH}" fill="none" stroke="#999"/>')
    parts += [text(LEFT - 6, TOP + HEIGHT * (1 - part) + 4, f"{part:g}", "end") for part in (0.0, 0.5, 1.0)]
    parts += [text(LEFT + WIDTH * at / steps, TOP + HEIGHT + 16, str(at), "middle") for at in range(0, steps + 1, 100)]
    parts.append(text(LEFT + WIDTH / 2, TOP + HEIGHT + 34, "steps", "middle"))
    for row, (name, curve) in enumerate(curves.items()):
        lowest, first = min(curve), curve[0]
        points = " ".join(
            f"{LEFT + WIDTH * step / steps:.1f},{TOP + HEIGHT * (1 - (loss - lowest) / (first - lowest)):.1f}"
            for step, loss in enumerate(curve)
            if step % 4 == 0
        )
        style = f'fill="none" stroke="hsl({HUES[row]} 65% 48%)" stroke-width="1.8"'
        style += f' stroke-dasharray="{3 + 2 * row} 3"' if name in DASHED else ""
        y = TOP + 16 + 22 * row
        parts.append(f'<polyline points="{points}" {style}/>')
        parts.append(f'<path d="M{LEFT + WIDTH + 14} {y}h26" {style}/>')
        parts.append(text(LEFT + WIDTH + 48, y + 4, name, "start"))
    return "\n".join([*parts, "</svg>\n"])


def text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(words)}</text>'


if __name__ == "__main__":
    PAGE.with_suffix(".svg").write_text(draw(measured()), encoding="utf-8")
