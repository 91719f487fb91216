"""Thousands of broken files: each is used or named, and nothing else happens."""

import io
import resource
import struct
import time
import warnings
import zlib
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image

from nearfar.data import Reading, crops, decode, resize_center
from nearfar.data._containers.store import Container, EncodedStore
from nearfar.data._examine import examined
from nearfar.errors import DataError

MEBIBYTE = 1 << 20


class Bytes(EncodedStore):
    """Files in memory."""

    def __init__(self, files: list[bytes]) -> None:
        self.files = files

    def content(self, position: int) -> bytes:
        return self.files[position]


def container(files: list[bytes]) -> Container:
    return Container("files", Bytes(files), tuple(str(number) for number in range(len(files))))


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def every_format() -> dict[str, bytes]:
    """A small picture in each format and mode that Pillow can write."""
    random = np.random.default_rng(5)
    rgb = Image.fromarray(random.integers(0, 256, (5, 6, 3), dtype=np.uint8)).resize((40, 30), Image.Resampling.BICUBIC)
    rgba, gray, palette = rgb.copy(), rgb.convert("L"), rgb.convert("P", palette=Image.Palette.ADAPTIVE)
    rgba.putalpha(gray)
    wide = Image.fromarray(np.asarray(gray).astype(np.uint16) * 257)
    floating = Image.fromarray(np.asarray(gray).astype(np.float32) / 255)
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = {"save_all": True, "append_images": [rgb.rotate(90), rgb.rotate(180)]}
    files = {
        "jpg": saved(rgb, "JPEG"),
        "jpg progressive": saved(rgb, "JPEG", progressive=True, exif=exif),
        "jpg gray": saved(gray, "JPEG"),
        "jpg cmyk": saved(rgb.convert("CMYK"), "JPEG"),
        "png": saved(rgb, "PNG", exif=exif),
        "png wide": saved(wide, "PNG"),
        "png palette": saved(palette, "PNG", transparency=3),
        "png animated": saved(rgba, "PNG", **frames),
        "webp": saved(rgb, "WEBP", exif=exif),
        "webp lossless": saved(rgba, "WEBP", lossless=True),
        "webp animated": saved(rgb, "WEBP", **frames),
        "gif": saved(palette, "GIF", **frames),
        "bmp": saved(rgb, "BMP"),
        "bmp palette": saved(palette, "BMP"),
        "tiff": saved(rgb, "TIFF", exif=exif),
        "tiff float": saved(floating, "TIFF"),
        "tiff lab": saved(Image.merge("LAB", rgb.split()), "TIFF"),
        "sgi": saved(rgb, "SGI"),
        "tga": saved(rgba, "TGA", compression="tga_rle"),
        "pcx": saved(rgb, "PCX"),
        "ppm": saved(rgb, "PPM"),
        "ico": saved(rgb, "ICO", sizes=[(16, 16)]),
        "dds": saved(rgba, "DDS"),
        "xbm": saved(rgb.convert("1"), "XBM"),
        "msp": saved(rgb.convert("1"), "MSP"),
        "dib": saved(rgb, "DIB"),
    }
    for name, kind, options in (
        *(
            (f"tiff {packing}", "TIFF", {"compression": packing})
            for packing in ("tiff_lzw", "tiff_deflate", "packbits")
        ),
        ("jpeg 2000", "JPEG2000", {}),
        ("avif", "AVIF", {}),
        ("qoi", "QOI", {}),
    ):
        try:
            files[name] = saved(rgb, kind, **options)
        except (KeyError, OSError, ValueError):  # this build of Pillow does not write it
            continue
    return files


def mutated(files: list[bytes], random: np.random.Generator) -> bytes:
    """One of the files, broken in one of eight ways."""
    data = bytearray(files[random.integers(len(files))])
    way, place = random.integers(8), int(random.integers(len(data)))
    if way == 0:  # bits flip anywhere
        for _ in range(random.integers(1, 20)):
            data[random.integers(len(data))] ^= 1 << random.integers(8)
    elif way == 1:  # bits flip in the header
        for _ in range(random.integers(1, 8)):
            data[random.integers(min(len(data), 100))] ^= 1 << random.integers(8)
    elif way == 2:  # the end is missing
        del data[place:]
    elif way == 3:  # a header that claims much
        start = int(random.integers(4, min(len(data), 64)))
        data[start : start + 4] = bytes([255] * 4 if random.random() < 0.5 else [0, 0, 234, 96])
    elif way == 4:  # the header of another file
        other = files[random.integers(len(files))]
        data[: int(random.integers(2, 80))] = other[: int(random.integers(2, 80))]
    elif way == 5:  # spliced with another file
        other = files[random.integers(len(files))]
        data[place:] = other[int(random.integers(len(other))) :]
    elif way == 6:  # a stretch of zeros or noise
        data[place : place + 50] = random.bytes(50) if random.random() < 0.5 else bytes(50)
    else:  # a stretch is there twice, or not at all
        stretch = data[place : place + int(random.integers(1, 200))]
        data[place:place] = stretch if random.random() < 0.5 else b""
        del data[place + len(stretch) : place + 2 * len(stretch)]
    return bytes(data)


@pytest.fixture
def silent(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[], None]]:
    """Warnings are errors around the pictures, and may not come out of them; nor may anything be printed."""

    def check() -> None:
        out, err = capfd.readouterr()
        assert out == ""
        assert not any(word in err for word in ("Warning", "Error", "Traceback")), err  # libtiff prints for itself

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield check


def use(files: list[bytes], truncated: str) -> tuple[int, int]:
    """Examines and decodes files; how many are used, and how many of those then break in a sentence of ours."""
    before = list(warnings.filters)
    start = time.monotonic()
    source = examined(container(files), np.arange(len(files)), reading=Reading(truncated=truncated), where="test")
    assert time.monotonic() - start < 2 + 0.2 * len(files)
    assert warnings.filters == before
    assert sorted((*source.ids, *(file for file, _ in source.skipped)), key=int) == [*map(str, range(len(files)))]
    for _, why in source.skipped:
        assert why
        assert "\n" not in why
        assert " at 0x" not in why
    return len(source), sum(breaks(source, row) for row in range(len(source)))


def breaks(source: object, row: int) -> bool:
    start = time.monotonic()
    height, width = source.sizes[row].tolist()
    box = (height / 4, width / 4, height / 2, width / 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as workers have it
        try:
            with source.opened(row) as picture:
                assert decode(picture, channels=source.channels).shape == (source.channels, height, width)
            with source.opened(row) as picture:
                assert crops(picture, [(box, 8)], channels=source.channels)[0].shape == (source.channels, 8, 8)
            with source.opened(row) as picture:
                assert resize_center(picture, size=8, channels=1).shape == (1, 8, 8)
        except DataError as error:
            if isinstance(error.__cause__, AssertionError):
                raise
            return True
        finally:
            assert time.monotonic() - start < 20
    return False


def run(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    originals = list(every_format().values())
    files = [mutated(originals, random) for _ in range(count)]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for start in range(0, count, 50):
        for truncated in ("skip", "use"):
            used, broken = use([originals[0], *files[start : start + 50]], truncated)
            assert broken <= 0.1 * used + 2, "what is taken at its word is nearly always good"
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
    assert grown < 1500, f"{grown:.0f} MiB"


def test_every_format_is_decoded_as_it_is() -> None:
    files = every_format()
    source = examined(container(list(files.values())), np.arange(len(files)), where="test")
    assert source.skipped == ()
    assert not any(breaks(source, row) for row in range(len(source)))


def test_mutated_files_are_used_or_named(silent: Callable[[], None]) -> None:
    run(seed=0, count=300)
    silent()


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(1, 11))
def test_many_mutated_files_are_used_or_named(seed: int, silent: Callable[[], None]) -> None:
    run(seed=seed, count=300)
    silent()


@pytest.mark.parametrize("name", every_format())
def test_every_beginning_of_a_file_is_used_whole_or_called_truncated(name: str) -> None:
    whole = every_format()[name]
    good = every_format()["jpg"]
    cuts = [whole[: int(len(whole) * part)] for part in (0.5, 0.7, 0.9, 0.97)]
    source = examined(container([good, *cuts]), np.arange(len(cuts) + 1), where="test")
    assert all(why.startswith("is truncated") for _, why in source.skipped) or name == "ico", source.skipped
    assert len(source) == 1 or name in {"gif", "ico"} or "animated" in name, "what is cut does not pass for whole"


def claims() -> dict[str, bytes]:
    """Headers of 60,000 x 60,000 pixels, with next to nothing behind them."""
    side = 60_000
    png = bytearray(saved(Image.new("RGB", (8, 8)), "PNG"))
    png[16:24] = side.to_bytes(4, "big") * 2
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    bmp = bytearray(saved(Image.new("RGB", (8, 8)), "BMP"))
    bmp[18:26] = side.to_bytes(4, "little") * 2
    gif = bytearray(saved(Image.new("P", (8, 8)), "GIF"))
    gif[6:10] = side.to_bytes(2, "little") * 2
    jpeg = bytearray(saved(Image.new("RGB", (8, 8)), "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = side.to_bytes(2, "big") * 2
    tiff = bytearray(saved(Image.new("RGB", (8, 8)), "TIFF"))
    for tag in (256, 257):
        entry = tiff.index(struct.pack("<H", tag), int.from_bytes(tiff[4:8], "little") + 2)
        tiff[entry : entry + 12] = struct.pack("<HHII", tag, 4, 1, side)
    tga = bytearray(saved(Image.new("RGB", (8, 8)), "TGA"))
    tga[12:16] = side.to_bytes(2, "little") * 2
    return {
        "png": bytes(png),
        "bmp": bytes(bmp),
        "gif": bytes(gif),
        "jpg": bytes(jpeg),
        "tiff": bytes(tiff),
        "tga": bytes(tga),
        "ppm": b"P6 60000 60000 255\n" + bytes(300),
        "qoi": b"qoif" + side.to_bytes(4, "big") * 2 + bytes([4, 0]) + bytes(100),
    }


@pytest.mark.parametrize("name", claims())
@pytest.mark.parametrize("truncated", ["skip", "use"])
def test_a_header_that_claims_too_much_takes_no_memory(name: str, truncated: str) -> None:
    files = [every_format()["jpg"], claims()[name]]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source = examined(container(files), np.arange(2), reading=Reading(truncated=truncated), where="test")
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024 < 50
    assert source.skipped == (("1", "has more than 178,956,970 pixels"),)


def test_truncated_pictures_are_used_without_a_switch_for_the_whole_process() -> None:
    from PIL import ImageFile

    whole = every_format()["jpg"]
    source = examined(container([whole, whole[:-200]]), np.arange(2), reading=Reading(truncated="use"), where="test")
    assert source.ids == ("0", "1")
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    with pytest.raises(OSError, match="truncated"):
        Image.open(io.BytesIO(whole[:-200])).load()
