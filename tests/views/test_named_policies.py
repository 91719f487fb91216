"""The policies of the papers: how many views, of which size, with which chances; canvas and loader see the same."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch

from nearfar.views import Draws, Policy, byol, crop_resize, dino, repeat, simclr, swav, weak

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
DRAWS = Draws.of(0, 0, torch.arange(5))
POLICIES: dict[str, Callable[..., Policy]] = {"byol": byol, "dino": dino, "swav": swav, "weak": weak}


def pictures_of(n: int, channels: int, side: int) -> torch.Tensor:
    coarse = torch.rand(n, channels, 6, 6, generator=torch.Generator().manual_seed(0))
    smooth = torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic", align_corners=False)
    return (smooth.clamp(0, 1) * 255).byte()


def made(name: str, size: int, channels: int = 3, **options: object) -> Policy:
    return POLICIES[name](size, mean=MEAN[:channels], std=STD[:channels], **options)


@pytest.mark.parametrize("size", [28, 32, 96])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", POLICIES)
def test_views_have_the_stated_sizes_whatever_the_channels(name: str, channels: int, size: int) -> None:
    policy = made(name, size, channels)
    views = policy(pictures_of(5, channels, size), DRAWS)
    assert [tuple(view.shape) for view in views] == [(5, channels, view.size, view.size) for view in policy.views]
    for a, b in pairwise(views):
        assert a.shape != b.shape or (a - b).abs().mean() > 0.01, "each view has draws of its own"


@pytest.mark.parametrize("name", POLICIES)
def test_crops_of_a_loader_give_the_views_of_the_canvas(name: str) -> None:
    policy, pictures = made(name, 32), pictures_of(5, 3, 40)
    sides = torch.full((5,), 40)
    crops = tuple(crop_resize(pictures, boxes, size=size) for boxes, size in policy.boxes(sides, sides, DRAWS))
    for view, expected in zip(policy(crops, DRAWS), policy(pictures, DRAWS), strict=True):
        # A hair's breadth decides whether light of one half is inverted.
        assert ((view - expected).abs() > 1e-4).float().mean() < 0.01


@pytest.mark.parametrize("name", POLICIES)
def test_an_example_gets_its_views_alone_or_in_company(name: str) -> None:
    policy, pictures = made(name, 32), pictures_of(5, 3, 32)
    alone = policy(pictures[3:4], Draws(DRAWS.keys[3:4]))
    for one, all_of in zip(alone, policy(pictures, DRAWS), strict=True):
        torch.testing.assert_close(one[0], all_of[3], rtol=0, atol=1e-5)


def test_byols_views_are_not_made_alike() -> None:
    first, second = made("byol", 224).views
    assert (first.blur, first.solarize) == (1.0, 0.0)
    assert (second.blur, second.solarize) == (0.1, 0.2)
    assert (first.brightness, first.contrast, first.saturation, first.hue) == (0.4, 0.4, 0.2, 0.1)
    assert first.crop_scale == (0.08, 1.0)
    assert [view.blur for view in made("byol", 32).views] == [0.0, 0.0], "small pictures cannot spare detail"


def test_swav_has_two_global_and_six_local_crops() -> None:
    policy = made("swav", 224)
    assert [view.size for view in policy.views] == [224, 224] + [96] * 6
    assert [view.crop_scale for view in policy.views] == [(0.14, 1.0)] * 2 + [(0.05, 0.14)] * 6
    assert {(view.brightness, view.hue, view.blur) for view in policy.views} == {(0.8, 0.2, 0.5)}


def test_dino_has_byols_pair_and_eight_local_crops() -> None:
    policy = made("dino", 224)
    assert [view.size for view in policy.views] == [224, 224] + [96] * 8
    assert [view.blur for view in policy.views] == [1.0, 0.1] + [0.5] * 8
    assert [view.solarize for view in policy.views] == [0.0, 0.2] + [0.0] * 8


def test_local_crops_can_be_fewer_and_of_another_size() -> None:
    policy = made("swav", 32, num_local=2, local_size=16)
    assert [view.size for view in policy.views] == [32, 32, 16, 16]
    assert [view.size for view in policy.resized(0.5).views] == [16, 16, 8, 8]


def test_weak_views_keep_their_colours() -> None:
    (view,) = made("weak", 32).views
    assert (view.jitter, view.grayscale, view.blur, view.solarize) == (0.0, 0.0, 0.0, 0.0)
    assert len(made("weak", 32, num_views=2).views) == 2
    assert made("weak", 32, grayscale=0.25).views[0].grayscale == 0.25


def test_simclr_with_one_view() -> None:
    assert len(simclr(32, mean=MEAN, std=STD, num_views=1).views) == 1


def test_repeated_views_are_the_same_picture() -> None:
    policy = repeat(made("byol", 32), 2)
    first, second, third, fourth = policy(pictures_of(5, 3, 32), DRAWS)
    assert torch.equal(first, third)
    assert torch.equal(second, fourth)
    assert not torch.equal(first, second)
    sides = torch.full((5,), 32)
    boxes = [box for box, _ in policy.resized(0.5).boxes(sides, sides, DRAWS)]
    assert torch.equal(boxes[0], boxes[2])
    assert not torch.equal(boxes[0], boxes[1])
    again = repeat(repeat(made("weak", 32), 2), 2)(pictures_of(5, 3, 32), DRAWS)
    assert all(torch.equal(again[0], view) for view in again)
