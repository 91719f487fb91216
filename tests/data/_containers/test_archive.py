import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from packing import Files, zipped

from nearfar.data import open_source
from nearfar.errors import DataError


def with_infos(path: Path, members: list[tuple[zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for info, data in members:
            archive.writestr(info, data)
    return path


def test_what_leads_out_is_refused_and_named(files: Files, tmp_path: Path) -> None:
    data = files["cat/0.png"]
    escapes = ["../up.png", "cat/../../up.png", "/root.png", "C:/windows.png", "../.hidden.png"]
    link = zipfile.ZipInfo("dog/link.png")
    link.external_attr = 0o120777 << 16
    members = [*((zipfile.ZipInfo(name), each) for name, each in files.items()), (link, b"/etc/passwd")]
    source = open_source(with_infos(tmp_path / "a.zip", [*members, *((zipfile.ZipInfo(n), data) for n in escapes)]))
    assert source.ids == tuple(files)
    assert dict(source.skipped) == {**dict.fromkeys(escapes, "leads out of the archive"), "dog/link.png": "is a link"}


def test_of_two_members_of_one_name_the_later_counts(files: Files, tmp_path: Path, pixels: np.ndarray) -> None:
    names = [zipfile.ZipInfo("0.png"), zipfile.ZipInfo("./0.png"), zipfile.ZipInfo("1.png")]
    source = open_source(with_infos(tmp_path / "a.zip", list(zip(names, files.values(), strict=False))))
    assert source.ids == ("0.png", "1.png")
    assert source.skipped == (("0.png", "is in the archive twice; the later one counts"),)
    assert np.array_equal(np.asarray(source.read(0)), pixels[1])


@pytest.mark.parametrize(
    "name",
    ["猫.png", "ёж/ёж.png", "قط.png", "caf\u00e9.png", "cafe\u0301.png", "🐱.png", "a b'c.png", "x" * 180 + ".png"],
)
def test_names_in_any_script_survive(name: str, files: Files, tmp_path: Path) -> None:
    data = files["cat/0.png"]
    assert name in open_source(zipped(tmp_path / "a.zip", {name: data, "z/1.png": data})).ids


def raw_name(path: Path, name: bytes, data: bytes, extra: bytes = b"") -> Path:
    """A zip whose one name is not flagged as UTF-8."""
    placeholder = b"n" * len(name)
    info = zipfile.ZipInfo(placeholder.decode())
    info.extra = extra
    with_infos(path, [(info, data)])
    path.write_bytes(path.read_bytes().replace(placeholder, name))
    return path


def test_names_without_a_flag_are_read_sensibly(files: Files, tmp_path: Path) -> None:
    data = files["cat/0.png"]
    assert open_source(raw_name(tmp_path / "a.zip", "猫.png".encode(), data)).ids == ("猫.png",)
    assert open_source(raw_name(tmp_path / "b.zip", "é.png".encode("cp437"), data)).ids == ("é.png",)
    local = "猫.png".encode("shift-jis")
    field = struct.pack("<BI", 1, zlib.crc32(local)) + "猫.png".encode()
    extra = struct.pack("<HH", 0x7075, len(field)) + field
    assert open_source(raw_name(tmp_path / "c.zip", local, data, extra)).ids == ("猫.png",)


def test_the_separators_of_windows_are_understood(files: Files, tmp_path: Path) -> None:
    infos = [zipfile.ZipInfo(name) for name in ("cat/0.png", "dog/0.png")]
    for info in infos:
        info.create_system = 0
    path = with_infos(tmp_path / "a.zip", [(info, files["cat/0.png"]) for info in infos])
    path.write_bytes(path.read_bytes().replace(b"cat/0", b"cat\\0").replace(b"dog/0", b"dog\\0"))
    assert open_source(path).class_names == ("cat", "dog")


def test_damage_is_told_file_by_file(files: Files, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", files)
    whole = path.read_bytes()
    place = whole.index(files["cat/1.png"]) + 40
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    source = open_source(path)
    assert len(source) == 5
    assert source.skipped == (("cat/1.png", "is damaged: its checksum is another"),)


def test_what_cannot_be_unpacked_says_why(files: Files, tmp_path: Path) -> None:
    packed = {"a.png": files["cat/0.png"], "notes.txt": b"words"}
    with pytest.raises(DataError, match=r"a\.png is packed by method 14; pack it anew"):
        open_source(zipped(tmp_path / "a.zip", packed, zipfile.ZIP_LZMA))
    path = zipped(tmp_path / "b.zip", packed)
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match=r"a\.png is encrypted"):
        open_source(path)


def test_a_member_that_says_it_is_huge_is_not_unpacked(files: Files, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"huge.png": bytes(1000), **files}, zipfile.ZIP_DEFLATED)
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 1000), struct.pack("<I", 2 << 30)))
    source = open_source(path)
    assert source.skipped == (("huge.png", "holds more than 1 GiB"),)


@pytest.mark.skipif(shutil.which("zip") is None, reason="the program zip is not installed")
def test_what_the_program_zip_writes(files: Files, write: Callable[..., Path], tmp_path: Path) -> None:
    folder = write({f"{name[:3]}-é猫/{name[4:]}": data for name, data in files.items()})
    subprocess.run(["zip", "-qr", tmp_path / "a.zip", "."], cwd=folder, check=True)
    assert open_source(tmp_path / "a.zip").fingerprint == open_source(folder).fingerprint
