"""`nearfar demo`: the whole way in minutes, from pictures without labels to an encoder that has been judged."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.padding import Padding
from rich.text import Text

from nearfar.cli.derive import JSON, compose, flags_of
from nearfar.cli.output import duration, listing, say, show, show_json
from nearfar.cli.scores import basis, score_table
from nearfar.report import write_report

__all__ = ["command"]

MINUTES = 2.6
"""The length of training: judging and the page take about a minute more on two cores."""

DATA = "fashion-mini"
LEARN = (
    "10,000 small pictures of clothes (Fashion-MNIST); their labels are not looked at. SimCLR makes two random views "
    "of each picture, pulls the two near each other and pushes the views of all other pictures far."
)
JUDGE = (
    "Now with labels, on 2,000 pictures it has never seen: how well can their classes be read off the encoder's "
    "vectors? And, to compare, off raw pixels and off the same network before it learned?"
)
REPORT = "One page: curves, what the network saw, a map of the embeddings, nearest neighbours."
YOURS = {
    "nearfar pretrain simclr FOLDER --minutes 10 --out runs/mine": "learns; needs no labels",
    "nearfar evaluate runs/mine FOLDER": "judges; wants a sub-folder per class",
    "nearfar embed runs/mine FOLDER --out vectors.parquet": "one vector per picture",
}


def _demo(*, out: Path | None = None, minutes: float = MINUTES, seed: int = 0, json: bool = False) -> None:
    """Shows the whole way.

    Args:
        out: the run's folder; runs/simclr-fashion-mini when it is not given.
        minutes: how long to learn.
        seed: of everything random.
        json: print one JSON object.
    """
    from nearfar import api, recipes

    recipes.check_said("demo", minutes=minutes, seed=seed)
    say("From pictures without labels to an encoder that has been judged.")
    with _stage(f"1  Learn, about {minutes:g} min", LEARN):
        run = api.pretrain("simclr", DATA, minutes=minutes, out=out, seed=seed)
    with _stage("2  Judge", JUDGE):
        scores = api.evaluate(run, DATA, seed=seed).as_dict()
    with _stage("3  Report", REPORT):
        page = write_report(run.path)
    if json:
        show_json({"run": str(run.path), "report": str(page), **scores})
    else:
        _close(page, scores)


@contextmanager
def _stage(title: str, meaning: str) -> Iterator[None]:
    """Says what begins, and how long it took."""
    begun = time.monotonic()
    say()
    say(Text(title, style="bold"))
    say(Padding(Text(meaning), (0, 0, 0, 3)))
    yield
    say(f"   Done in {duration(time.monotonic() - begun)}.")


def _close(page: Path, scores: Mapping[str, Any]) -> None:
    show(score_table(scores))
    show(basis(scores))
    show(f"\nThe report, for any browser and offline: {page}")
    show("\nYour turn, with a folder of your own pictures:")
    show(listing(YOURS))


command = compose(_demo, flags_of(_demo) | JSON)
