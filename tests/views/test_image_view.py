import pickle
from dataclasses import replace

import pytest
import torch

from nearfar.views import Draws, ImageView, PlainView, crop_resize, image_view, normalize

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
SIZES = (28, 32, 96, 224)


def scenes(n: int, channels: int, height: int, width: int | None = None) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(n, channels, 6, 6, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (height, width or height), mode="bicubic", align_corners=False)
    return (smooth.clamp(0, 1) * 255).byte()


def view_of(size: int = 32, channels: int = 3, **options) -> ImageView:
    options = {"blur": 0.5, "solarize": 0.2} | options
    return ImageView(size=size, mean=MEAN[:channels], std=STD[:channels], **options)


def draws_of(n: int, step: int = 0) -> Draws:
    return Draws.of(0, step, torch.arange(n))


def plain_of(view: ImageView) -> ImageView:
    return replace(view, flip=0.0, jitter=0.0, grayscale=0.0, blur=0.0, solarize=0.0)


def unnormalized(x: torch.Tensor) -> torch.Tensor:
    channels = x.shape[1]
    return x * torch.tensor(STD[:channels])[:, None, None] + torch.tensor(MEAN[:channels])[:, None, None]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_shape_range_repetition_and_input(size: int, channels: int) -> None:
    view, pictures, draws = view_of(size, channels), scenes(6, channels, size), draws_of(6)
    before = pictures.clone()
    made = view(pictures, draws)
    assert made.shape == (6, channels, size, size)
    assert made.dtype == torch.float32
    assert unnormalized(made).min() > -1e-5
    assert unnormalized(made).max() < 1 + 1e-5
    assert torch.equal(made, view(pictures, draws))
    assert torch.equal(pictures, before)
    assert (made - view(pictures, draws_of(6, step=1))).abs().mean() > 0.05


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("floats", [True, False], ids=["floats", "bytes"])
def test_the_batch_is_one_by_one(size: int, channels: int, floats: bool) -> None:
    view, pictures = view_of(size, channels, solarize=0.0), scenes(12, channels, size + 4, size)
    pictures = pictures / 255 if floats else pictures
    draws = draws_of(12)
    batch = view(pictures, draws)
    for row in range(12):
        rows = slice(row, row + 1)
        alone = view(pictures[rows], Draws(draws.keys[rows]))
        torch.testing.assert_close(alone[0], batch[row], rtol=0, atol=1e-5)


def test_pieces_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    view, pictures, draws = view_of(), scenes(50, 3, 32), draws_of(50)
    whole = view(pictures, draws)
    finished = view.finish(pictures, draws)
    monkeypatch.setattr(image_view, "_PIECE", 1)
    torch.testing.assert_close(view(pictures, draws), whole, rtol=0, atol=1e-5)
    torch.testing.assert_close(view.finish(pictures, draws), finished, rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_crop_then_finish_is_the_view(size: int, channels: int) -> None:
    view, pictures, draws = view_of(size, channels, solarize=0.0), scenes(8, channels, size), draws_of(8)
    crops = view.crop(pictures, draws)
    torch.testing.assert_close(view.finish(crops, draws), view(pictures, draws), rtol=0, atol=1e-5)
    loaded = (crops * 255).round().byte()
    gap = unnormalized(view.finish(loaded, draws)) - unnormalized(view(pictures, draws))
    assert gap.abs().max() < 4 / 255  # half a level of rounding, times brightness and contrast


def test_boxes_are_those_of_the_crop() -> None:
    view, pictures, draws = view_of(), scenes(8, 3, 40, 50), draws_of(8)
    boxes = view.boxes(torch.full((8,), 40), torch.full((8,), 50), draws)
    assert torch.equal(view.crop(pictures, draws), crop_resize(pictures, boxes, size=32))


def test_rates_are_those_asked_for() -> None:
    n = 4000
    chances = view_of(flip=0.3, jitter=0.8, grayscale=0.2, blur=0.4, solarize=0.1)._chances(draws_of(n))
    rates = {
        0.3: chances.flip,
        0.8: chances.hue != 0,
        0.2: chances.gray,
        0.4: chances.blur,
        0.1: chances.solarize,
    }
    for rate, happened in rates.items():
        assert abs(happened.float().mean() - rate) < 4 * (rate * (1 - rate) / n) ** 0.5


def test_strengths_span_their_ranges_and_draw_apart() -> None:
    view = view_of(jitter=1.0, brightness=0.4, contrast=1.5, saturation=0.2, hue=0.1, blur_sigma=(0.5, 2.0))
    chances = view._chances(draws_of(4000))
    spans = {
        "brightness": (0.6, 1.4),
        "contrast": (0, 2.5),
        "saturation": (0.8, 1.2),
        "hue": (-0.1, 0.1),
        "sigma": (0.5, 2),
    }
    drawn = torch.stack([getattr(chances, name) for name in spans])
    for (low, high), numbers in zip(spans.values(), drawn, strict=True):
        assert low - 1e-6 <= numbers.min() < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < numbers.max() <= high + 1e-6
    assert (torch.corrcoef(drawn) - torch.eye(5)).abs().max() < 0.08


def test_a_view_without_chances_is_the_normalised_crop() -> None:
    view, pictures, draws = plain_of(view_of()), scenes(5, 3, 32), draws_of(5)
    expected = normalize(view.crop(pictures, draws), mean=MEAN, std=STD)
    torch.testing.assert_close(view(pictures, draws), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [{"flip": 1.0}, {"jitter": 1.0}, {"grayscale": 1.0}, {"blur": 1.0, "blur_sigma": (1.0, 1.0)}, {"solarize": 1.0}],
)
def test_each_chance_changes_every_picture(options: dict) -> None:
    view, pictures, draws = plain_of(view_of()), scenes(5, 3, 32), draws_of(5)
    gap = (replace(view, **options)(pictures, draws) - view(pictures, draws)).abs().amax((1, 2, 3))
    assert gap.min() > 0.01


def test_colour_chances_leave_one_channel_alone() -> None:
    pictures, draws = scenes(5, 1, 28), draws_of(5)
    view = plain_of(view_of(28, channels=1))
    coloured = replace(view, jitter=1.0, brightness=0.0, contrast=0.0, saturation=0.8, hue=0.5, grayscale=1.0)
    torch.testing.assert_close(coloured(pictures, draws), view(pictures, draws), rtol=0, atol=1e-5)


def test_views_are_picklable() -> None:
    view = view_of()
    assert pickle.loads(pickle.dumps(view)) == view


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mean": ()}, "ImageView: mean must be of 1 or 3 channels. Got (). Try (0.5, 0.5, 0.5)."),
        ({"size": 2}, "ImageView: size must be at least 4 pixels. Got 2. Try 32."),
        ({"flip": 1.5}, "ImageView: flip must be a probability in [0, 1]. Got 1.5. Try 0.5."),
        ({"hue": 0.8}, "ImageView: hue must be a part of a turn in [0, 0.5]. Got 0.8. Try 0.1."),
        ({"contrast": -1.0}, "ImageView: contrast must be at least 0. Got -1.0. Try 0.4."),
        ({"crop_scale": (0.5, 1.2)}, "ImageView: crop_scale must be rising in (0, 1]. Got (0.5, 1.2). Try (0.2, 1.0)."),
        ({"crop_ratio": (2.0, 1.0)}, "ImageView: crop_ratio must be rising above 0. Got (2.0, 1.0). Try (3/4, 4/3)."),
        ({"blur_sigma": (2.0, 1.0)}, "ImageView: blur_sigma must be rising from 0 on. Got (2.0, 1.0). Try (0.1, 2.0)."),
        (
            {"std": (0.5,)},
            "ImageView: std must be positive, one for each of 3 channels of mean. Got (0.5,). Try (0.25, 0.25, 0.25).",
        ),
    ],
)
def test_a_wrong_setting_gets_one_sentence(options: dict, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        ImageView(**({"size": 32, "mean": MEAN, "std": STD} | options))
    assert str(caught.value) == message


@pytest.mark.parametrize("channels", [1, 3])
class TestPlainView:
    def view(self, size: int, channels: int) -> PlainView:
        return PlainView(size=size, mean=MEAN[:channels], std=STD[:channels])

    @pytest.mark.parametrize("size", SIZES)
    def test_pictures_of_the_size_are_only_normalised(self, size: int, channels: int) -> None:
        pictures = scenes(3, channels, size)
        expected = pictures / 255
        torch.testing.assert_close(unnormalized(self.view(size, channels)(pictures)), expected, rtol=0, atol=1e-6)

    @pytest.mark.parametrize(("height", "width"), [(60, 45), (45, 61), (100, 100), (20, 20)])
    def test_the_middle_square_is_brought_to_size(self, height: int, width: int, channels: int) -> None:
        pictures = scenes(3, channels, height, width)
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        square = pictures[:, :, top : top + side, left : left + side] / 255
        expected = torch.nn.functional.interpolate(square, (32, 32), mode="bilinear", antialias=True)
        made = unnormalized(self.view(32, channels)(pictures))
        torch.testing.assert_close(made, expected, rtol=0, atol=1.01 / 255)
