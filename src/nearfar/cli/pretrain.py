"""`nearfar pretrain`: one command per method, its flags those of `nearfar.pretrain` and of the method."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cyclopts import App, Group

from nearfar.cli.derive import Flag, compose, flags_of, outline
from nearfar.cli.output import is_first, listing, say, show
from nearfar.methods import COUNTED, METHODS, Method
from nearfar.records import RunFolder, read_json
from nearfar.report import write_report

__all__ = ["command", "common_flags", "finish", "own_flags"]

GROUPS = {
    "What": ("data", "split", "examples", "without", "validation", "out", "seed", "log"),
    "Reading": (
        "image_column",
        "text_column",
        "anchor_column",
        "positive_column",
        "negative_column",
        "score_column",
        "label_column",
        "truncated",
        "strict",
        "cache",
    ),
    "How long": ("epochs", "steps", "minutes"),
    "Network": ("backbone", "stem", "size", "dim", "depth", "max_length", "vocab_size", "pooling", "init"),
    "Optimization": ("batch_size", "accumulate", "optimizer", "learning_rate", "weight_decay", "clip"),
    "Machine": ("devices", "precision", "workers", "on_collapse"),
}
"""The headings of the help page; a flag that has none yet stands under "More"."""
NEEDS = {"image": " needs labels", "text": " needs labels, or pairs", "series": " needs labels"}
"""What data must have for an encoder to be judged by it."""
OF_SOME = {
    "image": ("image_column", "truncated", "cache", "without", "stem", "size"),
    "text": (
        "text_column",
        "anchor_column",
        "positive_column",
        "negative_column",
        "score_column",
        "dim",
        "depth",
        "max_length",
        "vocab_size",
        "pooling",
    ),
    "image-text": (
        "image_column",
        "text_column",
        "truncated",
        "cache",
        "without",
        "stem",
        "size",
        "dim",
        "depth",
        "max_length",
        "vocab_size",
        "pooling",
    ),
    "series": ("size",),
}
"""Flags that mean something for a modality and perhaps for no other; help shows those of what a method learns from."""


def common_flags(modalities: Sequence[str] = tuple(OF_SOME)) -> dict[str, Flag]:
    """The flags of every method, under their headings.

    Args:
        modalities: what the method learns from; flags that mean nothing there are left out.
    """
    wanted = {name for modality in modalities for name in OF_SOME[modality]}
    others = {name for names in OF_SOME.values() for name in names} - wanted
    every = flags_of(outline("nearfar.api", "pretrain"))
    flags = {name: flag for name, flag in every.items() if name not in others}
    del flags["method"]
    headings = {name: (title, place) for place, (title, names) in enumerate(GROUPS.items()) for name in names}
    order = [name for names in GROUPS.values() for name in names]
    found = sorted(flags, key=lambda name: order.index(name) if name in order else len(order))
    return {
        name: replace(flags[name], group=Group(title, sort_key=place))
        for name in found
        for title, place in [headings.get(name, ("More", len(GROUPS)))]
    }


def own_flags(method: type[Method]) -> dict[str, Flag]:
    """The flags of one method: the plain values that its constructor takes, but for facts of the data.

    Args:
        method: the method.
    """
    group = Group(f"{method.__name__}; what is left out is chosen by the recipe", sort_key=len(GROUPS) + 1)
    flags = flags_of(method.__init__, docstring=method.__doc__)
    return {
        name: replace(flag, group=group, shows_default=False)
        for name, flag in flags.items()
        if flag.parameter.kind is flag.parameter.KEYWORD_ONLY and name not in COUNTED
    }


def _learner(name: str, method: type[Method]) -> Callable[..., None]:
    def learn(data: Path, *, out: Path | None = None, **given: Any) -> None:
        from nearfar import api

        run = api.pretrain(name, data, out=out, **given)
        finish(run.path, data)

    return compose(learn, common_flags(method.modalities) | own_flags(method))


def finish(run: Path, data: Path | str) -> None:
    """Writes the page of a finished run and says where it is and what to type next.

    Args:
        run: the folder.
        data: what it learned from.
    """
    if not is_first():
        return
    page = write_report(run)
    typed, named = shlex.quote(str(run)), shlex.quote(str(data))
    say()
    show(f"The encoder is in {run}, its page is {page}.")
    say("\nNext:")
    needs = NEEDS.get(read_json(RunFolder(run).run)["modality"], "")
    next_steps = {
        f"nearfar evaluate {typed} {named}": f"what is it worth?{needs}",
        f"nearfar embed {typed} {named} --out vectors.parquet": "one vector per example",
    }
    say(listing(next_steps))


command = App(name="pretrain", usage="nearfar pretrain METHOD DATA [OPTIONS]", group_commands=Group("Methods"))
"""The methods as commands."""

for _name, _method in METHODS.items():
    _summary = f"{_method.summary[0].upper()}{_method.summary[1:]}. {_method.paper}."
    command.command(_learner(_name, _method), name=_name, help=_summary)
