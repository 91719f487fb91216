import pickle
from dataclasses import replace

import pytest
import torch

from nearfar.views import AUGMENTATIONS, Draws, Policy, byol, crop_resize, simclr, weak

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)


def pictures_of(n: int, channels: int, side: int) -> torch.Tensor:
    coarse = torch.rand(n, channels, 6, 6, generator=torch.Generator().manual_seed(0))
    smooth = torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic", align_corners=False)
    return (smooth.clamp(0, 1) * 255).byte()


def policy_of(size: int, channels: int = 3, **options) -> Policy:
    return simclr(size, mean=MEAN[:channels], std=STD[:channels], **options)


DRAWS = Draws.of(0, 0, torch.arange(6))


@pytest.mark.parametrize("size", [28, 32, 96, 224])
@pytest.mark.parametrize("channels", [1, 3])
def test_two_different_views_of_the_stated_shape(size: int, channels: int) -> None:
    policy = policy_of(size, channels)
    view_a, view_b = policy(pictures_of(6, channels, size), DRAWS)
    assert view_a.shape == view_b.shape == (6, channels, size, size)
    assert (view_a - view_b).abs().mean((1, 2, 3)).min() > 0.01


def test_crops_of_a_loader_give_the_views_of_the_canvas() -> None:
    policy, pictures = policy_of(32, blur=0.5), pictures_of(6, 3, 40)
    sides = torch.full((6,), 40)
    crops = tuple(crop_resize(pictures, boxes, size=size) for boxes, size in policy.boxes(sides, sides, DRAWS))
    whole = policy(pictures, DRAWS)
    for made, expected in zip(policy(crops, DRAWS), whole, strict=True):
        torch.testing.assert_close(made, expected, rtol=0, atol=1e-5)
    loaded = tuple((crop * 255).round().byte() for crop in crops)
    for made, expected in zip(policy(loaded, DRAWS), whole, strict=True):
        assert (made - expected).abs().max() < 4 / 255 / min(STD)


def test_boxes_of_one_picture_are_those_of_the_batch() -> None:
    policy = policy_of(32)
    heights, widths = torch.tensor([40, 60, 80, 32, 33, 500]), torch.tensor([50, 60, 20, 32, 90, 400])
    batch = policy.boxes(heights, widths, DRAWS)
    for row in range(6):
        rows = slice(row, row + 1)
        alone = policy.boxes(heights[rows], widths[rows], Draws(DRAWS.keys[rows]))
        for (boxes, size), (all_boxes, all_size) in zip(alone, batch, strict=True):
            assert torch.equal(boxes[0], all_boxes[row])
            assert size == all_size == 32


def test_another_number_of_crops_than_views_is_refused() -> None:
    crops = pictures_of(6, 3, 32)
    with pytest.raises(ValueError, match=r"^Policy: pictures must be one batch of crops for each of 2 views\. Got 3\."):
        policy_of(32)((crops, crops, crops), DRAWS)


@pytest.mark.parametrize(
    ("size", "factor", "expected"),
    [(32, 0.5, 16), (32, 0.75, 24), (28, 1.0, 28), (30, 1.0, 30), (224, 0.7, 156), (32, 0.01, 4)],
)
def test_sizes_are_scaled_to_multiples_of_four(size: int, factor: float, expected: int) -> None:
    policy = policy_of(size)
    resized = policy.resized(factor)
    assert [view.size for view in resized.views] == [expected, expected]
    assert resized.views == tuple(replace(view, size=expected) for view in policy.views)


def test_a_resized_policy_crops_the_same_boxes() -> None:
    sides = torch.full((6,), 32)
    for (small, _), (large, _) in zip(
        policy_of(32).resized(0.5).boxes(sides, sides, DRAWS), policy_of(32).boxes(sides, sides, DRAWS), strict=True
    ):
        assert torch.equal(small, large)


def test_simclr_has_the_strengths_of_the_paper() -> None:
    view = policy_of(224, strength=1.0).views[0]
    assert (view.brightness, view.contrast, view.saturation, view.hue) == (0.8, 0.8, 0.8, 0.2)
    assert (view.jitter, view.grayscale, view.flip, view.blur, view.solarize) == (0.8, 0.2, 0.5, 0.5, 0.0)
    assert policy_of(32, strength=0.5).views[0].hue == 0.1


@pytest.mark.parametrize(
    ("size", "blur", "expected"), [(28, None, 0.0), (64, None, 0.0), (65, None, 0.5), (32, 0.3, 0.3), (96, 0.0, 0.0)]
)
def test_simclr_blurs_larger_views_unless_told(size: int, blur: float | None, expected: float) -> None:
    assert policy_of(size, blur=blur).views[0].blur == expected


def test_policies_are_picklable() -> None:
    assert pickle.loads(pickle.dumps(policy_of(32))) == policy_of(32)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_what_is_left_out_changes_no_picture_and_the_rest_stays(name: str) -> None:
    policy = byol(96, mean=MEAN, std=STD)
    less = policy.without([name])
    (changed,) = AUGMENTATIONS[name].items() if name != "crop" else [("crop_scale", (1.0, 1.0))]
    assert {getattr(view, changed[0]) for view in less.views} == {changed[1]}
    assert less.augmentations == tuple(one for one in policy.augmentations if one != name)
    assert policy.without(list(AUGMENTATIONS))(pictures_of(6, 3, 96), DRAWS)[0].equal(
        policy.without(list(AUGMENTATIONS))(pictures_of(6, 3, 96), DRAWS)[1]
    ), "with none left, views are the picture"


def test_a_policy_knows_what_it_has() -> None:
    assert policy_of(32).augmentations == ("crop", "flip", "color", "grayscale")
    assert policy_of(32, channels=1).augmentations == ("crop", "flip", "color"), "gray has no colour to drop"
    assert weak(96, mean=MEAN, std=STD).augmentations == ("crop", "flip")
    assert byol(96, mean=MEAN, std=STD).augmentations == tuple(AUGMENTATIONS)


def test_without_crops_views_are_of_the_whole_square() -> None:
    heights, widths = torch.tensor([40, 60, 80, 32, 33, 500]), torch.tensor([50, 60, 20, 32, 90, 400])
    for boxes, _ in policy_of(32).without(["crop"]).boxes(heights, widths, DRAWS):
        assert torch.equal(boxes[:, 2:], torch.minimum(heights, widths)[:, None].expand(6, 2).float())


def test_without_the_mirror_what_stands_left_stays_left() -> None:
    pictures = pictures_of(6, 3, 32)
    pictures[..., :16] //= 4
    upright = policy_of(32, crop_scale=(0.9, 1.0)).without(["flip", "color"])
    for view in upright(pictures, DRAWS):
        assert (view[..., :16].mean((1, 2, 3)) < view[..., 16:].mean((1, 2, 3))).all()


def test_what_a_policy_has_not_may_be_left_out_and_what_nobody_knows_may_not() -> None:
    assert policy_of(32).without(["solarize", "blur"]) == policy_of(32) == policy_of(32).without([])
    with pytest.raises(
        ValueError, match=r"^Policy: without must be of crop, flip, .*\. Got 'flop'\. Did you mean 'flip'"
    ):
        policy_of(32).without(["crop", "flop"])
