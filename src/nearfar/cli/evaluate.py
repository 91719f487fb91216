"""`nearfar evaluate`."""

from pathlib import Path
from typing import Any

from nearfar.cli.derive import JSON, compose, flags_of, outline
from nearfar.cli.output import show, show_json
from nearfar.cli.scores import basis, further, layer_table, score_table, without_labels

__all__ = ["command"]


def _evaluate(run: Path, data: Path, *, json: bool = False, **given: Any) -> None:
    from nearfar import api

    scores = api.evaluate(run, data, **given).as_dict()
    if json:
        show_json(scores)
        return
    show(score_table(scores))
    if "layers" in scores:
        show(layer_table(scores["layers"]))
    for line in further(scores):
        show(line)
    show(without_labels(scores))
    show(basis(scores))


command = compose(_evaluate, flags_of(outline("nearfar.api", "evaluate")) | JSON)
