import base64
import io

import numpy as np
import pytest
from PIL import Image

from nearfar.errors import RunError
from nearfar.report.gallery import SPRITE_BYTES, VIEW_SIDE, read_sprite, read_views


def opened(picture):
    return Image.open(io.BytesIO(base64.b64decode(picture.url.partition(",")[2]))).convert("RGB")


def test_a_crop_is_the_example_s_own_tile(tmp_path):
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255]], dtype=np.uint8)
    sheet = np.zeros((16, 24, 3), dtype=np.uint8)
    for row, colour in enumerate(colours):
        sheet[row // 3 * 8 : row // 3 * 8 + 8, row % 3 * 8 : row % 3 * 8 + 8] = colour
    Image.fromarray(sheet).save(tmp_path / "sample.png")
    sprite = read_sprite(tmp_path, {"sprite": "sample.png", "tile": 8, "columns": 3}, examples=5)
    for row, colour in enumerate(colours):
        pixels = np.asarray(opened(sprite.crop(row)), dtype=int)
        assert pixels.shape == (8, 8, 3)
        assert np.abs(pixels - colour).max() < 24


def test_a_sheet_too_small_for_its_examples_is_refused(tmp_path):
    Image.new("RGB", (24, 16)).save(tmp_path / "sample.png")
    with pytest.raises(RunError, match="a sprite of 7 tiles of 8 px in 3 columns"):
        read_sprite(tmp_path, {"sprite": "sample.png", "tile": 8, "columns": 3}, examples=7)


def test_2000_noisy_thumbnails_still_fit_the_page(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (40 * 32, 50 * 32, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "sample.png", compress_level=1)
    assert (tmp_path / "sample.png").stat().st_size > 3_000_000
    sprite = read_sprite(tmp_path, {"sprite": "sample.png", "tile": 32, "columns": 50}, examples=2000)
    assert len(sprite.url) < SPRITE_BYTES * 4 / 3 + 100


def test_no_sprite_is_none(tmp_path):
    assert read_sprite(tmp_path, {}, examples=5) is None
    assert read_sprite(tmp_path, {"sprite": "gone.png", "tile": 8, "columns": 3}, examples=5) is None


def test_a_name_that_leads_out_of_the_gallery_is_not_read(tmp_path):
    gallery = tmp_path / "gallery"
    gallery.mkdir()
    for path in (tmp_path / "secret.png", gallery / "own.png"):
        Image.new("RGB", (8, 8)).save(path)
    entry = {"id": "x", "original": "own.png", "views": ["own.png"]}
    assert len(read_views(gallery, {"views": [entry]})) == 1
    for name in ("../secret.png", str(tmp_path / "secret.png")):
        assert read_views(gallery, {"views": [{**entry, "views": [name]}]}) == []


def test_large_views_are_made_small_and_small_ones_stay_sharp(tmp_path):
    Image.new("RGB", (800, 400)).save(tmp_path / "large.png")
    Image.new("L", (28, 28)).save(tmp_path / "small.png")
    [shown] = read_views(tmp_path, {"views": [{"id": "x", "original": "large.png", "views": ["small.png"]}]})
    large, [small] = shown.original, shown.views
    assert (shown.id, shown.words) == ("x", None)
    assert (large.width, large.height) == (VIEW_SIDE, VIEW_SIDE // 2)
    assert (small.width, small.is_small, large.is_small) == (28, True, False)
