import io
import pickle
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nearfar.data import Pictures, Reading, open_source
from nearfar.data._containers.store import is_picture, names_a_picture
from nearfar.data._containers.unusable import TruncatedError, explained, reason
from nearfar.errors import DataError

Files = dict[str, bytes]


def encoded(kind: str, side: int = 120, mode: str = "RGB", **options: object) -> bytes:
    seed = np.random.default_rng(side).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(seed).resize((side + 8, side), Image.Resampling.BICUBIC).convert(mode).save(file, kind, **options)
    return file.getvalue()


def opened(folder: Path, **reading: object) -> Pictures:
    source = open_source(folder, reading=Reading(**reading))
    assert isinstance(source, Pictures)
    return source


@pytest.fixture(params=["of one size", "of several sizes"])
def others(request: pytest.FixtureRequest) -> Files:
    """Two good pictures, with which a third of 120 x 128 is kept decoded or not."""
    return {"good.png": encoded("PNG"), "well.jpg": encoded("JPEG", side=120 if request.param == "of one size" else 50)}


CUT = {
    "cut.jpg": (encoded("JPEG", quality=95), 0.6),
    "cut too.jpg": (encoded("JPEG", quality=95, progressive=True), 0.6),
    "cut.png": (encoded("PNG"), 0.6),
    "cut.gif": (encoded("GIF", interlace=False), 0.6),
    "cut.bmp": (encoded("BMP"), 0.6),
    "cut.tif": (encoded("TIFF"), 0.6),
    "cut.webp": (encoded("WEBP", quality=90), 0.7),
    "cut.tga": (encoded("TGA"), 0.6),
}


@pytest.mark.parametrize("name", CUT)
def test_pictures_whose_end_is_missing_are_skipped_or_used_as_asked(
    name: str, others: Files, write: Callable[..., Path]
) -> None:
    whole, part = CUT[name]
    folder = write({**others, name: whole[: int(part * len(whole))]})
    skipping = opened(folder)
    assert skipping.skipped == ((name, "is truncated: its end is missing"),)
    assert name not in skipping.ids
    using = opened(folder, truncated="use")
    assert using.skipped == ()
    row = using.ids.index(name)
    assert using.sizes[row].tolist() == [120, 128]
    seen = np.asarray(using.read(row).convert("RGB")).astype(int)
    true = np.asarray(Image.open(io.BytesIO(whole)).convert("RGB")).astype(int)
    top = slice(100, 120) if name in {"cut.bmp", "cut.tga"} else slice(0, 20)  # those begin at the bottom
    assert np.abs(seen[top] - true[top]).mean() < (12 if "too" in name else 1), "what is there is seen"
    assert np.abs(seen - true).mean() > 1, "what is missing is missing"


def test_a_used_picture_travels_and_is_the_same_in_threads(write: Callable[..., Path]) -> None:
    whole = encoded("PNG")
    folder = write({"a.png": encoded("PNG", side=30), "cut.png": whole[: len(whole) // 2]})
    source = opened(folder, truncated="use")
    copy = pickle.loads(pickle.dumps(source))
    expected = np.asarray(source.read(1))
    assert np.array_equal(np.asarray(copy.read(1)), expected)

    def pixels(_: int) -> np.ndarray:
        with source.opened(1) as picture:
            return np.asarray(picture)

    with ThreadPoolExecutor(4) as pool:
        assert all(np.array_equal(each, expected) for each in pool.map(pixels, range(16)))
    assert source.select(np.array([1])).ids == ("cut.png",)


def test_a_picture_that_is_cut_later_is_an_error_all_the_same(write: Callable[..., Path]) -> None:
    whole = encoded("PNG", side=50)
    folder = write({"a.png": encoded("PNG", side=30), "b.png": whole, "cut.png": encoded("PNG")[:-300]})
    source = opened(folder, truncated="use")
    (folder / "b.png").write_bytes(whole[:-300])
    with pytest.raises(DataError, match=r"/b\.png: picture must be readable\. Got 'is truncated: its end is missing'"):
        source.read(1)


def test_nothing_but_a_header_is_not_used(others: Files, write: Callable[..., Path]) -> None:
    png, jpeg = encoded("PNG"), encoded("JPEG")
    source = opened(write({**others, "a.png": png[:45], "b.jpg": jpeg[:200]}), truncated="use")
    assert source.skipped == (
        ("a.png", "is truncated before anything of it can be seen"),
        ("b.jpg", "is truncated, and not one pixel can be decoded"),
    )


def test_a_damaged_png_is_named_whether_it_is_kept_or_not(others: Files, write: Callable[..., Path]) -> None:
    data = bytearray(encoded("PNG"))
    data[len(data) // 2] ^= 255
    with pytest.raises(DataError, match="is a PNG that is damaged"):
        opened(write({"bad.png": bytes(data)}, "alone"))
    source = opened(write({**others, "bad.png": bytes(data)}))
    assert source.skipped == (("bad.png", "is a PNG that is damaged: the checksum of its IDAT is another"),)


def test_a_strict_reading_names_what_it_cannot_use(write: Callable[..., Path]) -> None:
    folder = write({"a.png": encoded("PNG"), **{f"bad {number:02d}.png": b"" for number in range(23)}})
    with pytest.raises(DataError) as caught:
        open_source(folder, reading=Reading(strict=True), where="pretrain")
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("pretrain: data must be usable to the last file, as strict has it. Got ")
    assert lines[0].endswith(": 23 cannot be'. Repair or remove these, or leave out strict:")
    assert lines[1] == "  bad 00.png is empty"
    assert len(lines) == 22
    assert lines[-1] == "  and 3 more"


def test_a_strict_reading_of_good_pictures_is_content(write: Callable[..., Path]) -> None:
    cut = encoded("PNG")[:-300]
    assert len(opened(write({"a.png": encoded("PNG")}), strict=True)) == 1
    assert len(opened(write({"a.png": encoded("PNG"), "b.png": cut}, "two"), strict=True, truncated="use")) == 2


def test_one_colour_picture_among_gray_ones_makes_all_three_channels(write: Callable[..., Path]) -> None:
    gray = {f"{number}.png": encoded("PNG", mode="L") for number in range(3)}
    assert opened(write(gray, "gray")).channels == 1
    source = opened(write({**gray, "a colour.jpg": encoded("JPEG")}, "first"))
    assert (source.channels, source.is_kept) == (3, True)
    source = opened(write({**gray, "z colour.jpg": encoded("JPEG")}, "last"))
    assert source.channels == 3
    assert source.skipped == ()


def test_orientation_that_stands_in_xmp_counts_the_same_before_and_after_decoding(write: Callable[..., Path]) -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>')
    source = opened(write({"a.png": encoded("PNG", pnginfo=info), "b.png": encoded("PNG", side=20)}))
    assert source.sizes[0].tolist() == [128, 120]
    assert source.read(0).size == (120, 128)


def test_examining_leaves_the_warning_filters_as_they_were(write: Callable[..., Path]) -> None:
    folder = write({"a.jpg": encoded("JPEG", exif=b"Exif\0\0" + bytes(range(40))), "b.png": encoded("PNG")[:-300]})
    before = list(warnings.filters)
    opened(folder)
    assert warnings.filters == before


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (bytes(4096), "but nothing but zeros"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid",
            "but a pointer of Git LFS, which `git lfs pull` turns into",
        ),
        (b"\n<!DOCTYPE html><html>", "but a web page"),
        (
            b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
            "but an SVG drawing, to be rendered to PNG",
        ),
        (b"PK\x03\x04 and so on", "but a zip archive"),
        (b"%PDF-1.7", "but a PDF document"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "but HEIC, to be converted to JPEG or PNG"),
        (b"\xff\x0a\xfa", "but JPEG XL, to be converted to JPEG or PNG"),
        ("größe,ж\n".encode() * 200, "but text"),
        (b"\x07\x80\x99\xfe", "holds no picture in a known format"),
        (b"\x89PNG\r\n\x1a\n" + bytes(3), "is truncated: its end is missing"),
        (encoded("TIFF", compression="tiff_deflate")[:900], "is truncated: its end is missing"),
        (encoded("JPEG2000")[:-90] if "JPEG2000" in Image.SAVE else b"\xff\x4f\xff\x51", "is truncated"),
        (b"GIF89a" + bytes(20), "holds GIF that cannot be decoded"),
    ],
)
def test_what_a_file_holds_instead_is_said(data: bytes, words: str, write: Callable[..., Path]) -> None:
    source = opened(write({"good.png": encoded("PNG"), "other.png": encoded("PNG", side=9), "x.png": data}))
    assert [file for file, _ in source.skipped] == ["x.png"]
    assert words in source.skipped[0][1]


def test_errors_are_put_in_one_line() -> None:
    assert reason(PermissionError(13, "Permission denied", "/a/b")) == "cannot be read: Permission denied"
    assert reason(MemoryError()) == "takes more memory than there is"
    assert reason(KeyError()) == "KeyError"
    assert reason(ValueError("a\n b")) == "a b"
    assert len(reason(ValueError("x" * 999))) < 200
    assert isinstance(explained(b"BM", OSError("image file is truncated (3 bytes not processed)")), TruncatedError)
    assert reason(explained(b"BMxx", SyntaxError("odd"))) == "holds BMP that cannot be decoded: odd"


def test_names_that_promise_a_picture() -> None:
    for name in ("a.jpg", "A.JPEG", "b.c.webp", "x.heic", "drawing.svg", "y.tga"):
        assert names_a_picture(name), name
    for name in ("a.txt", "jpg", "labels.csv", "model.bin", "a.npy", ".jpg.bak"):
        assert not names_a_picture(name), name


def test_only_an_unmistakable_beginning_makes_a_picture_of_a_file_with_any_name() -> None:
    assert is_picture(io.BytesIO(encoded("PNG")))
    assert not is_picture(io.BytesIO(encoded("TGA"))), "its beginning might be anything's"
    assert not is_picture(io.BytesIO(b"P6 is the name of a boat"))
    assert not is_picture(io.BytesIO(b""))
