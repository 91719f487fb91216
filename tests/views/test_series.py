"""Views of series: what they keep, what they change, each by its own draws."""

import pytest
import torch

from nearfar.views import (
    Draws,
    SeriesPolicy,
    SeriesView,
    ViewPlan,
    permute_segments,
    resample,
    weak_strong,
    whole_series,
)

N, T = 30, 40
DRAWS = Draws.of(0, 3, torch.arange(N))
ALONE = Draws(DRAWS.keys[7:8])
STATISTICS = {"mean": (1.0, -2.0), "std": (2.0, 0.5)}


def rising() -> torch.Tensor:
    """Series whose values tell their places: the second channel is the first with another sign."""
    place = torch.arange(T, dtype=torch.float32)
    return torch.stack([place, -place]).expand(N, -1, -1)


def test_another_length_keeps_straight_lines_and_its_own_is_left_alone() -> None:
    series = rising()
    assert resample(series, T) is series
    longer = resample(series, 2 * T)
    assert longer.shape == (N, 2, 2 * T)
    slopes = longer[0, 0].diff()[2:-2]
    torch.testing.assert_close(slopes, torch.full_like(slopes, 0.5))
    shorter = resample(series, T // 4)[0, 0]
    torch.testing.assert_close(shorter.diff()[1:-1], torch.full((T // 4 - 3,), 4.0), atol=0.2, rtol=0)
    noise = torch.randn(1, 1, 400)
    assert resample(noise, 40).std() < 0.5 * noise.std(), "smoothed before it becomes shorter"


def test_pieces_change_places_all_channels_alike() -> None:
    made = permute_segments(rising(), DRAWS, most=6)
    assert torch.equal(made[:, 0], -made[:, 1])
    assert torch.equal(made.sort(dim=2).values[:, 0], rising()[:, 0])
    breaks = (made[:, 0].diff(dim=1) != 1).sum(dim=1)
    assert int(breaks.max()) <= 5
    assert len(breaks.unique()) >= 4
    assert float((breaks > 0).float().mean()) > 0.6
    assert torch.equal(permute_segments(rising(), DRAWS, most=1), rising())
    assert torch.equal(permute_segments(rising()[7:8], ALONE, most=6)[0], made[7])


@pytest.mark.usefixtures("as_users_call")
def test_no_piece_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^permute_segments: most must be at least 1\. Got 0\. Try 8\.$"):
        permute_segments(rising(), DRAWS, most=0)


def test_a_plain_view_is_normalised_and_draws_nothing() -> None:
    view = SeriesView(length=T, **STATISTICS)
    expected = torch.stack([(rising()[:, 0] - 1) / 2, (rising()[:, 1] + 2) / 0.5], dim=1)
    torch.testing.assert_close(view(rising()), expected)
    assert torch.equal(view(rising(), DRAWS), view(rising()))
    noisy = SeriesView(length=T, scale=0.2, segments=4, jitter=0.1, **STATISTICS)
    assert torch.equal(noisy(rising()), view(rising())), "without draws it is plain"


def test_scale_and_noise_are_as_large_as_asked() -> None:
    flat = torch.ones(4000, 2, 8)
    draws = Draws.of(0, 0, torch.arange(4000))
    zero, one = (0.0, 0.0), (1.0, 1.0)
    scaled = SeriesView(length=8, mean=zero, std=one, scale=0.2)(flat, draws)
    assert torch.equal(scaled, scaled[:, :, :1].expand_as(scaled)), "one factor for a channel"
    assert float(scaled[:, :, 0].std()) == pytest.approx(0.2, rel=0.05)
    assert not torch.equal(scaled[:, 0], scaled[:, 1])
    noise = SeriesView(length=8, mean=zero, std=one, jitter=0.3)(flat, draws) - flat
    assert float(noise.std()) == pytest.approx(0.3, rel=0.02)


def test_views_are_of_their_example_and_of_the_step() -> None:
    policy = weak_strong(T, **STATISTICS)
    weak, strong = policy(rising(), DRAWS)
    assert weak.shape == strong.shape == (N, 2, T)
    assert torch.equal(policy(rising()[7:8], ALONE)[1][0], strong[7])
    assert not torch.equal(*SeriesPolicy((policy.views[0],) * 2)(rising(), DRAWS))
    plan = ViewPlan(policy, seed=0, micro_steps=10)
    first, again, later = (plan.views(step, rising(), torch.arange(N))[0] for step in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, later)


def test_the_whole_series_is_one_view() -> None:
    (view,) = whole_series(T, **STATISTICS)(rising(), DRAWS)
    assert torch.equal(view, SeriesView(length=T, **STATISTICS)(rising()))
    assert whole_series(T, **STATISTICS).resized(0.5) == whole_series(T, **STATISTICS)
