"""Series as pictures: lines where the numbers are, gaps where there are none."""

import numpy as np
import torch

from nearfar.data import open_series
from nearfar.engine.drawing import drawn
from nearfar.engine.gallery_series import drawn_rows, thumbnails

WHITE = 255


def inked(picture: torch.Tensor) -> torch.Tensor:
    """Where a picture is not white: (h, w)."""
    return (picture < WHITE - 20).any(dim=0)


def test_a_line_runs_where_its_values_are() -> None:
    rising = torch.linspace(0, 1, 50)[None, None]
    (picture,) = drawn(rising, low=torch.zeros(1), high=torch.ones(1), height=60, width=80)
    assert picture.shape == (3, 60, 80)
    assert picture.dtype == torch.uint8
    ink = inked(picture)
    left, right = (ink[:, part].nonzero()[:, 0].float().mean() for part in (slice(0, 8), slice(72, 80)))
    assert left > 50, "low values lie low"
    assert right < 10
    assert ink.any(dim=0)[2:-2].all(), "the line has no gaps"


def test_channels_have_colours_of_their_own() -> None:
    two = torch.stack([torch.zeros(20), torch.ones(20)])[None]
    (picture,) = drawn(two, low=torch.zeros(1), high=torch.ones(1))
    low, high = picture[:, 95:, 70].float(), picture[:, :15, 70].float()
    assert not torch.equal(low.min(dim=1).values, high.min(dim=1).values)


def test_what_is_hidden_is_gray_and_has_no_line() -> None:
    series = torch.zeros(1, 2, 40)
    series[:, :, 10:20] = torch.nan
    (picture,) = drawn(series, low=-torch.ones(1), high=torch.ones(1), height=40, width=80)
    hidden = picture[:, :, 24:36].flatten(1).unique(dim=1)
    assert hidden.shape[1] == 1, "of one colour"
    assert hidden[0] < WHITE
    assert (picture[:, 2, 50] == WHITE).all()


def test_rows_of_one_example_share_a_scale() -> None:
    small, large = torch.full((2, 1, 20), 0.1), torch.full((2, 1, 20), 0.1)
    small[:, :, 0], large[1] = 0.0, 10.0
    together, alone = drawn_rows([small, large], together=True), drawn_rows([small], together=True)
    assert torch.equal(together[0][0], alone[0][0]), "the first example's scale is its own"
    assert not torch.equal(together[0][1], alone[0][1]), "the second's is that of both rows"
    shared = drawn_rows([small, large], together=False)
    assert torch.equal(shared[0][0], shared[0][1]), "one scale for all"


def test_nothing_at_all_is_drawn_as_nothing() -> None:
    (made,) = drawn_rows([torch.full((1, 1, 5), torch.nan)], together=True)
    assert made.flatten(2).unique(dim=2).shape[2] == 1


def test_thumbnails_are_pictures_row_by_row() -> None:
    values = np.random.default_rng(0).normal(size=(70, 2, 30)) * [[[1.0], [1000.0]]]
    source = open_series(values)
    pictures = thumbnails(source)
    assert len(pictures) == 70
    assert pictures.channels == 3
    again = thumbnails(source.select(np.arange(69, -1, -1)))
    assert np.array_equal(np.asarray(pictures.read(3)), np.asarray(again.read(66))), "the same in any order"
