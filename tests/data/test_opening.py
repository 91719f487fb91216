import gzip
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from packing import arrow, backwards, below, kinds, listed, parquet, rows, shards, tarred, zipped

from nearfar.data import open_source, splits
from nearfar.errors import DataError

Files = dict[str, bytes]
Write = Callable[..., Path]


def labelled(files: Files) -> pa.Table:
    """Rows in another order than their names'."""
    return rows(backwards(files), label=kinds(backwards(files)))


CONTAINERS: dict[str, Callable[[Files, Path, Write, np.ndarray], object]] = {
    "folder": lambda files, path, write, pixels: write(files),
    "folder in a folder": lambda files, path, write, pixels: write(below("all/of/it", files)),
    "zip": lambda files, path, write, pixels: zipped(path / "cats.zip", backwards(files)),
    "zip by another name": lambda files, path, write, pixels: zipped(path / "cats.data", files, zipfile.ZIP_DEFLATED),
    "zip of a folder": lambda files, path, write, pixels: zipped(path / "z", below("top", files), zipfile.ZIP_BZIP2),
    "tar": lambda files, path, write, pixels: tarred(path / "a.tar", backwards(files)),
    "tar.gz": lambda files, path, write, pixels: tarred(path / "a.tar.gz", below("./top", files), "gz"),
    "tar.bz2 by another name": lambda files, path, write, pixels: tarred(path / "a", files, "bz2"),
    "tar.xz": lambda files, path, write, pixels: tarred(path / "a.tar.xz", files, "xz"),
    "folder of shards": lambda files, path, write, pixels: shards(path / "a", backwards(files)),
    "pattern of shards": lambda files, path, write, pixels: f"{shards(path / 'a', files)}/part-{{000..001}}.tar",
    "list of shards": lambda files, path, write, pixels: sorted(shards(path / "a", files, 3).iterdir()),
    "parquet with labels": lambda files, path, write, pixels: parquet(path / "a.parquet", labelled(files)),
    "parquet with names": lambda files, path, write, pixels: parquet(
        path / "a", rows(files, label=[0, 0, 0, 1, 1, 1], label_name=kinds(files))
    ),
    "arrow file": lambda files, path, write, pixels: arrow(path / "a.arrow", labelled(files)),
    "arrow stream": lambda files, path, write, pixels: arrow(path / "a.arrow", labelled(files), stream=True),
    "compressed arrow": lambda files, path, write, pixels: arrow(path / "a", labelled(files), compression="zstd"),
    "csv": lambda files, path, write, pixels: listed(path / "a.csv", backwards(files)),
    "tsv by another name": lambda files, path, write, pixels: listed(path / "a.txt", files, "\t"),
    "arrays": lambda files, path, write, pixels: (pixels, kinds(files)),
    "npz": lambda files, path, write, pixels: npz(path / "a.npz", X=pixels, y=np.array(kinds(files))),
    "npz with names": lambda files, path, write, pixels: npz(
        path / "a.npz", images=pixels[..., None], labels=np.repeat([0, 1], 3), classes=np.array(["cat", "dog"])
    ),
}
ENCODED = [name for name in CONTAINERS if not name.startswith(("arrays", "npz"))]


def npz(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_gives_the_same(
    container: str, files: Files, tmp_path: Path, write: Write, pixels: np.ndarray
) -> None:
    source = open_source(CONTAINERS[container](files, tmp_path, write, pixels))
    assert len(source) == 6
    assert source.class_names == ("cat", "dog")
    assert source.labels is not None
    assert source.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert source.channels == 1
    assert source.skipped == ()
    for row in range(6):
        assert np.array_equal(np.asarray(source.read(row)), pixels[row])
    assert source.hashes.shape == (6,)
    if container in ENCODED:
        assert source.ids == tuple(name.replace("/", "-") if "shards" in container else name for name in files)
        assert source.fingerprint == open_source(write(files, "again")).fingerprint
    else:
        assert source.ids == ("0", "1", "2", "3", "4", "5")
        assert source.fingerprint == open_source((pixels, kinds(files))).fingerprint


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_source_travels_without_its_decoded_pictures(
    container: str, files: Files, tmp_path: Path, write: Write, pixels: np.ndarray
) -> None:
    source = open_source(CONTAINERS[container](files, tmp_path, write, pixels)).select(np.array([4, 1]))
    copy = pickle.loads(pickle.dumps(source))
    assert source.is_kept
    assert not copy.is_kept
    assert len(pickle.dumps(source)) < 6000
    assert copy.ids == source.ids
    assert np.array_equal(np.asarray(copy.read(0)), pixels[4])
    assert copy.fingerprint == source.fingerprint


@pytest.fixture
def digits(shared_data: Callable[[str], Path]) -> Files:
    """200 photographs of ten classes, by their paths."""
    with zipfile.ZipFile(shared_data("imagefolder/sign_language_digits_1000.zip")) as archive:
        found = {name: archive.read(name) for name in archive.namelist() if name.endswith(".JPG")}
    return {"/".join(name.split("/")[-2:]): data for name, data in sorted(found.items()) if "test/" in name}


@pytest.mark.parametrize(
    "container", ["zip", "tar.gz", "folder of shards", "arrow stream", "parquet with labels", "csv"]
)
def test_photographs_are_the_same_through_any_container(
    container: str, digits: Files, tmp_path: Path, write: Write, shared_data: Callable[[str], Path]
) -> None:
    original = open_source(shared_data("imagefolder/sign_language_digits_1000.zip"), split="test")
    source = open_source(CONTAINERS[container](digits, tmp_path, write, np.empty(0)))
    assert len(source) == 200
    assert source.class_names == original.class_names == tuple("0123456789")
    assert source.labels.tolist() == original.labels.tolist()
    assert source.fingerprint == original.fingerprint
    rows = np.arange(0, 200, 20)
    assert (source.pixels(rows) == original.pixels(rows)).all()


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("cifar10/test.parquet", (8_000, 10, "airplane", "test/airplane/")),
        ("identity/orl_faces.zip", (400, 40, "s1", "s1/1.png")),
        ("identity/omniglot_images_background_small1.zip", (2_720, 5, "Balinese", "Balinese/character01/0108_01.png")),
    ],
)
def test_real_containers(name: str, facts: tuple[int, int, str, str], shared_data: Callable[[str], Path]) -> None:
    source = open_source(shared_data(name))
    count, classes, first_class, first_id = facts
    assert (len(source), len(source.class_names), source.class_names[0]) == (count, classes, first_class)
    assert source.ids[0].startswith(first_id)
    assert source.skipped == ()


def damaged(data: bytes, generator: np.random.Generator) -> bytes:
    """Cut off, or with some bytes overwritten: anywhere, at the beginning or at the end."""
    where, changed = int(generator.integers(4)), bytearray(data)
    if where == 0:
        return data[: int(generator.integers(len(data)))]
    for place in generator.integers(len(data), size=int(generator.integers(1, 5))).tolist():
        near = (place, place % min(600, len(data)), len(data) - 1 - place % min(700, len(data)))[where - 1]
        changed[near] = int(generator.integers(256))
    return bytes(changed)


@pytest.mark.parametrize(
    "container",
    ["zip", "zip by another name", "tar", "tar.gz", "tar.bz2 by another name", "tar.xz", "parquet with labels",
     "arrow file", "arrow stream", "compressed arrow", "csv", "npz"],
)  # fmt: skip
def test_damaged_containers_are_used_or_refused_in_one_sentence(
    container: str, files: Files, tmp_path: Path, write: Write, pixels: np.ndarray
) -> None:
    path = Path(str(CONTAINERS[container](files, tmp_path, write, pixels)))
    whole, generator = path.read_bytes(), np.random.default_rng(0)
    refused = []
    for _ in range(25):
        path.write_bytes(damaged(whole, generator))
        try:
            open_source(path).hashes  # noqa: B018  # which reads every picture
        except DataError as error:
            refused.append(str(error))
    assert refused
    assert not any("\n" in sentence for sentence in refused)


def test_flat_pictures_have_no_labels(files: Files, write: Write) -> None:
    source = open_source(write({name.replace("/", "-"): files[name] for name in files}))
    assert source.labels is None
    assert source.class_names == ()
    assert source.ids[0] == "cat-0.png"


def test_a_picture_beside_the_class_folders_has_an_unknown_label(files: Files, write: Write) -> None:
    source = open_source(write({**files, "loose.png": files["cat/0.png"], "cat/deep/er.png": files["cat/0.png"]}))
    assert dict(zip(source.ids, source.labels.tolist(), strict=True))["loose.png"] == -1
    assert dict(zip(source.ids, source.labels.tolist(), strict=True))["cat/deep/er.png"] == 0


def in_splits(files: Files) -> Files:
    parts = ("train", "train", "Validation", "train", "train", "test")
    return {f"{part}/{name}": data for part, (name, data) in zip(parts, files.items(), strict=True)}


@pytest.mark.parametrize("kind", ["folder", "zip", "parquet"])
def test_splits_are_found_and_share_their_class_names(kind: str, files: Files, tmp_path: Path, write: Write) -> None:
    data: Path
    if kind == "folder":
        data = write(in_splits(files))
    elif kind == "zip":
        data = zipped(tmp_path / "z.zip", below("top", in_splits(files)))
    else:
        part = [name.split("/")[0] for name in in_splits(files)]
        data = parquet(tmp_path / "t.parquet", rows(files, label_name=kinds(files), split=part))
    assert splits(data) == ("train", "val", "test")
    assert len(open_source(data)) == 4
    assert open_source(data, split="validation").labels.tolist() == [0]
    test = open_source(data, split="test")
    assert test.labels.tolist() == [1]
    assert test.class_names == ("cat", "dog")


def test_parquet_files_of_a_folder_are_splits(files: Files, tmp_path: Path, pixels: np.ndarray) -> None:
    names = list(files)
    for part, chosen in (("train-00000-of-2", names[:2]), ("train-00001-of-2", names[2:4]), ("test", names[4:])):
        labels = [7 if "cat" in name else 9 for name in chosen]
        images = [files[name] for name in chosen]
        pq.write_table(pa.table({"image": images, "label": labels}), tmp_path / f"{part}.parquet")
    train, test = open_source(tmp_path), open_source(tmp_path, split="test")
    assert splits(tmp_path) == ("train", "test")
    assert train.ids == ("train-00000-of-2/0", "train-00000-of-2/1", "train-00001-of-2/0", "train-00001-of-2/1")
    assert train.class_names == ("7", "9")
    assert train.labels.tolist() == [0, 0, 0, 1]
    assert np.array_equal(np.asarray(train.read(3)), pixels[3])
    assert np.array_equal(np.asarray(test.read(1)), pixels[5])


def test_hugging_face_keeps_class_names_in_the_metadata(files: Files, tmp_path: Path) -> None:
    plain = rows(files, label=[0, 0, 0, 2, None, 2])
    features = b'{"info": {"features": {"label": {"names": ["cat", "cow", "dog"], "_type": "ClassLabel"}}}}'
    pq.write_table(plain.replace_schema_metadata({"huggingface": features}), tmp_path / "b.parquet")
    source = open_source(tmp_path / "b.parquet")
    assert source.class_names == ("cat", "cow", "dog")
    assert source.labels.tolist() == [0, 0, 0, 2, -1, 2]


def test_the_arrays_of_keras_have_splits(tmp_path: Path, pixels: np.ndarray) -> None:
    data = npz(
        tmp_path / "mnist.npz",
        x_train=pixels[:4],
        y_train=np.array([3, 3, 5, 5]),
        x_test=pixels[4:],
        y_test=np.array([5, 3]),
    )
    assert splits(data) == ("train", "test")
    assert open_source(data).class_names == ("3", "5")
    assert open_source(data, split="test").labels.tolist() == [1, 0]


def test_a_npy_file_is_an_array(tmp_path: Path, pixels: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", np.stack([pixels] * 3, axis=-1))
    source = open_source(tmp_path / "a.npy")
    assert source.labels is None
    assert source.channels == 3
    assert source.read(2).mode == "RGB"


def test_litter_is_passed_over_in_silence(files: Files, tmp_path: Path, write: Write) -> None:
    litter = [
        ".DS_Store",
        "cat/.hidden.png",
        "cat/Thumbs.db",
        "__MACOSX/cat/._0.png",
        "dog/notes.txt",
        "LICENSE",
        ".git/a.png",
    ]
    littered = {**files, **dict.fromkeys(litter, b"anything")}
    for data in (write(littered), zipped(tmp_path / "z.zip", littered)):
        source = open_source(data)
        assert source.ids == tuple(files)
        assert source.skipped == ()


def test_what_is_broken_is_named_with_its_reason(files: Files, tmp_path: Path, write: Write) -> None:
    whole = files["cat/0.png"]
    flipped = whole[:50] + bytes([whole[50] ^ 255]) + whole[51:]
    broken = {"cat/cut.png": whole[:-20], "cat/empty.jpg": b"", "cat/page.png": b"<html>", "dog/flipped.png": flipped}
    for data in (write({**files, **broken}), zipped(tmp_path / "z.zip", {**files, **broken})):
        source = open_source(data)
        assert source.ids == tuple(files)
        assert sorted(file for file, _ in source.skipped) == sorted(broken)
        assert all(reason for _, reason in source.skipped)


def test_a_picture_is_told_by_its_content(files: Files, write: Write, pixels: np.ndarray) -> None:
    source = open_source(write({"a.jpg": files["cat/0.png"], "b": files["cat/1.png"], "c.txt": files["cat/2.png"]}))
    assert source.ids == ("a.jpg", "b", "c.txt")
    assert np.array_equal(np.asarray(source.read(2)), pixels[2])


def test_a_link_to_a_folder_above_ends(files: Files, write: Write) -> None:
    folder = write(files)
    (folder / "cat" / "up").symlink_to(folder)
    (folder / "dog" / "linked.png").symlink_to(folder / "cat" / "0.png")
    assert open_source(folder).ids == (*files, "dog/linked.png")


def test_pictures_of_one_size_are_kept_and_others_are_not(files: Files, write: Write, varied: Path) -> None:
    assert open_source(write(files)).is_kept
    source = open_source(varied)
    assert not source.is_kept
    assert source.channels == 3
    assert source.sizes[:2].tolist() == [[40, 49], [50, 59]]


def test_a_file_that_breaks_later_is_named(varied: Path) -> None:
    source = open_source(varied)
    data = (varied / "a" / "02.jpg").read_bytes()
    (varied / "a" / "02.jpg").write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(DataError, match=r"/a/02\.jpg: picture must be readable\. Got .*truncated"):
        source.read(1)


def test_an_opened_source_is_itself(files: Files, write: Write) -> None:
    source = open_source(write(files))
    assert open_source(source) is source
    assert splits(source) == ()


def test_fashion_mini(as_users_call: None) -> None:
    train, test = open_source("fashion-mini"), open_source("fashion-mini", split="test")
    assert splits("fashion-mini") == ("train", "test")
    assert (len(train), len(test)) == (10_000, 2_000)
    assert np.bincount(train.labels).tolist() == [1_000] * 10
    assert np.bincount(test.labels).tolist() == [200] * 10
    assert train.class_names[0] == "T-shirt/top"
    assert train.class_names[9] == "Ankle boot"
    assert train.channels == 1
    assert train.sizes[0].tolist() == [28, 28]


def test_fashion_mini_is_small_and_comes_with_its_licence() -> None:
    from nearfar.data import BUILT_IN

    assert BUILT_IN["fashion-mini"].stat().st_size < 7_000_000
    assert "Copyright (c) 2017 Zalando SE" in BUILT_IN["fashion-mini"].with_suffix(".LICENSE").read_text()


def test_fashion_mini_is_fashion_mnist(shared_data: Callable[[str], Path], as_users_call: None) -> None:
    official = gzip.decompress(shared_data("fashion-mnist/t10k-images-idx3-ubyte.gz").read_bytes())
    pictures = np.frombuffer(official, np.uint8, offset=16).reshape(-1, 28, 28)
    official = gzip.decompress(shared_data("fashion-mnist/t10k-labels-idx1-ubyte.gz").read_bytes())
    test = open_source("fashion-mini", split="test")
    rows = [int(Path(name).stem) for name in test.ids]
    assert np.array_equal(test.pixels(np.arange(2_000))[:, 0].numpy(), pictures[rows])
    assert np.array_equal(test.labels, np.frombuffer(official, np.uint8, offset=8)[rows])


def test_a_messy_zip_opens_and_says_what_it_left_out(shared_data: Callable[[str], Path]) -> None:
    source = open_source(shared_data("messy/messy_images.zip"))
    left_out = {file for file, _ in source.skipped}
    assert len(source) > 180
    assert {"bricks/truncated_60pct.jpg", "bricks/bad_crc.png", "gravel/huge_14000x13000_1bit.png"} <= left_out
    assert not any("DS_Store" in name or "MACOSX" in name for name in {*source.ids, *left_out})
    shown = [
        row for row, name in enumerate(source.ids) if name.startswith("coffee/exif_orient_") and name.endswith("jpg")
    ]
    assert {source.read(row).size for row in shown} == {(200, 150)}
    assert len(shown) == 8


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda path: "fashon-mini",
            r"data must be an existing path .* Got 'fashon-mini'\. Did you mean 'fashion-mini'\?",
        ),
        (lambda path: path / "nothing", r"data must be an existing path or the name of a data set \(fashion-mini\)"),
        (lambda path: path, r"data must be a container of at least one readable picture\. Got .*\. Name a folder"),
        (lambda path: file(path / "a.zip", b"PK\x03\x04 and no more"), r"data must be readable\. Got .*a\.zip"),
        (lambda path: file(path / "a.parquet", b"PAR1 and no more"), r"data must be readable\. Got .*a\.parquet"),
        (lambda path: file(path / "a.npy", b"\x93NUMPY and no more"), r"data must be readable\. Got .*a\.npy"),
        (
            lambda path: file(path / "a.csv", b"x,y"),
            r"data must be a folder, zip, .*Name the folder that holds the pictures",
        ),
        (lambda path: file(path / "a" / "b.png", b"x").parent, r"Got '.*b\.png holds no picture in a known format"),
        (
            lambda path: npz(path / "a.npz", Z=np.zeros(3)),
            r"data must be arrays of which one is called 'X'\. Got \['Z'\]",
        ),
        (lambda path: np.zeros((2, 4, 4)), r"data must be uint8 .* Got 'float64 of shape \(2, 4, 4\)'\. Scale it"),
        (lambda path: np.zeros((2, 3, 8, 8), np.uint8), r"Put channels last: array\.transpose\(0, 2, 3, 1\)"),
        (lambda path: np.zeros((2, 64), np.uint8), r"Reshape it"),
        (lambda path: (np.zeros((2, 4, 4), np.uint8), [1]), r"labels must be one for each of 2 pictures\. Got 1"),
        (lambda path: 3, r"data must be a path, the name of a data set or an array\. Got 'int'"),
        (lambda path: [], r"data must be a path, the name of a data set or an array\. Got 'list'"),
        (lambda path: [path / "a", path / "b"], r"data must be files that exist\. Got '.*"),
        (
            lambda path: [npz(path / "a.npz", X=np.zeros(3)), tarred(path / "b", {})],
            r"files of one kind\. Got \['npz', ",
        ),
        (
            lambda path: [npz(path / f"{each}.npz", X=np.zeros(3)) for each in "ab"],
            r"one file, or several tables or tars",
        ),
        (lambda path: file(path / "a.zip", b""), r"Got '.*a\.zip, which is empty'"),
        (
            lambda path: file(path / "a.npy.gz", gzip.compress(b"\x93NUMPY")),
            r"data must be a folder, zip, .*a\.npy\.gz",
        ),
        (lambda path: words_only(path / "a.parquet"), r"a table with a column of picture bytes\. Got \['text'\]"),
    ],
)
def test_data_that_cannot_be_used_is_refused_in_one_sentence(
    make: Callable[[Path], object], words: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=words) as caught:
        open_source(make(tmp_path), where="pretrain")
    assert str(caught.value).startswith("pretrain: ")
    assert "\n" not in str(caught.value)


def file(path: Path, data: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def words_only(path: Path) -> Path:
    pq.write_table(pa.table({"text": ["a"]}), path)
    return path


def test_a_split_that_is_not_there_is_refused_with_those_that_are(files: Files, write: Write) -> None:
    with pytest.raises(DataError, match=r"split must be one of train, val, test\. Got 'tset'\."):
        open_source(write(in_splits(files)), split="tset")
    with pytest.raises(DataError, match=r"split must be left out for data without splits\. Got 'test'\."):
        open_source(write(files, "flat"), split="test")
    with pytest.raises(DataError, match=r"split must be None for data that is open"):
        open_source(open_source(write(files, "flat")), split="test")
