import colorsys

import pytest
import torch
from torchvision.transforms.v2 import functional as tv

from nearfar.views import as_light, gaussian_blur, normalize, recolor, solarize

SIZES = (28, 32, 96, 224)


def scenes(n: int, channels: int, height: int, width: int | None = None, seed: int = 0) -> torch.Tensor:
    """Smooth blobs with some grain, as bytes: what a picture is like."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(n, channels, 6, 6, generator=generator)
    shape = (height, width or height)
    smooth = torch.nn.functional.interpolate(coarse, shape, mode="bicubic", align_corners=False)
    return ((smooth + 0.05 * torch.randn(n, channels, *shape, generator=generator)).clamp(0, 1) * 255).byte()


def light(n: int, channels: int, size: int) -> torch.Tensor:
    return scenes(n, channels, size).float() / 255


def largest_gap(a: torch.Tensor, b: torch.Tensor) -> float:
    assert a.shape == b.shape
    return (a - b).abs().max().item()


@pytest.mark.parametrize("factor", [0.0, 0.3, 1.0, 1.7])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_a_factor_is_that_of_torchvision(name: str, channels: int, factor: float) -> None:
    pictures = light(2, channels, 28)
    expected = getattr(tv, f"adjust_{name}")(pictures, factor)
    assert largest_gap(recolor(pictures, **{name: torch.full((2,), factor)}), expected) < 3e-4


def test_gray_is_that_of_torchvision() -> None:
    pictures = light(2, 3, 28)
    made = recolor(pictures, gray=torch.tensor([True, False]))
    assert largest_gap(made[0], tv.rgb_to_grayscale(pictures[0], num_output_channels=3)) < 3e-4
    assert largest_gap(made[1], pictures[1]) < 1e-6


def test_without_clipping_the_order_of_the_changes_does_not_matter() -> None:
    pictures = 0.4 + 0.2 * light(2, 3, 28)
    changes = {"brightness": 0.9, "contrast": 1.2, "saturation": 0.7, "hue": 0.1}
    changes = {name: torch.full((2,), value) for name, value in changes.items()}
    together = recolor(pictures, **changes)
    for order in (list(changes), list(changes)[::-1], ["saturation", "brightness", "hue", "contrast"]):
        apart = pictures
        for name in order:
            apart = recolor(apart, **{name: changes[name]})
        assert largest_gap(apart, together) < 1e-5


class TestHue:
    def test_luma_and_gray_stay(self) -> None:
        pictures = 0.4 + 0.2 * light(5, 3, 28)
        hue = torch.tensor([-0.5, -0.2, 0.0, 0.1, 0.5])
        turned = recolor(pictures, hue=hue)
        luma = torch.tensor((0.299, 0.587, 0.114))[:, None, None]
        assert largest_gap((turned * luma).sum(1), (pictures * luma).sum(1)) < 1e-5
        gray = pictures[:, :1].expand(-1, 3, -1, -1).contiguous()
        assert largest_gap(recolor(gray, hue=hue), gray) < 1e-5
        assert largest_gap(turned[2], pictures[2]) < 1e-6

    def test_turns_add_up_and_a_full_turn_is_none(self) -> None:
        pictures = 0.4 + 0.2 * light(1, 3, 28)
        third = torch.tensor([1 / 3])
        turned = pictures
        for _ in range(3):
            turned = recolor(turned, hue=third)
        assert largest_gap(turned, pictures) < 1e-5

    @pytest.mark.parametrize("turn", [-0.3, -0.1, 0.1, 0.3])
    def test_colours_turn_as_in_torchvision_to_a_tenth_of_a_circle(self, turn: float) -> None:
        for corner in [(1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1)]:
            colour = 0.45 + 0.1 * torch.tensor(corner, dtype=torch.float32)[None, :, None, None]
            hues = [
                colorsys.rgb_to_hsv(*made.flatten().tolist())[0]
                for made in (recolor(colour, hue=torch.tensor([turn])), tv.adjust_hue(colour, turn))
            ]
            assert abs((hues[0] - hues[1] + 0.5) % 1 - 0.5) < 0.1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_blur_equals_torchvision(size: int, channels: int) -> None:
    pictures = light(4, channels, size)
    sigma = torch.tensor([0.1, 0.8, 2.0, 5.0])
    blurred = gaussian_blur(pictures, sigma=sigma)
    window = 2 * max(1, size // 20) + 1
    for row in range(4):
        expected = tv.gaussian_blur(pictures[row], [window, window], [sigma[row].item()] * 2)
        assert largest_gap(blurred[row], expected) < 1e-5


def test_blur_of_sigma_zero_or_of_no_picture_changes_nothing() -> None:
    pictures = light(2, 3, 32)
    assert largest_gap(gaussian_blur(pictures, sigma=torch.zeros(2)), pictures) < 1e-6
    assert gaussian_blur(pictures[:0], sigma=torch.zeros(0)).shape == (0, 3, 32, 32)


def test_solarize_equals_torchvision() -> None:
    pictures = light(2, 3, 28)
    assert torch.equal(solarize(pictures), tv.solarize(pictures, 0.5))


def test_normalize_and_light() -> None:
    pictures = scenes(2, 3, 28)
    mean, std = (0.5, 0.4, 0.3), (0.2, 0.3, 0.25)
    assert (
        largest_gap(normalize(as_light(pictures), mean=mean, std=std), tv.normalize(pictures / 255, mean, std)) < 1e-5
    )
    with pytest.raises(ValueError, match=r"^normalize: pictures must be of 1 channel, as mean and std\. Got"):
        normalize(as_light(pictures), mean=(0.5,), std=(0.5,))


def test_colours_of_other_than_one_or_three_channels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^recolor: pictures must be of 1 or 3 channels\. Got \(2, 4, 28, 28\)\. "):
        recolor(light(2, 4, 28))


@pytest.mark.parametrize("channels", [1, 3])
def test_operations_on_light_are_one_by_one_in_range_and_leave_the_input_alone(channels: int) -> None:
    pictures = light(4, channels, 32)
    before = pictures.clone()
    factor, gray = torch.tensor([0.2, 0.9, 1.3, 1.8]), torch.tensor([True, False, True, False])

    def changed(x: torch.Tensor, rows: slice) -> torch.Tensor:
        f = factor[rows]
        x = recolor(x, brightness=f, contrast=f, saturation=f, hue=f - 1, gray=gray[rows])
        return solarize(gaussian_blur(x, sigma=f))

    batch = changed(pictures, slice(None))
    for row in range(4):
        assert largest_gap(changed(pictures[row : row + 1], slice(row, row + 1))[0], batch[row]) < 1e-6
    assert batch.min() >= 0
    assert batch.max() <= 1
    assert torch.equal(pictures, before)
