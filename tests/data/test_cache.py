import errno
import hashlib
import io
import os
import pickle
import random
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from nearfar.data import PictureFeed, Pictures, Reading, cache, in_order, open_source
from nearfar.data.cache import cache_folder, cached, cached_side

SIDE = 48


def never(sentence: str) -> None:
    raise AssertionError(sentence)


def opened(data: Any) -> Pictures:
    source = open_source(data)
    assert isinstance(source, Pictures)
    return source


def through(data: Any, folder: Path | str = "never", *, side: int = SIDE, **options: Any) -> Pictures:
    source = data if isinstance(data, Pictures) else opened(data)
    return cached(source, side=side, reading=Reading(cache=str(folder), **options), say=never)


def digest(source: Pictures, rows: Any = None) -> str:
    whole = hashlib.sha256()
    for row in range(len(source)) if rows is None else rows:
        whole.update(np.asarray(source.read(int(row))).tobytes())
    return whole.hexdigest()


def only_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_pixels_are_the_same_in_and_out_of_the_cache(varied: Path, folder: Path) -> None:
    expected = digest(through(varied))
    assert digest(through(varied, folder)) == expected, "while it fills"
    full = through(varied, folder)
    shutil.rmtree(varied)
    assert digest(full) == expected, "not one picture is decoded again"


def test_pictures_are_shrunk_to_the_side_and_never_enlarged(varied: Path, folder: Path) -> None:
    source = opened(varied)
    small = through(source, folder)
    assert small.sizes.min(axis=1).tolist() == np.minimum(source.sizes.min(axis=1), SIDE).tolist()
    assert (np.abs(small.sizes[:, 1] / small.sizes[:, 0] - source.sizes[:, 1] / source.sizes[:, 0]) < 1 / SIDE).all()
    for row in range(len(source)):
        picture = small.read(row)
        assert [picture.height, picture.width] == small.sizes[row].tolist()
        like = source.read(row).resize(picture.size, Image.Resampling.BILINEAR)
        assert np.abs(np.asarray(picture, int) - np.asarray(like, int)).mean() < 1


def test_everything_but_size_stays(varied: Path, folder: Path) -> None:
    source, small = opened(varied), through(varied, folder)
    assert (small.fingerprint, small.ids, small.class_names) == (source.fingerprint, source.ids, source.class_names)
    assert np.array_equal(small.labels, source.labels)
    rows = np.array([7, 2, 9])
    assert digest(small.select(rows)) == digest(small, rows)


def test_a_selection_has_a_cache_of_its_own_order(varied: Path, folder: Path) -> None:
    rows = np.array([7, 2, 9])
    chosen = opened(varied).select(rows)
    for _ in range(2):
        assert digest(through(chosen, folder)) == digest(through(varied), rows)


def test_gray_and_turned_pictures(write: Callable[..., Path], folder: Path) -> None:
    def jpeg(orientation: int, width: int) -> bytes:
        exif, file = Image.Exif(), io.BytesIO()
        exif[0x0112] = orientation
        ramp = np.linspace(0, 255, width)[None].repeat(100, 0).astype(np.uint8)
        Image.fromarray(ramp).save(file, "JPEG", quality=95, exif=exif)
        return file.getvalue()

    small = through(write({"a.jpg": jpeg(1, 220), "b.jpg": jpeg(6, 240)}, "gray"), folder, side=40)
    for _ in range(2):
        lying, standing = small.read(0), small.read(1)
        assert (lying.mode, lying.size, standing.size) == ("L", (88, 40), (40, 96))
        for ramp in (np.asarray(lying, int), np.asarray(standing, int).T):
            assert np.abs(ramp - np.linspace(0, 255, ramp.shape[1])).max() < 4, "decoded at a half, as it needs"


@pytest.mark.parametrize("workers", [0, 2])
def test_a_feed_reads_the_same_with_and_without(varied: Path, folder: Path, workers: int) -> None:
    def batches(source: Pictures, workers: int) -> list[Tensor]:
        feed = PictureFeed(source, batch_size=4, seed=1, workers=workers, boxes=Whole())
        return [batch.examples[0] for batch in feed.batches(0, 6)]

    expected = batches(through(varied), 0)
    small = through(varied, folder)
    for made in (batches(small, workers), batches(small, workers)):
        assert all(torch.equal(a, b) for a, b in zip(expected, made, strict=True))
    shutil.rmtree(varied)
    batches(small, workers)


class Whole(NamedTuple):
    """One view: the largest centred square, whatever the step."""

    def __call__(self, step: int, rows: np.ndarray, heights: Tensor, widths: Tensor) -> list[tuple[Tensor, int]]:
        side = torch.minimum(heights, widths).float()
        return [(torch.stack(((heights - side) // 2, (widths - side) // 2, side, side), 1), 16)]


def flip_a_pixel(file: Path) -> None:
    with file.open("r+b") as data:
        data.seek(-1000, io.SEEK_END)
        byte = data.read(1)[0]
        data.seek(-1000, io.SEEK_END)
        data.write(bytes([byte ^ 1]))


def lose_the_pixels(file: Path) -> None:
    length = file.stat().st_size
    os.truncate(file, 128 + 8 * 12 + 5000)
    os.truncate(file, length)


def cut_short(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def of_another_key(file: Path) -> None:
    with file.open("r+b") as data:
        data.write(b"something else")


DAMAGES = (flip_a_pixel, lose_the_pixels, cut_short, of_another_key)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("in_use", [False, True])
def test_damage_is_seen_and_mended(damage: Callable[[Path], None], in_use: bool, varied: Path, folder: Path) -> None:
    expected = digest(through(varied, folder))
    using = through(varied, folder)
    using.opened(0).__enter__()  # has the file open
    damage(only_file(folder))
    assert digest(using if in_use else through(varied, folder)) == expected
    mended = through(varied, folder)
    assert digest(mended) == expected
    shutil.rmtree(varied)
    assert digest(mended) == expected


def test_a_full_disk_costs_time_and_no_picture(varied: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(FileIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    expected = digest(through(varied))
    small = through(varied, folder)
    monkeypatch.setattr("nearfar.data._cache_file.FileIO", Full)
    fresh = pickle.loads(pickle.dumps(small))
    assert [digest(fresh), digest(fresh)] == [expected, expected]


def test_what_goes_to_a_worker_is_small(varied: Path, folder: Path) -> None:
    small = through(varied, folder)
    digest(small)
    assert len(pickle.dumps(small)) < 4000 < only_file(folder).stat().st_size / 10


def test_the_same_pictures_in_another_container_share_a_cache(varied: Path, folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "varied.zip", "w") as archive:
        for file in sorted(varied.rglob("*.jpg")):
            archive.write(file, str(file.relative_to(tmp_path)))
    expected = digest(through(varied, folder))
    zipped = through(tmp_path / "varied.zip", folder)
    only_file(folder)
    assert digest(zipped) == expected


def test_what_decides_the_pixels_decides_the_file(varied: Path, folder: Path) -> None:
    through(varied, folder)
    through(varied, folder, side=SIDE + 1)
    through(varied, folder, truncated="use")
    (varied / "a" / "00.jpg").write_bytes((varied / "b" / "01.jpg").read_bytes())
    through(varied, folder)
    assert len(list(folder.iterdir())) == 4


def side_of(data: Any, *, epochs: float = 3, say: Callable[[str], None] = never, **options: Any) -> int | None:
    return cached_side(opened(data), size=32, epochs=epochs, reading=Reading(**options), say=say)


def test_auto_caches_where_that_pays(
    varied: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, pixels: np.ndarray
) -> None:
    monkeypatch.setenv("NEARFAR_CACHE", str(folder))
    assert side_of(varied) is None, "these few are decoded in no time"
    monkeypatch.setattr(cache, "_WORTH_BYTES", 0)
    assert side_of(varied) == 48
    assert side_of(varied, epochs=1.5) is None
    assert side_of(varied, cache="never") is None
    assert side_of(pixels) is None, "kept in memory"
    assert side_of(varied, epochs=1, cache=str(folder)) == 48, "as the user says"


def test_no_side_leaves_the_pictures_alone(varied: Path) -> None:
    source = opened(varied)
    assert cached(source, side=None, reading=Reading(), say=never) is source


@pytest.mark.parametrize("short", ["limit", "disk"])
def test_what_does_not_fit_is_said_and_done_without(
    short: str, varied: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = digest(through(varied))
    folder.mkdir()
    if short == "limit":
        monkeypatch.setattr(cache, "CACHE_BYTES", 10_000)
    else:
        monkeypatch.setattr(cache, "_SPARE_BYTES", shutil.disk_usage(folder).total)
    said: list[str] = []
    assert side_of(varied, say=said.append, cache=str(folder)) is None
    small = cached(opened(varied), side=SIDE, reading=Reading(cache=str(folder)), say=said.append)
    assert digest(small) == expected
    assert not list(folder.iterdir())
    assert len(said) == 2
    for sentence in said:
        assert sentence.startswith("Decodes pictures in every epoch: their cache takes 0.0 GiB, and ")
        assert "\n" not in sentence


def test_the_least_recently_used_make_room(varied: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    for age, name in enumerate(("new", "middle", "old")):
        (folder / f"{name}.pictures").write_bytes(b"x" * 100_000)
        os.utime(folder / f"{name}.pictures", (1e9 - age, 1e9 - age))
    (folder / "holiday.jpg").write_bytes(b"x" * 100_000)
    os.utime(folder / "holiday.jpg", (1, 1))
    needed = through(varied, folder)._container.store._cache.bytes  # type: ignore[attr-defined]
    only = {file.name for file in folder.iterdir()}
    monkeypatch.setattr(cache, "CACHE_BYTES", needed + 150_000)
    through(varied, folder)
    assert {file.name for file in folder.iterdir()} == only - {"old.pictures", "middle.pictures"}


def test_a_folder_that_cannot_be_written(varied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ValueError, match=r"^Reading: cache must be a folder that can be written\. Got .*file"):
        side_of(varied, cache=str(tmp_path / "file"))
    monkeypatch.setattr(cache, "_WORTH_BYTES", 0)
    monkeypatch.setenv("NEARFAR_CACHE", str(tmp_path / "file" / "inside"))
    said: list[str] = []
    assert side_of(varied, say=said.append) is None
    assert said == [f"Decodes pictures in every epoch: the cache folder {tmp_path}/file/inside cannot be written."]


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEARFAR_CACHE", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder(Reading()) == Path("/caches/nearfar")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder(Reading()) == Path.home() / ".cache" / "nearfar"
    monkeypatch.setenv("NEARFAR_CACHE", "/mine")
    assert cache_folder(Reading()) == Path("/mine")
    assert cache_folder(Reading(cache="/named")) == Path("/named")
    assert cache_folder(Reading(cache="never")) is None


@pytest.fixture
def many(write: Callable[..., Path], encode: Callable[..., bytes]) -> Path:
    """Forty PNGs of noise: they take some time to read."""
    generator = np.random.default_rng(3)
    files = {
        f"{each}.png": encode(generator.integers(0, 256, (90 + each, 120, 3), dtype=np.uint8)) for each in range(40)
    }
    return write(files, "many")


class Reader:
    """Forward for even keys, backward for odd ones: the digest of everything."""

    def __init__(self, source: Pictures) -> None:
        self.source = source

    def __call__(self, key: int) -> str:
        rows = np.arange(len(self.source))
        pictures = {
            row: np.asarray(self.source.read(row)).tobytes() for row in (rows if key % 2 else rows[::-1]).tolist()
        }
        return hashlib.sha256(b"".join(pictures[row] for row in rows.tolist())).hexdigest()


def test_two_processes_fill_one_cache_at_once(many: Path, folder: Path) -> None:
    expected = digest(through(many, side=80))
    small = through(many, folder, side=80)
    assert list(in_order(Reader(small), range(4), workers=2)) == [expected] * 4
    shutil.rmtree(many)
    assert digest(small) == expected


def test_a_process_that_is_killed_while_it_fills_leaves_no_wrong_picture(many: Path, folder: Path) -> None:
    expected, chance = digest(through(many, side=80)), random.Random(0)
    for _ in range(6):
        filling = in_order(Reader(through(many, folder, side=80)), range(8), workers=2)
        time.sleep(chance.uniform(0.005, 0.05))
        filling.close()  # type: ignore[attr-defined]  # kills
        assert digest(through(many, folder, side=80)) == expected or pytest.fail("a wrong picture")
        flip_a_pixel(only_file(folder))  # and the next has something to fill


SCRIPT = """
import sys, torch
from test_cache import digest, through
print(digest(through(sys.argv[1], sys.argv[2], side=80)), flush=True)
"""


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_programs_that_share_a_cache_and_are_killed(many: Path, folder: Path) -> None:
    def start() -> subprocess.Popen[str]:
        places = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        command = [sys.executable, "-c", SCRIPT, str(many), str(folder)]
        return subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env={**os.environ, "PYTHONPATH": places})

    expected, chance = digest(through(many, side=80)), random.Random(0)
    begun = time.monotonic()
    start().communicate()
    length = time.monotonic() - begun
    for _ in range(5):
        shutil.rmtree(folder)
        killed, spared = start(), start()
        time.sleep(chance.uniform(0.6, 1.0) * length)
        killed.kill()
        killed.communicate()
        assert spared.communicate() == (f"{expected}\n", "")
        assert start().communicate() == (f"{expected}\n", "")
