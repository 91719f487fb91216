import bz2
import errno
import gc
import gzip
import lzma
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from nearfar.data._containers import temporary as module
from nearfar.data._containers.temporary import Temporary, beginning, compression, on_disk, plain, temporary


class Usage(NamedTuple):
    total: int
    free: int


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_file_is_unpacked_once_and_removed(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "by any name"
    path.write_bytes(pack(b"content" * 1000))
    assert beginning(path, 9) == b"contentco"
    file = plain(path)
    assert isinstance(file, Temporary)
    assert file.path.read_bytes() == b"content" * 1000
    assert plain(path) is file
    unpacked = file.path
    del file
    gc.collect()
    assert not unpacked.exists()


def test_a_file_that_changed_is_unpacked_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(b"old"))
    old = plain(tmp_path / "a")
    (tmp_path / "a").write_bytes(gzip.compress(b"newer"))
    assert on_disk(plain(tmp_path / "a")).read_bytes() == b"newer"
    assert on_disk(old).read_bytes() == b"old"


def test_any_other_file_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(b"no gzip")
    assert compression(tmp_path / "a.gz") is None
    assert plain(tmp_path / "a.gz") == tmp_path / "a.gz"
    assert beginning(tmp_path / "a.gz", 2) == b"no"


def test_a_copy_does_not_remove_the_file() -> None:
    file = temporary([b"content"])
    copy = pickle.loads(pickle.dumps(file))
    path = copy.path
    del copy
    gc.collect()
    assert path.read_bytes() == b"content"


@pytest.mark.parametrize("data", [gzip.compress(b"content" * 1000)[:-20], b"\x1f\x8b", b"BZh9 no", b"\xfd7zXZ\0 no"])
def test_damage_is_an_error_and_begins_with_nothing(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises((OSError, EOFError, lzma.LZMAError)):
        plain(tmp_path / "a")
    assert beginning(tmp_path / "a", 4) in (b"", b"cont")


def test_it_stops_before_the_disk_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 10)
    rooms = iter([2000, 1500, 51])
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: Usage(total=1000, free=next(rooms)))
    with pytest.raises(OSError, match="no room to unpack it") as caught:
        temporary([bytes(10), bytes(10), bytes(10)])
    assert caught.value.errno == errno.ENOSPC


def test_what_a_killed_process_left_is_swept_away_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path))
    held = temporary([b"held"])
    left, fresh, other = (tmp_path / name for name in ("nearfar-unpacked-1", "nearfar-unpacked-2", "nearfar-3"))
    for path in (left, fresh, other):
        path.write_bytes(b"left")
    for path in (held.path, left, other):
        os.utime(path, (0, 0))
    again = temporary([b"again"])
    assert {path.name for path in tmp_path.iterdir()} == {held.path.name, again.path.name, fresh.name, other.name}
