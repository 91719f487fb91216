"""Puzzles: the answer is the right one, every answer comes up, and an example has its own puzzle in any company."""

import math
from collections.abc import Callable
from itertools import combinations

import pytest
import torch

from nearfar.views import Draws, Puzzle, far_permutations, jigsaw, neighbours, rotated, tiles
from nearfar.views.puzzles import NEIGHBOURS

N = 60
DRAWS = Draws.of(0, 5, torch.arange(N))
ORDERS = far_permutations(6, pieces=4)
PUZZLES: dict[str, tuple[Callable[..., Puzzle], int]] = {
    "jigsaw": (lambda pictures, draws: jigsaw(pictures, draws, orders=ORDERS, part=0.75), 6),
    "neighbours": (lambda pictures, draws: neighbours(pictures, draws, part=0.75), 8),
    "rotated": (rotated, 4),
}
CORNERS = torch.tensor([[0.0, 1.0], [2.0, 3.0]])


def cells(grid: int, cell: int) -> torch.Tensor:
    """Pictures whose cells have each a pattern of its own, told by its mean over rows, however light it is made."""
    patterns = torch.randn(grid * grid, 1, cell, 1, generator=torch.Generator().manual_seed(1)).expand(-1, -1, -1, cell)
    rows = patterns.reshape(grid, grid, cell, cell).permute(0, 2, 1, 3).reshape(1, 1, grid * cell, grid * cell)
    return rows.repeat(N, 2, 1, 1)


@pytest.mark.parametrize("name", PUZZLES)
def test_every_answer_comes_up_and_an_example_has_its_own(name: str) -> None:
    make, count = PUZZLES[name]
    pictures = torch.randn(N, 2, 24, 24)
    before = pictures.clone()
    whole = make(pictures, DRAWS)
    assert torch.equal(pictures, before)
    assert sorted(whole.answer.unique().tolist()) == list(range(count))
    alone = make(pictures[9:10], Draws(DRAWS.keys[9:10]))
    assert torch.equal(alone.answer[0], whole.answer[9])
    torch.testing.assert_close(alone.pieces[0], whole.pieces[9])


@pytest.mark.parametrize("part", [1.0, 0.6])
def test_tiles_lie_in_their_cells(part: float) -> None:
    place = torch.arange(24 * 24.0).view(1, 1, 24, 24).repeat(N, 1, 1, 1)
    row, column = place // 24, place % 24
    side = round(part * 8)
    found = tiles(torch.cat([row, column, place], 1), DRAWS, grid=3, part=part)
    assert found.shape == (N, 9, 3, side, side)
    # Each is brought to mean 0 and deviation 1; the order of light is what is left of it.
    assert (found[:, :, 0].diff(dim=2) > 0).all()
    assert (found[:, :, 1].diff(dim=3) > 0).all()
    torch.testing.assert_close(found.mean((2, 3, 4)), torch.zeros(N, 9), rtol=0, atol=1e-4)
    torch.testing.assert_close(found.std((2, 3, 4), correction=0), torch.ones(N, 9), rtol=0, atol=1e-3)


def test_tiles_are_cut_anywhere_in_their_cells() -> None:
    pictures = torch.zeros(N, 1, 9, 9)
    pictures[:, :, 4, 4] = 1  # the middle of the middle cell
    middle = tiles(pictures, DRAWS, grid=3, part=0.67)[:, 4, 0]
    assert middle.shape == (N, 2, 2)
    assert middle.flatten(1).argmax(1).unique().tolist() == [0, 1, 2, 3]


def test_the_answer_undoes_the_jigsaw() -> None:
    made = jigsaw(cells(2, 6), DRAWS, orders=ORDERS, part=1.0)
    solved = tiles(cells(2, 6), DRAWS, grid=2, part=1.0)
    for pieces, answer, whole in zip(made.pieces, made.answer, solved, strict=True):
        back = torch.empty_like(pieces)
        back[ORDERS[answer]] = pieces
        torch.testing.assert_close(back, whole)


def test_the_second_tile_lies_where_the_answer_says() -> None:
    made = neighbours(cells(3, 5), DRAWS, part=1.0)
    solved = tiles(cells(3, 5), DRAWS, grid=3, part=1.0)
    place = torch.tensor(NEIGHBOURS)[made.answer]
    torch.testing.assert_close(made.pieces[:, 0], solved[:, 4])
    torch.testing.assert_close(made.pieces[:, 1], solved[torch.arange(N), place])


def test_the_answer_counts_quarters_to_the_left() -> None:
    made = rotated(CORNERS.expand(N, 1, 2, 2), DRAWS)
    for pieces, answer in zip(made.pieces, made.answer, strict=True):
        assert torch.equal(pieces[0, 0], torch.rot90(CORNERS, int(answer)))


@pytest.mark.parametrize(("count", "pieces", "least"), [(24, 4, 2), (4, 4, 4), (30, 9, 7), (100, 9, 6)])
def test_orders_are_far_from_one_another(count: int, pieces: int, least: int) -> None:
    orders = far_permutations(count, pieces=pieces)
    assert orders.shape == (count, pieces)
    assert orders[0].tolist() == list(range(pieces))
    assert (orders.sort(1).values == torch.arange(pieces)).all()
    assert min(int((a != b).sum()) for a, b in combinations(orders, 2)) >= least
    assert torch.equal(orders[:3], far_permutations(3, pieces=pieces)), "always the same"


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda x: tiles(x, DRAWS, grid=1, part=0.8), r"tiles: grid must be at least 2\. Got 1\. Try 3\."),
        (lambda x: tiles(x, DRAWS, grid=3, part=0.1), r"tiles: part must be a part of a cell's 4 pixels that leaves 2"),
        (lambda x: tiles(x, DRAWS, grid=3, part=1.5), r"tiles: part must be a part of a cell's 4 pixels .* Got 1\.5"),
        (lambda x: rotated(x[:, :, 1:], DRAWS), r"rotated: pictures must be square\. Got \(11, 12\)\. Crop them"),
        (
            lambda x: far_permutations(25, pieces=4),
            r"far_permutations: count must be from 2 to 24 for 4 pieces\. Got 25",
        ),
        (
            lambda x: far_permutations(1, pieces=9),
            r"far_permutations: count must be from 2 to 4,\d+ for 9 pieces\. Got 1",
        ),
    ],
)
def test_wrong_calls(call: Callable[[torch.Tensor], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        call(torch.zeros(N, 1, 12, 12))


def test_there_are_as_many_orders_as_there_are() -> None:
    assert len(far_permutations(math.factorial(4), pieces=4).unique(dim=0)) == 24
