import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from packing import folder, idx

from nearfar.data import open_source, splits
from nearfar.errors import DataError


@pytest.mark.parametrize(
    ("pictures", "labels"),
    [
        ("{}-images-idx3-ubyte.gz", "{}-labels-idx1-ubyte.gz"),
        ("{}-images.idx3-ubyte", "{}-labels.idx1-ubyte"),
        ("emnist-letters-{}-images-idx3-ubyte", "emnist-letters-{}-labels-idx1-ubyte.gz"),
    ],
)
def test_a_folder_has_splits_and_labels(pictures: str, labels: str, tmp_path: Path, pixels: np.ndarray) -> None:
    for split, rows in (("train", slice(0, 4)), ("t10k", slice(4, 6))):
        idx(tmp_path / pictures.format(split), pixels[rows])
        idx(tmp_path / labels.format(split), np.arange(6)[rows])
    assert splits(tmp_path) == ("train", "test")
    train, test = open_source(tmp_path), open_source(tmp_path, split="test")
    assert train.ids == ("train/0", "train/1", "train/2", "train/3")
    assert train.labels.tolist() == [0, 1, 2, 3]
    assert test.class_names == ("0", "1", "2", "3", "4", "5")
    assert np.array_equal(np.asarray(test.read(1)), pixels[5])
    alone = open_source(tmp_path / pictures.format("t10k"))
    assert alone.ids == ("0", "1")
    assert alone.hashes.tolist() == test.hashes.tolist()
    assert alone.fingerprint == test.fingerprint


def test_pictures_without_labels(tmp_path: Path, pixels: np.ndarray) -> None:
    assert open_source(idx(tmp_path / "images", pixels)).labels is None
    assert open_source(idx(tmp_path / "colour" / "images", np.stack([pixels] * 3, axis=-1))).channels == 3


def test_further_columns_of_labels_are_passed_over(tmp_path: Path, pixels: np.ndarray) -> None:
    idx(tmp_path / "qmnist-test-images-idx3-ubyte", pixels)
    idx(tmp_path / "qmnist-test-labels-idx2-int", np.stack([np.arange(6), np.full(6, 9)], axis=1))
    assert open_source(tmp_path / "qmnist-test-images-idx3-ubyte").labels.tolist() == [0, 1, 2, 3, 4, 5]


def both(folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    for name, array in arrays.items():
        idx(folder / name, array)
    return folder


def cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-1])
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path, rows: idx(path / "t-labels", np.arange(6)), r"Got .*holds labels.*Name the file of pictures"),
        (lambda path, rows: cut(idx(path / "images", rows)), r"Got 'images: it is shorter than it says'"),
        (
            lambda path, rows: both(path, {"a-labels": np.arange(5), "a-images": rows}),
            r"one for each of 6 pictures\. G",
        ),
        (lambda path, rows: both(path, {"a-train-images": rows, "b-train-images": rows}), r"one file of pictures for"),
        (
            lambda path, rows: both(path, {"train-images": rows, "test-images": rows[:, 1:]}),
            r"pictures of one size\. Go",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(
    make: Callable[[Path, np.ndarray], Path], words: str, tmp_path: Path, pixels: np.ndarray
) -> None:
    with pytest.raises(DataError, match=words):
        open_source(make(tmp_path, pixels))


def test_pictures_beside_idx_files_are_spoken_of(tmp_path: Path, pixels: np.ndarray) -> None:
    idx(tmp_path / "train-images-idx3-ubyte", pixels)
    folder(tmp_path, {"sample.png": b"x"})
    assert open_source(tmp_path).skipped == (("sample.png", "lies beside idx files, which hold the pictures"),)


def test_fashion_mnist(shared_data: Callable[[str], Path]) -> None:
    source = open_source(shared_data("fashion-mnist"), split="test")
    official = gzip.decompress(shared_data("fashion-mnist/t10k-images-idx3-ubyte.gz").read_bytes())
    assert splits(shared_data("fashion-mnist")) == ("train", "test")
    assert source.pixels(np.arange(10_000)).numpy().tobytes() == official[16:]
    assert np.bincount(source.labels).tolist() == [1000] * 10
