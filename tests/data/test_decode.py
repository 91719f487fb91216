import io
import warnings

import numpy as np
import pytest
from PIL import Image

from nearfar.data import crop_resize, crops, decode, is_gray, resize_center, upright, upright_size

RAMP = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5


def reopened(picture: Image.Image, kind: str = "PNG", **options: object) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return Image.open(file)


def smooth(width: int, height: int) -> Image.Image:
    seed = np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    return Image.fromarray(seed).resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations_show_the_same_upright_picture(orientation: int) -> None:
    turned = {
        1: RAMP, 2: RAMP[:, ::-1], 3: RAMP[::-1, ::-1], 4: RAMP[::-1],
        5: RAMP.T, 6: np.rot90(RAMP), 7: RAMP[::-1, ::-1].T, 8: np.rot90(RAMP, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = reopened(Image.fromarray(np.ascontiguousarray(turned)), exif=exif)
    assert upright_size(picture) == (6, 8)
    assert np.array_equal(np.asarray(upright(picture)), RAMP)
    assert np.array_equal(np.asarray(upright(upright(picture))), RAMP), "turned once, not twice"


def test_an_unreadable_exif_block_changes_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = reopened(Image.fromarray(RAMP), exif=b"Exif\x00\x00" + bytes(range(40)))
        assert upright_size(picture) == (6, 8)
        assert np.array_equal(np.asarray(upright(picture)), RAMP)


def test_transparency_lies_on_white() -> None:
    rgba = np.zeros((1, 3, 4), dtype=np.uint8)
    rgba[0, :, 3] = 0, 255, 51
    assert np.asarray(upright(reopened(Image.fromarray(rgba))))[0].tolist() == [[255] * 3, [0] * 3, [204] * 3]
    gray = Image.fromarray(rgba[..., 2:])
    assert gray.mode == "LA"
    assert np.asarray(upright(reopened(gray)))[0].tolist() == [255, 0, 204]


def test_a_transparent_palette_entry_is_white() -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    picture = reopened(picture, transparency=0)
    assert np.asarray(upright(picture))[0].tolist() == [[255, 255, 255], [40, 50, 60]]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_become_eight(kind: str) -> None:
    values = np.array([[0, 257, 65_535]], dtype=np.uint16)
    assert np.asarray(upright(reopened(Image.fromarray(values), kind)))[0].tolist() == [0, 1, 255]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0.0, 0.2, 1.0, np.nan]], np.float32), [0, 51, 255, 0]),
        (np.array([[0.0, 51.0, 255.0, np.inf]], np.float32), [0, 51, 255, 0]),
        (np.array([[0, 51, 255]], np.int32), [0, 51, 255]),
        (np.array([[0, 200_000, 1_000_000]], np.int32), [0, 51, 255]),
    ],
)
def test_wide_values_are_scaled_by_what_holds_them(values: np.ndarray, expected: list[int]) -> None:
    picture = reopened(Image.fromarray(values), "TIFF")
    assert is_gray(picture)
    assert np.asarray(upright(picture))[0].tolist() == expected


def test_cmyk_and_palette_become_rgb() -> None:
    red = Image.new("RGB", (2, 2), (250, 10, 10))
    for picture in (red.convert("CMYK"), red.convert("P", palette=Image.Palette.ADAPTIVE)):
        assert not is_gray(picture)
        assert np.abs(np.asarray(upright(picture)).astype(int) - [250, 10, 10]).max() <= 1


def test_decode_puts_channels_first_and_makes_as_many_as_asked() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    assert np.array_equal(decode(Image.fromarray(rgb), channels=3), rgb.transpose(2, 0, 1))
    assert decode(Image.fromarray(rgb), channels=1).shape == (1, 4, 6)
    assert np.array_equal(decode(Image.fromarray(RAMP), channels=3), np.stack([RAMP] * 3))


def test_a_picture_that_fits_is_not_resampled() -> None:
    square = np.random.default_rng(0).integers(0, 256, (9, 9), dtype=np.uint8)
    assert np.array_equal(resize_center(Image.fromarray(square), size=9, channels=1)[0], square)


def test_the_centre_is_what_remains() -> None:
    wide = np.zeros((4, 20), dtype=np.uint8)
    wide[:, 6:14] = 200
    assert (resize_center(Image.fromarray(wide), size=4, channels=1) == 200).all()
    assert (resize_center(Image.fromarray(wide.T), size=2, channels=1) == 200).all()


def test_shrinking_is_antialiased() -> None:
    stripes = np.zeros((64, 64), dtype=np.uint8)
    stripes[:, ::2] = 200
    assert np.abs(resize_center(Image.fromarray(stripes), size=8, channels=1)[0, :, 1:-1].astype(int) - 100).max() <= 2


def test_a_crop_is_the_pixels_of_its_box() -> None:
    assert np.array_equal(
        crop_resize(Image.fromarray(RAMP), (1.0, 2.0, 4.0, 4.0), size=4, channels=1)[0], RAMP[1:5, 2:6]
    )


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_decoded_at_a_reduced_scale_to_the_same_crop(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    lazy = reopened(smooth(800, 600), "JPEG", quality=95, exif=exif)
    whole = upright(reopened(smooth(800, 600), "JPEG", quality=95, exif=exif))
    box = (30.0, 60.0, 400.0, 440.0)
    drafted = crop_resize(lazy, box, size=64, channels=3)
    assert lazy.size[0] == 200, "decoded at a quarter: 400 pixels of the crop stay at least 64"
    assert np.abs(drafted.astype(int) - crop_resize(whole, box, size=64, channels=3)).mean() < 2


def test_several_crops_share_the_scale_of_the_most_demanding() -> None:
    lazy = reopened(smooth(800, 600), "JPEG", quality=95)
    wide, narrow = crops(lazy, [((0.0, 0.0, 600.0, 600.0), 64), ((0.0, 0.0, 64.0, 64.0), 32)], channels=1)
    assert wide.shape == (1, 64, 64)
    assert narrow.shape == (1, 32, 32)
    assert lazy.size == (400, 300)


def test_a_box_that_rounding_pushed_over_the_edge_is_cut() -> None:
    assert crop_resize(Image.fromarray(RAMP), (-1e-4, 0.0, 6.0002, 8.0001), size=3, channels=1).shape == (1, 3, 3)
