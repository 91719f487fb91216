"""`nearfar evaluate`."""

from pathlib import Path
from typing import Any

from nearfar.cli.derive import JSON, compose, flags_of, outline
from nearfar.cli.output import show, show_json
from nearfar.cli.scores import basis, further, score_table

__all__ = ["command"]


def _evaluate(run: Path, data: Path, *, json: bool = False, **given: Any) -> None:
    from nearfar import api

    scores = api.evaluate(run, data, **given).as_dict()
    if json:
        show_json(scores)
        return
    show(score_table(scores))
    for line in further(scores):
        show(line)
    show(basis(scores))


command = compose(_evaluate, flags_of(outline("nearfar.api", "evaluate")) | JSON)
