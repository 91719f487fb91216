import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as tv

from nearfar.views import Draws, crop, crop_boxes, crop_resize, flip_columns

GRAY_LEVEL = 1 / 255
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


def boxes_of(*boxes: tuple[int, int, int, int]) -> torch.Tensor:
    return torch.tensor(boxes, dtype=torch.float32)


def largest_gap(a: torch.Tensor, b: torch.Tensor) -> float:
    assert a.shape == b.shape
    return (a - b).abs().max().item()


@pytest.fixture(params=["resampler", "matrices"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(crop, "_MANY_PIXELS", 0 if request.param == "resampler" else 10**9)
    return request.param


class TestCropBoxes:
    N = 20_000

    def draw(self, height: int, width: int, n: int = N, **options) -> torch.Tensor:
        options = {"scale": (0.2, 1.0), "ratio": (3 / 4, 4 / 3)} | options
        sides = torch.full((n,), height), torch.full((n,), width)
        return crop_boxes(*sides, draws=Draws.of(0, 0, torch.arange(n)), **options)

    @pytest.mark.parametrize(
        ("height", "width"), [(32, 32), (96, 96), (240, 320), (1, 1), (4, 4000), (3000, 1), (37, 5)]
    )
    def test_boxes_are_whole_pixels_inside_the_picture(self, height: int, width: int) -> None:
        top, left, h, w = self.draw(height, width, 2000, scale=(0.08, 1.0)).unbind(1)
        assert (torch.stack((top, left, h, w)).frac() == 0).all()
        assert top.min() >= 0
        assert left.min() >= 0
        assert h.min() >= 1
        assert w.min() >= 1
        assert (top + h).max() <= height
        assert (left + w).max() <= width

    @pytest.mark.parametrize(("height", "width"), [(64, 64), (240, 320), (300, 200)])
    def test_the_law_is_that_of_torchvision(self, height: int, width: int) -> None:
        ours = self.draw(height, width)
        blank = torch.zeros(1, height, width)
        transform = v2.RandomResizedCrop(8, scale=(0.2, 1.0), ratio=(3 / 4, 4 / 3))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            theirs = [transform.make_params([blank]) for _ in range(4000)]
        theirs = torch.tensor([[p["top"], p["left"], p["height"], p["width"]] for p in theirs], dtype=torch.float32)
        for what in (lambda b: b[:, 2] * b[:, 3], lambda b: b[:, 3] / b[:, 2], lambda b: b[:, 0], lambda b: b[:, 1]):
            assert distance(what(ours), what(theirs)) < 1.95 * (1 / 4000 + 1 / self.N) ** 0.5  # p = .001

    def test_where_no_shape_fits_the_largest_allowed_box_is_placed_evenly(self) -> None:
        top, left, height, width = self.draw(10, 400, 3000, scale=(0.9, 1.0)).unbind(1)
        assert (top == 0).all()
        assert (height == 10).all()
        assert (width == 13).all()
        assert left.min() < 5
        assert left.max() > 382
        assert abs(left.mean() - 387 / 2) < 10

    def test_each_picture_has_its_own_sides(self) -> None:
        heights, widths = torch.tensor([20, 300]), torch.tensor([500, 30])
        both = crop_boxes(heights, widths, scale=(0.5, 1.0), ratio=(1.0, 1.0), draws=Draws.of(0, 0, torch.arange(2)))
        assert both[:, 2].tolist() == both[:, 3].tolist() == [20, 30]


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    """Kolmogorov and Smirnov's largest gap between two empirical distributions."""
    at = torch.cat((a, b)).unique()
    cumulated = [torch.searchsorted(x.sort().values, at, right=True) / len(x) for x in (a, b)]
    return (cumulated[0] - cumulated[1]).abs().max().item()


@pytest.mark.usefixtures("way")
class TestCropResize:
    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("channels", [1, 3])
    def test_the_whole_picture_at_its_size_is_the_picture(self, size: int, channels: int) -> None:
        pictures = scenes(3, channels, size)
        crops = crop_resize(pictures, boxes_of((0, 0, size, size)).expand(3, 4), size=size)
        assert largest_gap(crops, pictures.float() / 255) < 1e-6

    @pytest.mark.parametrize("channels", [1, 3])
    @pytest.mark.parametrize("size", [28, 96])
    @pytest.mark.parametrize("floats", [True, False], ids=["floats", "bytes"])
    def test_equals_torchvision_enlarging_and_shrinking(self, size: int, channels: int, floats: bool) -> None:
        boxes = [(0, 0, 50, 70), (3, 11, 20, 17), (10, 0, 30, 60), (49, 69, 1, 1), (0, 5, 50, 9)]
        pictures = scenes(len(boxes), channels, 50, 70)
        source = pictures.float() / 255 if floats else pictures
        crops = crop_resize(source, boxes_of(*boxes), size=size)
        for row, box in enumerate(boxes):
            expected = tv.resized_crop(source[row], *box, [size, size], antialias=True)
            expected = expected if floats else expected.float() / 255
            assert largest_gap(crops[row], expected) < (1e-5 if floats else 1.01 * GRAY_LEVEL)

    def test_the_mirror_is_in_the_crop(self) -> None:
        pictures, boxes = scenes(2, 3, 40), boxes_of((1, 2, 30, 20), (4, 5, 12, 33))
        plain = crop_resize(pictures, boxes, size=24)
        mirrored = crop_resize(pictures, boxes, size=24, flip=torch.tensor([True, False]))
        assert largest_gap(mirrored[0], plain[0].flip(2)) < 1e-6
        assert largest_gap(mirrored[1], plain[1]) < 1e-6

    def test_one_by_one_is_the_batch_and_the_input_is_left_alone(self) -> None:
        for pictures in (scenes(4, 3, 40), light(4, 3, 40)):
            before = pictures.clone()
            boxes = crop_boxes(
                *[torch.full((4,), 40)] * 2, scale=(0.2, 1.0), ratio=(1.0, 1.0), draws=Draws(torch.arange(4))
            )
            batch = crop_resize(pictures, boxes, size=32)
            for row in range(4):
                alone = crop_resize(pictures[row : row + 1], boxes[row : row + 1], size=32)[0]
                assert largest_gap(alone, batch[row]) < 1e-6
            assert torch.equal(pictures, before)

    def test_memory_layout_does_not_matter(self) -> None:
        pictures, boxes = scenes(2, 3, 40), boxes_of((1, 2, 30, 20), (4, 5, 12, 33))
        channels_last = pictures.contiguous(memory_format=torch.channels_last)
        gap = largest_gap(crop_resize(pictures, boxes, size=24), crop_resize(channels_last, boxes, size=24))
        assert gap < 1.01 * GRAY_LEVEL


def test_flip_columns() -> None:
    pictures = scenes(2, 1, 28)
    flipped = flip_columns(pictures, flip=torch.tensor([False, True]))
    assert torch.equal(flipped[0], pictures[0])
    assert torch.equal(flipped[1], tv.horizontal_flip(pictures[1]))


def test_pillow_shrinks_alike() -> None:
    pictures = scenes(1, 1, 90)
    expected = Image.fromarray(pictures[0, 0].numpy()).resize((28, 28), Image.Resampling.BILINEAR)
    made = crop_resize(pictures, boxes_of((0, 0, 90, 90)), size=28)[0, 0] * 255
    assert largest_gap(made, torch.from_numpy(np.array(expected)).float()) <= 1
