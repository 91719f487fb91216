import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from packing import Files, below, tarred

from nearfar.data import Reading, open_source, splits
from nearfar.data._containers import temporary as module
from nearfar.errors import DataError


def samples(files: Files, **fields: list[object]) -> dict[str, bytes]:
    """`KEY.png` and `KEY.json` in turn."""
    members = {}
    for number, (name, data) in enumerate(files.items()):
        key = name.replace("/", "-").removesuffix(".png")
        said = {field: values[number] for field, values in fields.items()}
        members |= {f"{key}.png": data, f"{key}.json": json.dumps(said).encode(), f"{key}.txt": b"a picture"}
    return members


def test_labels_are_fields_of_json(files: Files, tmp_path: Path) -> None:
    said = samples(files, label=[7, 7, 3, 3, None, 3], kind=list("aabbbb"), tags=[["x"]] * 6)
    source = open_source(tarred(tmp_path / "a.tar", said))
    assert source.class_names == ("3", "7")
    assert source.labels.tolist() == [1, 1, 0, 0, -1, 0]
    other = open_source(tmp_path / "a.tar", reading=Reading(label_column="kind"))
    assert other.labels.tolist() == [0, 0, 1, 1, 1, 1]
    with pytest.raises(
        DataError, match=r"label_column must be a column of the data\. Got 'tags'\. Choose from kind, l"
    ):
        open_source(tmp_path / "a.tar", reading=Reading(label_column="tags"))


def test_names_of_classes_stand_beside_their_numbers(files: Files, tmp_path: Path) -> None:
    said = samples(files, label=[1, 1, 0, 0, 0, 0], label_name=["cat", "cat", *["dog"] * 4])
    assert open_source(tarred(tmp_path / "a.tar", said)).class_names == ("dog", "cat")


def test_a_suffix_chooses_among_the_pictures_of_an_example(files: Files, tmp_path: Path) -> None:
    data = list(files.values())
    members = {"a.left.png": data[0], "a.right.png": data[1], "a.cls": b"4", "b.left.png": data[2], "b.cls": b"5"}
    source = open_source(tarred(tmp_path / "a.tar", members), reading=Reading(image_column="left.png"))
    assert source.ids == ("a.left.png", "b.left.png")
    assert source.class_names == ("4", "5")
    with pytest.raises(DataError, match=r"image_column must be the suffix of pictures in the tar\. Got 'jpg'"):
        open_source(tmp_path / "a.tar", reading=Reading(image_column="jpg"))


def test_splits_come_from_the_names_of_shards(files: Files, tmp_path: Path, pixels: np.ndarray) -> None:
    names = list(files)
    for shard, chosen in (("train-000", names[:2]), ("train-001", names[2:4]), ("valid-000", names[4:])):
        tarred(tmp_path / f"{shard}.tar", {f"{number}.png": files[name] for number, name in enumerate(chosen)})
    assert splits(tmp_path) == ("train", "val")
    train = open_source(tmp_path)
    assert train.ids == ("train-000/0.png", "train-000/1.png", "train-001/0.png", "train-001/1.png")
    assert np.array_equal(np.asarray(train.read(2)), pixels[2])
    assert open_source(f"{tmp_path}/{{train-001,valid-000}}.tar", split="val").ids[0] == "valid-000/0.png"
    assert len(open_source(f"{tmp_path}/train-*.tar")) == 4


def test_a_missing_shard_is_missed(files: Files, tmp_path: Path) -> None:
    tarred(tmp_path / "a-0.tar", files)
    with pytest.raises(DataError, match=r"data must be files that exist\. Got '.*a-1\.tar'"):
        open_source(f"{tmp_path}/a-{{0..1}}.tar")


def test_a_compressed_tar_is_unpacked_once(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tarred(tmp_path / "a.tar.gz", files, "gz")
    written: list[object] = []
    write = module.temporary
    monkeypatch.setattr(module, "temporary", lambda chunks: written.append(chunks) or write(chunks))
    source = open_source(path)
    for row in (5, 0, 3):
        source.read(row)
    assert splits(path) == ()
    assert source.fingerprint
    assert len(written) == 1


def test_links_and_what_leads_out_are_refused_and_named(files: Files, tmp_path: Path) -> None:
    tarred(tmp_path / "a.tar", {**files, "../up.png": files["cat/0.png"], "/root.png": files["cat/0.png"]})
    with tarfile.open(tmp_path / "a.tar", "a") as archive:
        for name, kind in (
            ("soft.png", tarfile.SYMTYPE),
            ("hard.png", tarfile.LNKTYPE),
            ("fifo.png", tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    source = open_source(tmp_path / "a.tar")
    assert source.ids == tuple(files)
    assert dict(source.skipped) == {
        "../up.png": "leads out of the archive",
        "/root.png": "leads out of the archive",
        "soft.png": "is a link",
        "hard.png": "is a link",
        "fifo.png": "is no ordinary file",
    }


def test_long_names_in_any_script_survive(files: Files, tmp_path: Path) -> None:
    named = below("猫" * 60 + "/" + "é" * 90, {"a.png": files["cat/0.png"]}) | {"z/b.png": files["cat/0.png"]}
    assert open_source(tarred(tmp_path / "a.tar", named)).ids == tuple(sorted(named))


def test_a_name_that_is_no_text_can_be_written_all_the_same(files: Files, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        info = tarfile.TarInfo("a\udcff.png")
        info.size = len(files["cat/0.png"])
        archive.addfile(info, io.BytesIO(files["cat/0.png"]))
    source = open_source(tmp_path / "a.tar")
    assert source.ids == ("a\\xff.png",)
    assert source.ids[0].encode()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data, place: data[:place], "it has no end"),
        (lambda data, place: data[: place + 700], "unexpected end of data"),
        (lambda data, place: data[:place] + b"x" * 512 + data[place + 512 :], "what follows is no tar"),
    ],
)
def test_a_damaged_tar_is_read_as_far_as_it_goes_and_named(
    damage: Callable[[bytes, int], bytes], reason: str, files: Files, tmp_path: Path
) -> None:
    path = tarred(tmp_path / "shard.tar", files)
    data = path.read_bytes()
    path.write_bytes(damage(data, data.index(b"dog/1.png")))
    source = open_source(path)
    assert source.ids[:4] == tuple(files)[:4]
    assert dict(source.skipped)["shard.tar"].endswith(reason)
    with pytest.raises(DataError, match=r"shard\.tar is damaged after"):
        open_source(path, reading=Reading(strict=True))


def test_a_tar_beside_pictures_is_spoken_of(files: Files, write: Callable[..., Path]) -> None:
    folder = write(files)
    tarred(folder / "backup.tar", files)
    source = open_source(folder)
    assert source.ids == tuple(files)
    assert source.skipped == (("backup.tar", "is an archive beside pictures; name it to read it"),)


def test_emoji_shards_are_the_rows_of_their_table(shared_data: Callable[[str], Path]) -> None:
    tars = open_source(shared_data("emoji/openmoji_wds"), split="test", reading=Reading(label_column="group"))
    table = open_source(shared_data("emoji/openmoji_72.parquet"), split="test", reading=Reading(label_column="group"))
    assert len(tars) == 287
    assert set(tars.hashes.tolist()) < set(table.hashes.tolist())  # which has skin tones too
    assert set(tars.class_names) <= set(table.class_names)
    assert len(open_source(shared_data("emoji/openmoji_wds"))) == 543 + 542 + 542
