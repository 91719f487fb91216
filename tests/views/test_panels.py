"""Pictures side by side: puzzles laid out, latents drawn, and walks that begin and end where they should."""

import torch

from nearfar.views import Draws, board, puzzle_panel, sample_panel, walk_panel


def draws(n: int) -> Draws:
    return Draws.of(0, 0, torch.arange(n))


def as_picture(z: torch.Tensor) -> torch.Tensor:
    """A decoder that shows a latent as it is."""
    return z[:, None, :, None].expand(-1, 1, -1, z.shape[1])


def test_the_pieces_of_a_board_are_where_they_are_read_with_nothing_between_them() -> None:
    pieces = torch.arange(6.0).view(1, 6, 1, 1, 1).expand(2, 6, 3, 4, 4)
    laid = board(pieces, columns=3)
    assert laid.shape == (2, 3, 2 * 4 + 1, 3 * 4 + 2)
    for place in range(6):
        top, left = place // 3 * 5, place % 3 * 5
        assert (laid[:, :, top : top + 4, left : left + 4] == place).all()
    assert int(laid[0, 0].isnan().sum()) == 9 * 14 - 6 * 16
    assert torch.equal(board(pieces[:, :1], columns=1), pieces[:, 0])


def test_samples_are_draws_of_the_prior_and_no_two_are_alike() -> None:
    panel = sample_panel(as_picture, draws(500), dim=6, note="")
    (made,) = panel.rows.values()
    z = made[:, 0, :, 0]
    assert z.shape == (2000, 6)
    assert len(z.unique(dim=0)) == 2000
    torch.testing.assert_close(z.mean(dim=0), torch.zeros(6), atol=0.1, rtol=0)
    torch.testing.assert_close(z.T.cov(), torch.eye(6), atol=0.12, rtol=0)
    assert torch.equal(sample_panel(as_picture, draws(500), dim=6, note="").rows["drawn"], made)


def test_a_walk_is_straight_and_even_and_stands_between_its_pictures() -> None:
    z, pictures = torch.randn(5, 6), torch.randn(5, 1, 6, 6)
    rows = list(walk_panel(as_picture, z, pictures, note="").rows.values())
    assert len(rows) == 2, "the fifth picture has no partner"
    for number, row in enumerate(rows):
        first, last = 2 * number, 2 * number + 1
        assert row.shape == (11, 1, 6, 6)
        assert torch.equal(row[[0, -1]], pictures[[first, last]])
        stops = row[1:-1, 0, :, 0]
        assert torch.equal(stops[[0, -1]], z[[first, last]])
        steps = stops.diff(dim=0)
        torch.testing.assert_close(steps, ((z[last] - z[first]) / 8).expand(8, -1))


def test_one_picture_goes_nowhere() -> None:
    assert not walk_panel(as_picture, torch.randn(1, 6), torch.randn(1, 1, 6, 6), note="").rows


def test_puzzles_say_what_was_right_and_what_was_said() -> None:
    pictures, pieces = torch.randn(10, 1, 8, 8), torch.randn(10, 2, 1, 3, 3)
    answer, said = torch.arange(10) % 3, torch.zeros(10, dtype=torch.long)
    logits = torch.nn.functional.one_hot(said, 3).float()
    panel = puzzle_panel(pictures, pieces, answer, logits, columns=2, names=("up", "down", "left"), note="why")
    assert {name: tuple(row.shape) for name, row in panel.rows.items()} == {
        "as it saw it": (8, 1, 3, 7),
        "original": (8, 1, 8, 8),
    }
    assert panel.captions[:3] == [("up: found", True), ("down: taken for up", False), ("left: taken for up", False)]
    assert len(panel.captions) == 8
