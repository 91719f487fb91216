"""Texts as the report shows them: cut to what a reader takes in, and what the network read of them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from nearfar.data.running import RunningText
from nearfar.data.sentences import Sentences
from nearfar.data.tokenizer import Tokenizer
from nearfar.engine.text_spec import TextSpec
from nearfar.views.text import Masked, Shuffled
from nearfar.views.text_pairs import TextPairs
from nearfar.views.tokens import Tokens

__all__ = ["SHOWN_CHARACTERS", "encoded", "given", "shortened", "text_views"]

SHOWN_CHARACTERS = 300
SHOWN_TOKENS = 80
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
NAMES = {"text": "original", "next": "the next", "stranger": "from elsewhere"}
"""What the report calls a text that a policy takes; others are called by their role."""


def shortened(text: str) -> str:
    """A text, or as much of its beginning as the report shows.

    Args:
        text: of any length.
    """
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1].rstrip() + ELLIPSIS


def given(
    source: Sentences, rows: Int[np.ndarray, "n"], *, takes: Sequence[str], seed: int
) -> dict[str, tuple[str, ...]]:
    """The texts that views of some examples are made from, as a run's first step has them.

    Args:
        source: all texts.
        rows: which examples.
        takes: what a policy takes of each.
        seed: of the run.
    """
    places = {}
    if {"next", "stranger"} & {*takes}:
        running = RunningText.of(source)
        places = {"next": running.following[rows], "stranger": running.strangers(rows, seed=seed, step=0)}
    found = {}
    for name in takes:
        texts = source.texts(name if name in source.roles else None)
        found[name] = tuple(texts[row] for row in places.get(name, rows).tolist())
    return found


def encoded(texts: Mapping[str, Sequence[str]], spec: TextSpec) -> Tokens | tuple[Tokens, ...]:
    """What a policy takes of texts.

    Args:
        texts: from `given`.
        spec: of the encoder.
    """
    tokens = tuple(spec.tokens.encode_batch(each, max_length=spec.max_length) for each in texts.values())
    return tokens[0] if list(texts) == ["text"] else tokens


def text_views(texts: Mapping[str, Sequence[str]], views: Sequence[Any], spec: TextSpec) -> list[dict[str, Any]]:
    """Texts and what the network read of them.

    Args:
        texts: from `given`.
        views: of all of them, as often as they are read.
        spec: of the encoder.

    Returns:
        Of each example `texts`, pairs of name and text, and `read`: of each view its `name`, its `parts` and, where
        there is something to say of it, a `note`. A part is a text or, where a token was hidden or another put in its
        place, the `text` that stands there and what `was` there, None where that is not known.
    """
    original = encoded(texts, spec)
    shown = []
    for row in range(len(next(iter(texts.values())))):
        seen = [
            read
            for number, view in enumerate(views, start=1)
            for read in _read(
                f"view {number}", view, original if isinstance(original, Tokens) else None, row, spec.tokens
            )
        ]
        given_to = [(NAMES.get(name, name), shortened(each[row])) for name, each in texts.items()]
        shown.append({"texts": given_to, "read": seen})
    return shown


def _read(name: str, view: Any, whole: Tokens | None, row: int, tokenizer: Tokenizer) -> Iterator[dict[str, Any]]:
    """A view of one text as it was read; a view that is a pair of texts as its two."""
    if isinstance(view, Masked):
        yield {"name": name, "parts": _parts(view.tokens, row, view.target[row], tokenizer)}
    elif isinstance(view, Shuffled):
        yield {"name": name, "parts": _parts(view.tokens, row, None, tokenizer), "note": _order(view, row)}
    elif isinstance(view, TextPairs):
        note = f"{'not ' if view.label[row] else ''}as in their document"
        assert view.tokens.segments is not None
        for place, part in enumerate(("first", "second")):
            own = view.tokens._replace(words=view.tokens.words.where(view.tokens.segments == place, -1))
            yield {"name": part, "parts": _parts(own, row, None, tokenizer)} | ({"note": note} if place else {})
    else:
        yield {"name": name, "parts": _parts(view, row, _replaced(view, whole, row), tokenizer)}


def _order(view: Shuffled, row: int) -> str:
    if view.label[row] < 0:
        return "too short to be cut into spans"
    return f"spans {', '.join(str(place + 1) for place in view.order[row].tolist())}"


def _replaced(view: Tokens, whole: Tokens | None, row: int) -> Int[Tensor, "t"] | None:
    """What stood where the view of a whole text has another token, -1 elsewhere; None for a part of a text."""
    if whole is None or view.lengths[row] != whole.lengths[row]:
        return None
    width = int(view.lengths[row])
    seen, known = view.ids[row, :width], whole.ids[row, :width]
    return torch.where(seen != known, known, -1)


def _parts(tokens: Tokens, row: int, target: Int[Tensor, "t"] | None, tokenizer: Tokenizer) -> list[Any]:
    """The text of a row: runs of tokens that are as they were, and each that is hidden or another by itself."""
    ids, words = tokens.ids[row].tolist(), tokens.words[row].tolist()
    was = [-1] * len(ids) if target is None else target.tolist()
    names = dict(zip(ids, tokenizer.tokens(ids), strict=True))
    alone = {number for number, name in names.items() if name in tokenizer.special.names()}
    places = torch.nonzero(tokens.content[row])[:, 0].tolist()
    parts: list[Any] = []
    last = -1  # the word before
    for _, run in groupby(places[:SHOWN_TOKENS], lambda at: at if was[at] >= 0 or ids[at] in alone else -1):
        first, *rest = run
        inside = words[first] == last
        own = [ids[at] for at in (first, *rest)]
        text = names[own[0]] if own[0] in alone else _decoded(own, tokenizer, inside=inside)
        parts += [] if inside or not parts else [" "]
        if was[first] >= 0 or names[own[0]] == tokenizer.special.mask:
            before = _decoded([was[first]], tokenizer, inside=inside) if was[first] >= 0 else None
            parts.append({"text": text, "was": before})
        else:
            parts.append(text)
        last = words[rest[-1] if rest else first]
    return [*parts, ELLIPSIS] if len(places) > SHOWN_TOKENS else parts


def _decoded(ids: Sequence[int], tokenizer: Tokenizer, *, inside: bool) -> str:
    """Tokens as text; inside of a word without the mark by which pieces of words go on."""
    text = tokenizer.decode(ids)
    return text.removeprefix("##") if inside else text
