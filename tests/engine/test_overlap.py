"""Test pictures that an encoder learned from are found, whatever they are called and kept in."""

from pathlib import Path

import numpy as np
import pytest

from nearfar.data import Pictures, open_source
from nearfar.engine.overlap import overlap, read_seen, warnings_of, write_seen
from nearfar.errors import RunError
from nearfar.records import RunFolder

PIXELS = np.random.default_rng(0).integers(0, 256, (30, 8, 8), dtype=np.uint8)


def pictures(rows: slice) -> Pictures:
    source = open_source(PIXELS[rows])
    assert isinstance(source, Pictures)
    return source


def test_what_was_seen_is_remembered_by_content(tmp_path: Path) -> None:
    files = RunFolder(tmp_path)
    write_seen(files, pictures(slice(0, 20)))
    shared = overlap(pictures(slice(20, 30)), pictures(slice(18, 24)), read_seen(files))
    assert shared == {
        "encoder": {"examples": 2, "ids": ["0", "1"]},
        "probes": {"examples": 4, "ids": ["2", "3", "4", "5"]},
    }


def test_a_folder_without_memory_says_nothing_of_the_encoder(tmp_path: Path) -> None:
    assert read_seen(RunFolder(tmp_path)) is None
    shared = overlap(pictures(slice(0, 5)), pictures(slice(5, 9)), None)
    assert shared == {"encoder": None, "probes": {"examples": 0, "ids": []}}
    assert warnings_of(shared, tests=4) == []


def test_the_memory_takes_eight_bytes_a_picture(tmp_path: Path) -> None:
    files = RunFolder(tmp_path)
    write_seen(files, pictures(slice(0, 30)))
    assert files.seen.stat().st_size < 8 * 30 + 1000
    hashes = read_seen(files)
    assert hashes is not None
    assert len(np.unique(hashes)) == 30


def test_people_read_how_many_and_some_names() -> None:
    shared = {"encoder": {"examples": 700, "ids": list("abcde")}, "probes": {"examples": 1, "ids": ["a"]}}
    assert warnings_of(shared, tests=1000) == [
        "Warning: 700 of 1,000 test pictures are in the data that the encoder learned from (a, b, c and 697 more).",
        "Warning: 1 of 1,000 test pictures is also among those that the probes are fitted on (a).",
    ]


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize("damage", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_a_damaged_memory_is_refused(damage: bytes, tmp_path: Path) -> None:
    files = RunFolder(tmp_path)
    files.seen.write_bytes(damage)
    with pytest.raises(RunError, match="must be the hashes of training pictures"):
        read_seen(files)


def test_a_newer_memory_is_refused(tmp_path: Path) -> None:
    files = RunFolder(tmp_path)
    with files.seen.open("wb") as file:
        np.savez(file, schema=1000, hashes=np.zeros(3, np.uint64))
    with pytest.raises(RunError, match="Upgrade nearfar"):
        read_seen(files)
