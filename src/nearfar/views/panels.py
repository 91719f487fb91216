"""Pictures and series that show people what a method makes of others, laid out side by side."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.views.draws import Draws

__all__ = ["Panel", "Words", "board", "puzzle_panel", "sample_panel", "walk_panel", "words"]

STOPS = 9
"""Pictures of a walk, its two ends among them."""
EACH = 4
"""Latents that are drawn by the key of one example."""

PUZZLES = 8
"""As many are shown."""

Decode = Callable[[Tensor], Tensor]


class Panel(NamedTuple):
    """Pictures or series in named rows, normalised as the views are; where a number is not finite, nothing is seen.

    Attributes:
        kind: in "rebuilt" and "puzzle" a column is of one picture; in "samples" each picture stands alone; in "walks" a
            row leads from its first picture, a real one, to its last, another.
        rows: pictures by the row's name; the columns are equally many in all rows, their sides may differ.
        note: how they were made, for people, in sentences.
        captions: of each column, and whether it was found what stands there; or none.
    """

    kind: Literal["rebuilt", "samples", "walks", "puzzle"]
    rows: Mapping[str, Float[Tensor, "m c *_"]]
    note: str
    captions: Sequence[tuple[str, bool]] = ()


class Words(NamedTuple):
    """What an example is called, and the places that it has values at.

    Attributes:
        one: in the singular.
        many: in the plural.
        places: in the plural.
    """

    one: str
    many: str
    places: str


def words(view: Float[Tensor, "n c *sides"]) -> Words:
    """What to call what a network is shown.

    Args:
        view: pictures or series.
    """
    return Words("series", "series", "steps") if view.ndim == 3 else Words("picture", "pictures", "pixels")


def sample_panel(decode: Decode, draws: Draws, *, dim: int, note: str) -> Panel:
    """Pictures of latents that are drawn from the standard Gaussian.

    Args:
        decode: latents to pictures.
        draws: keys, four latents by each.
        dim: width of the latent.
        note: how they were made, for people.
    """
    z = torch.cat([draws.fold(place).normal(dim) for place in range(EACH)])
    return Panel("samples", {"drawn": decode(z)}, note)


def walk_panel(decode: Decode, z: Float[Tensor, "n d"], pictures: Float[Tensor, "n c *sides"], *, note: str) -> Panel:
    """Pictures of the latents on the straight lines between those of the first and second picture, third and fourth...

    Args:
        decode: latents to pictures.
        z: the latent of each picture.
        pictures: what the latents are of; they stand before and behind each walk.
        note: how the walks were made, for people.
    """
    start, end = z[0 : len(z) // 2 * 2 : 2], z[1::2]
    part = torch.linspace(0, 1, STOPS, dtype=z.dtype, device=z.device)[:, None]
    made = decode(torch.lerp(start[:, None], end[:, None], part).flatten(0, 1))
    rows = {
        f"walk {number + 1}": torch.cat([pictures[2 * number][None], stops, pictures[2 * number + 1][None]])
        for number, stops in enumerate(made.reshape(len(start), STOPS, *made.shape[1:]))
    }
    return Panel("walks", rows, note)


def puzzle_panel(
    pictures: Float[Tensor, "n c h w"],
    pieces: Float[Tensor, "n pieces c s t"],
    answer: Int[Tensor, "n"],
    logits: Float[Tensor, "n m"],
    *,
    columns: int,
    names: Sequence[str],
    note: str,
) -> Panel:
    """Some puzzles as a network saw them beside the pictures that they are of, with the answer and what was said.

    Args:
        pictures: what the puzzles are of.
        pieces: of each puzzle.
        answer: the right one of each.
        logits: of each answer; the largest is what was said.
        columns: pieces that stand beside each other.
        names: of the answers.
        note: how the puzzles were made, for people.
    """
    captions = [
        (f"{names[right]}: found" if right == said else f"{names[right]}: taken for {names[said]}", right == said)
        for right, said in zip(answer.tolist(), logits.argmax(dim=1).tolist(), strict=True)
    ]
    rows = {"as it saw it": board(pieces, columns=columns), "original": pictures}
    return Panel("puzzle", {name: row[:PUZZLES] for name, row in rows.items()}, note, captions[:PUZZLES])


def board(pieces: Float[Tensor, "n pieces c s t"], *, columns: int) -> Float[Tensor, "n c _ _"]:
    """The pieces of each puzzle in one picture, row by row, with a gap of nothing (NaN) between them.

    Args:
        pieces: as the network sees them one by one.
        columns: how many stand beside each other; they divide the pieces.
    """
    gap = max(1, pieces.shape[4] // 8) if pieces.shape[1] > 1 else 0
    padded = F.pad(pieces, (0, gap, 0, gap), value=torch.nan)
    n, count, channels, height, width = padded.shape
    grid = padded.reshape(n, count // columns, columns, channels, height, width)
    whole = grid.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)
    return whole[:, :, : whole.shape[2] - gap, : whole.shape[3] - gap]
