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
        (np.array([[-9, 13_107, 65_535]], np.int32), [0, 51, 255]),
        (np.array([[0, 819, 4_095]], np.uint16), [0, 51, 255]),
        (np.array([[0, 51, 255]], np.uint16), [0, 51, 255]),
        (np.array([[-0.01, 0.2, 1.08]], np.float32), [0, 51, 255]),
        (np.array([[0.0, 2e29, 1e30]], np.float32), [0, 51, 255]),
        (np.array([[-3.0, -2.0, -np.inf]], np.float32), [0, 0, 0]),
        (np.array([[np.nan, np.nan]], np.float32), [0, 0]),
    ],
)
def test_wide_values_are_scaled_by_what_holds_them(values: np.ndarray, expected: list[int]) -> None:
    picture = reopened(Image.fromarray(values), "TIFF")
    assert is_gray(picture)
    assert np.asarray(upright(picture))[0].tolist() == expected


@pytest.mark.parametrize("dtype", [">u2", "<u2"])
def test_a_picture_of_16_bits_is_its_twin_of_8(dtype: str) -> None:
    twin = np.random.default_rng(0).integers(0, 256, (9, 7), dtype=np.uint8)
    wide = Image.frombytes(
        "I;16B" if dtype == ">u2" else "I;16", (7, 9), (twin * np.uint16(257)).astype(dtype).tobytes()
    )
    assert np.array_equal(np.asarray(upright(wide)), twin)


def test_a_transparent_value_of_a_wide_picture_is_white() -> None:
    picture = reopened(Image.fromarray(np.array([[0, 257, 65_535]], np.uint16)), transparency=257)
    assert picture.info["transparency"] == 257
    assert np.asarray(upright(picture))[0].tolist() == [0, 255, 255]


def test_a_palette_picture_is_its_plain_twin() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (256, 3), dtype=np.uint8)
    places = np.random.default_rng(1).integers(0, 256, (9, 7), dtype=np.uint8)
    picture = Image.fromarray(places)
    picture.putpalette(colours.tobytes())
    for kind in ("PNG", "GIF", "BMP", "TIFF"):
        assert np.array_equal(np.asarray(upright(reopened(picture, kind))), colours[places]), kind
    alpha = bytes(range(256))
    shown = np.rint(colours[places] * (places / 255)[..., None] + 255 * (1 - places / 255)[..., None])
    assert np.abs(np.asarray(upright(reopened(picture, transparency=alpha))).astype(int) - shown).max() <= 1


def test_a_transparent_colour_is_white() -> None:
    rgb = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)
    assert np.asarray(upright(reopened(Image.fromarray(rgb), transparency=(4, 5, 6))))[0].tolist() == [
        [1, 2, 3], [255, 255, 255],
    ]  # fmt: skip
    gray = Image.fromarray(np.array([[7, 9]], np.uint8))
    assert np.asarray(upright(reopened(gray, transparency=9)))[0].tolist() == [7, 255]


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "HSV", "RGBX", "RGBa"])
def test_every_colour_mode_becomes_the_same_rgb(mode: str) -> None:
    red = Image.new("RGB", (2, 2), (250, 10, 10))
    picture = (red.convert("RGBA") if mode == "RGBa" else red).convert(mode)
    assert picture.mode == mode
    assert not is_gray(picture)
    assert np.abs(np.asarray(upright(picture)).astype(int) - [250, 10, 10]).max() <= 2


def test_lab_is_that_of_icc() -> None:
    """Against the equations: sRGB -> linear -> XYZ under D50 (Bradford) -> L*, a*, b*."""
    rgb = np.stack(np.meshgrid(*[[40, 120, 200]] * 3), axis=-1).reshape(1, -1, 3).astype(np.uint8)
    linear = np.where(rgb <= 10, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
    xyz = linear @ np.array(to_xyz).T / [0.96422, 1.0, 0.82521]
    x, y, z = np.moveaxis(np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116), -1, 0)
    lab = np.stack(((116 * y - 16) * 2.55, 500 * (x - y) + 128, 200 * (y - z) + 128), axis=-1)
    picture = Image.merge("LAB", [Image.fromarray(each) for each in np.moveaxis(np.rint(lab).astype(np.uint8), -1, 0)])
    assert np.abs(np.asarray(upright(picture)).astype(int) - rgb).max() <= 12, "steps of a* and b* are coarse"
    assert np.abs(np.asarray(upright(picture)).astype(int) - rgb).mean() <= 1


def test_the_first_frame_of_an_animation_is_seen() -> None:
    frames = [Image.fromarray(np.full((6, 8, 3), level, np.uint8)) for level in (40, 120, 200)]
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        options = {"lossless": True} if kind == "WEBP" else {}
        picture = reopened(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert picture.n_frames == 3
        assert np.array_equal(np.asarray(upright(picture)), np.asarray(frames[0])), kind


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation_is_read_in_every_format_that_has_it(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    picture = reopened(smooth(40, 30).transpose(Image.Transpose.ROTATE_270), kind, exif=exif)
    assert upright_size(picture) == (30, 40)
    assert np.abs(np.asarray(upright(picture)).astype(int) - np.asarray(smooth(40, 30))).mean() < 6


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (12, 4000), (2, 2)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_any_shape_is_cropped_and_resized(shape: tuple[int, int], kind: str) -> None:
    level = Image.fromarray(np.full((*shape, 3), 90, np.uint8))
    whole = (0.0, 0.0, float(shape[0]), float(shape[1]))
    corner = (0.0, 0.0, 0.5, 0.5)
    for made in (
        resize_center(reopened(level, kind), size=32, channels=3),
        crop_resize(reopened(level, kind), whole, size=7, channels=3),
        crop_resize(reopened(level, kind), corner, size=7, channels=3),
    ):
        assert np.abs(made.astype(int) - 90).max() <= 1


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
