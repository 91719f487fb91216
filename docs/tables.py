"""Tables that `make docs` fills in from the code, so that no list of what there is can grow old.

A page asks for one by a comment on a line of its own, `<!-- table: objectives -->`.
"""

import inspect
import re
from collections.abc import Callable
from typing import Any

from nearfar import objectives
from nearfar.methods import METHODS
from nearfar.recipes import measured

__all__ = ["method_table", "objective_table", "on_page_markdown"]


def on_page_markdown(markdown: str, **_: Any) -> str:
    """What mkdocs calls with the text of each page."""
    filled = markdown.replace("<!-- table: objectives -->", objective_table())
    return filled.replace("<!-- table: methods -->", method_table())


def objective_table() -> str:
    """Every objective with what it is, its landmarks and its paper, by family."""
    lines = ["| objective | what it is | landmarks | source |", "|---|---|---|---|"]
    found = [getattr(objectives, name) for name in objectives.__all__]
    for function in sorted(found, key=lambda value: value.__module__):
        if not is_landmark(function):
            text = inspect.getdoc(function) or ""
            name = f"[`{function.__name__}`](#nearfar.objectives.{function.__name__})"
            cells = (name, text.partition("\n")[0], section(text, "Landmarks"), paper(section(text, "Source")))
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def method_table() -> str:
    """Every method with its paper, what it learns from, its landmarks and its measured score."""
    lines = ["| method | what it is | learns from | loss | linear probe | source |", "|---|---|---|---|---:|---|"]
    for name, method in METHODS.items():
        scored = measured(name)
        score = (
            "not yet"
            if scored is None
            else f"{scored.linear[0]:.3f}" + f" ± {scored.linear[1]:.3f}" * (scored.seeds > 1)
        )
        about = f"[`{name}`](#nearfar.methods.{method.__name__})", method.summary, ", ".join(method.modalities)
        cells = (*about, method.landmarks(), score, method.paper)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def is_landmark(function: Callable[..., Any]) -> bool:
    """Whether it gives a number to compare losses with, not a loss."""
    return inspect.signature(function).return_annotation is float


def section(text: str, name: str) -> str:
    """The paragraph of a docstring that begins with a name, on one line."""
    match = re.search(rf"^{name}: *(.+?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return " ".join(match[1].split()) if match else ""


def paper(source: str) -> str:
    """A source up to its arXiv number, which becomes a link, or to the title in its first brackets."""
    match = re.search(r"^(.*?)\(arXiv (\d{4}\.\d{4,5})\)", source)
    if match:
        return f"{match[1].strip()}, [arXiv {match[2]}](https://arxiv.org/abs/{match[2]})"
    return source.partition(")")[0] + ")"
