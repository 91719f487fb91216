"""What becomes of 215 files of the kind that people have; `python tests/data/test_messy.py` writes it down."""

import csv
import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from nearfar.data import Pictures, Reading, crops, open_source, resize_center
from nearfar.data._containers.store import quiet_codecs
from nearfar.data.duplicates import duplicates
from nearfar.errors import DataError
from nearfar.records import RunFolder

PAGE = Path(__file__).parents[2] / "docs" / "pictures.md"
BEGIN, END = "<!-- written by tests/data/test_messy.py -->\n", "<!-- to here -->\n"
PASSED_OVER = {  # what a system left, what its owner hid, and what does not even claim to be a picture
    "astronaut/.DS_Store",
    "astronaut/.hidden.jpg",
    "astronaut/Thumbs.db",
    "astronaut/notes.txt",
    "__MACOSX/astronaut/._astronaut_00.jpg",
}
DECODED_IN_PART = {f"bricks/truncated{end}" for end in ("_30pct.jpg", "_60pct.jpg", "_95pct.jpg", ".png", ".webp")}
MEANING = {
    "ordinary": "JPEG, PNG, WebP, BMP and TIFF photographs",
    "mode": "RGBA, LA, gray, 1 bit, palettes, CMYK, YCbCr, LAB, 16 and 32 bits, floating point, 48 and 64 bits",
    "exif": "all eight orientations in JPEG, one in PNG and WebP, and EXIF that is broken",
    "container": "ICC profiles, JPEG 2000, AVIF, WebP, TGA, PPM, ICO, GIF, DDS, QOI",
    "animated": "GIF, WebP, PNG and TIFF of several frames or pages: the first",
    "shape": "1 x 1 to 4,000 x 12, all black, all transparent, 95 and 182 megapixels",
    "name": "spaces, accents composed and not, CJK, Arabic, Cyrillic, emoji, 184 characters, no suffix",
    "broken": "truncated, empty, damaged, text, archives, zeros and noise under a picture's name",
    "mislabelled": "PNG, JPEG and WebP under one another's suffix",
    "duplicate": "copies, a near copy, and a copy in another class",
    "litter": "what systems leave, what is hidden, notes, a drawing, a picture outside of the classes",
}


def manifest(archive: Path) -> list[dict[str, str]]:
    with (archive.parent / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def outcomes(source: Pictures, files: list[dict[str, str]]) -> dict[str, str]:
    """File -> "decoded", "listed" in `skipped.csv`, or "passed over"."""
    listed = {file for file, _ in source.skipped}
    decoded = set(source.ids)
    return {
        name: "decoded" if name in decoded else "listed" if name in listed else "passed over"
        for name in (row["file"] for row in files)
    }


def table(source: Pictures, files: list[dict[str, str]]) -> str:
    """Markdown: what happened to each category, and to each file that cannot be used."""
    found = outcomes(source, files)
    lines = ["| files | of them | decoded | listed | passed over |", "|---|---:|---:|---:|---:|"]
    for category, meaning in MEANING.items():
        what = [found[row["file"]] for row in files if row["category"] == category]
        counts = " | ".join(str(what.count(outcome)) for outcome in ("decoded", "listed", "passed over"))
        lines.append(f"| {meaning} | {len(what)} | {counts} |")
    totals = " | ".join(str(list(found.values()).count(each)) for each in ("decoded", "listed", "passed over"))
    lines += [f"| **all** | {len(files)} | {totals} |", "", "| listed file | reason |", "|---|---|"]
    lines += [f"| `{file}` | {why} |" for file, why in source.skipped]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def archive(shared_data: Callable[[str], Path]) -> Path:
    return shared_data("messy/messy_images.zip")


@pytest.fixture(scope="module")
def files(archive: Path) -> list[dict[str, str]]:
    return manifest(archive)


@pytest.fixture(scope="module")
def source(archive: Path) -> Pictures:
    return opened(archive)


def opened(archive: Path, **reading: Any) -> Pictures:
    source = open_source(archive, reading=Reading(**reading))
    assert isinstance(source, Pictures)
    return source


def shown(source: Pictures, name: str) -> np.ndarray:
    """Pixels of a picture as training sees it, in three channels."""
    return np.asarray(source.read(source.ids.index(name)).convert("RGB")).astype(int)


def test_every_file_is_decoded_listed_or_known_to_be_no_picture(source: Pictures, files: list[dict[str, str]]) -> None:
    found = outcomes(source, files)
    assert len(found) == 215
    assert {name for name, outcome in found.items() if outcome == "passed over"} == PASSED_OVER
    assert set(found) == {*source.ids, *(file for file, _ in source.skipped), *PASSED_OVER}
    for row in files:
        decodable = row["pillow_result"].startswith("ok") and row["file"] not in PASSED_OVER
        assert (found[row["file"]] == "decoded") == decodable, row["file"]


def test_every_decoded_picture_has_the_size_and_the_pixels_of_an_independent_reading(
    source: Pictures, archive: Path, files: list[dict[str, str]]
) -> None:
    compared = 0
    with zipfile.ZipFile(archive) as members:
        for row in files:
            if row["file"] not in source.ids or row["file"].startswith("gravel/large"):
                continue
            with Image.open(io.BytesIO(members.read(f"images/{row['file']}"))) as picture:
                turned = ImageOps.exif_transpose(picture)
            at = source.ids.index(row["file"])
            assert source.sizes[at].tolist() == [turned.height, turned.width], row["file"]
            assert shown(source, row["file"]).shape == (turned.height, turned.width, 3), row["file"]
            if turned.mode in {"RGB", "L", "1", "CMYK", "YCbCr"} and not turned.has_transparency_data:
                assert np.array_equal(shown(source, row["file"]), np.asarray(turned.convert("RGB"))), row["file"]
                compared += 1
    assert compared >= 160


def test_eight_orientations_are_one_picture(source: Pictures) -> None:
    first = shown(source, "coffee/exif_orient_1.jpg")
    assert first.shape == (150, 200, 3)
    for orientation in range(2, 9):
        turned = shown(source, f"coffee/exif_orient_{orientation}.jpg")
        assert turned.shape == first.shape
        assert np.abs(turned - first).mean() < 3, "JPEG blocks lie otherwise in a turned picture"
    assert np.abs(shown(source, "coffee/exif_orient_6.png") - first).mean() < 3
    assert np.abs(shown(source, "coffee/exif_orient_6.webp") - first).mean() < 8


def test_wide_pictures_are_their_plain_twins(source: Pictures) -> None:
    gray = shown(source, "cat/mode_l.png")
    for name in ("mode_i16.png", "mode_i16.tif", "mode_f32.tif"):
        assert np.array_equal(shown(source, f"cat/{name}"), gray), name
    assert np.abs(shown(source, "cat/mode_i16_12bit.png") - gray).max() <= 1
    whole = shown(source, "cat/mode_i32.tif")  # values up to 193,000, of which the largest is white
    assert np.abs(whole - gray * (255 / gray.max())).max() <= 1
    holes = shown(source, "cat/mode_f32_nan.tif")
    assert set(holes[holes != gray].tolist()) == {0}
    assert 0 < (holes != gray).mean() < 0.5


def test_colour_modes_are_one_picture(source: Pictures) -> None:
    plain = shown(source, "cat/mode_rgb48.png")
    for name, tolerance in (("mode_cmyk.tif", 0), ("mode_ycbcr.tif", 3), ("mode_lab.tif", 4)):
        assert np.abs(shown(source, f"cat/{name}") - plain).max() <= tolerance, name
    for name in ("mode_cmyk.jpg", "mode_p.png", "mode_p.gif"):
        assert np.abs(shown(source, f"cat/{name}") - plain).mean() < 3, name
    assert np.array_equal(shown(source, "cat/mode_p.png"), shown(source, "cat/mode_p.gif"))


@pytest.mark.parametrize(
    "name",
    [
        *(f"{scene}/mode_rgba_{scene}.png" for scene in ("astronaut", "cat", "coffee", "rocket")),
        *(f"cat/mode_{mode}.png" for mode in ("la", "p_trns", "p_trns_bytes", "rgb_trns", "rgba64")),
        "gravel/fully_transparent.png",
        "moon/animated_transparent.gif",
    ],
)
def test_transparency_lies_on_white(name: str, source: Pictures, archive: Path) -> None:
    with zipfile.ZipFile(archive) as members:
        rgba = np.asarray(Image.open(io.BytesIO(members.read(f"images/{name}"))).convert("RGBA")).astype(float)
    alpha = rgba[..., 3:] / 255
    assert alpha.min() < 1
    assert np.abs(shown(source, name) - (alpha * rgba[..., :3] + (1 - alpha) * 255)).max() <= 1


def test_one_frame_of_an_animation_is_its_first(source: Pictures) -> None:
    first = shown(source, "moon/animated.png")
    assert np.abs(shown(source, "moon/animated.gif") - first).mean() < 4
    assert np.abs(shown(source, "moon/animated.webp") - first).mean() < 4


def test_every_picture_can_be_cropped_and_resized(source: Pictures) -> None:
    for row, (height, width) in enumerate(source.sizes.tolist()):
        box = (0.3 * height, 0.3 * width, 0.4 * height, 0.4 * width)
        with quiet_codecs(), source.opened(row) as picture:
            crop, whole = crops(picture, [(box, 24), ((0.0, 0.0, height, width), 9)], channels=3)
        assert crop.shape == (3, 24, 24)
        assert whole.shape == (3, 9, 9)
        if height * width < 1_000_000:
            with source.opened(row) as picture:
                assert resize_center(picture, size=24, channels=3).shape == (3, 24, 24)


def test_truncated_pictures_are_a_choice(archive: Path, source: Pictures) -> None:
    truncated = {file for file, why in source.skipped if why.startswith("is truncated")}
    assert truncated == {*DECODED_IN_PART, "bricks/header_only.png", "bricks/truncated_5pct.jpg"}
    using = opened(archive, truncated="use")
    assert set(using.ids) - set(source.ids) == DECODED_IN_PART
    whole = shown(source, "bricks/really_a_jpeg.png")
    for name, rows in (("30pct", 32), ("60pct", 96), ("95pct", 176)):
        assert np.array_equal(shown(using, f"bricks/truncated_{name}.jpg")[:rows], whole[:rows])
    half = shown(using, "bricks/truncated.png")
    assert np.array_equal(half[:50], shown(source, "bricks/really_a_png.jpg")[:50])


def test_strict_stops_with_the_list(archive: Path) -> None:
    with pytest.raises(DataError, match=r"^pretrain: data must be usable to the last file") as caught:
        open_source(archive, reading=Reading(strict=True), where="pretrain")
    assert "\n  bricks/zero_byte.jpg is empty\n" in str(caught.value)


def test_skipped_csv_holds_all_that_is_listed(source: Pictures, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write_skipped(source.skipped)
    with folder.skipped.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [["file", "reason"], *([*each] for each in source.skipped)]
    assert len(rows) == 20


def test_copies_are_counted_and_the_contradiction_is_named(source: Pictures) -> None:
    assert source.labels is not None
    found = duplicates(source.hashes, ids=source.ids, labels=source.labels, class_names=source.class_names)
    assert found.copies == 3
    assert dict(zip(found.contradictions, found.classes, strict=True)) == {
        ("astronaut/dup_c_in_other_class.jpg", "galaxies/dup_a.jpg"): ("astronaut", "galaxies"),
        ("bricks/really_a_webp.gif", "rocket/container_webp.webp"): ("bricks", "rocket"),
    }


def test_names_in_any_script_are_ids_and_labels_are_right(source: Pictures, files: list[dict[str, str]]) -> None:
    assert source.labels is not None
    named = {row["file"]: row["class_folder"] for row in files if row["category"] == "name"}
    assert set(named) <= set(source.ids)
    called = [source.class_names[label] if label >= 0 else "" for label in source.labels]
    assert named.items() <= dict(zip(source.ids, called, strict=True)).items()
    assert called[source.ids.index("loose_file_at_root.jpg")] == ""


def test_the_page_shows_this_table(source: Pictures, files: list[dict[str, str]]) -> None:
    written = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()
    assert written == table(source, files).strip(), "python tests/data/test_messy.py writes it anew"


if __name__ == "__main__":
    zipped = Path(sys.argv[1] if len(sys.argv) > 1 else PAGE.parents[2] / "shared/data/messy/messy_images.zip")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    rows = table(opened(zipped), manifest(zipped))
    PAGE.write_text(f"{before}{BEGIN}\n{rows}\n{END}{after}", encoding="utf-8")
