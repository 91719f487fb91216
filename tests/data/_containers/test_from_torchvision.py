import urllib.error
from pathlib import Path

import numpy as np
import pytest
from packing import idx

from nearfar.data import open_source, splits
from nearfar.errors import DataError


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of data sets, and no network."""

    def unreachable(*args: object, **options: object) -> None:
        raise urllib.error.URLError("there is no network here")

    monkeypatch.setenv("NEARFAR_DATA", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    return tmp_path


def test_a_data_set_that_is_there_is_that_of_its_files(root: Path, pixels: np.ndarray) -> None:
    raw, plain = root / "FashionMNIST" / "raw", root / "plain"
    for part, rows in (("train", pixels[:4]), ("t10k", pixels[4:])):
        for folder in (raw, plain):
            idx(folder / f"{part}-images-idx3-ubyte", rows)
            idx(folder / f"{part}-labels-idx1-ubyte", np.arange(8, 8 + len(rows)) % 10)
    assert splits("torchvision:fashionmnist") == ("train", "test")
    test = open_source("torchvision:FashionMNIST", split="test")
    assert test.ids == ("test/0", "test/1")
    assert test.class_names[9] == "Ankle boot"
    assert test.labels.tolist() == [8, 9]
    assert test.hashes.tolist() == open_source(plain, split="test").hashes.tolist()


def test_without_a_network_the_folder_to_fill_is_named(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match=r"there, or to be downloaded\. Got 'torchvision:CIFAR10: .*Download it where"):
        open_source("torchvision:CIFAR10")
    assert capfd.readouterr().out == ""


def test_the_folder_of_caches_is_where_data_goes_by_itself(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEARFAR_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / "caches"))
    with pytest.raises(DataError, match=r"caches/nearfar/torchvision"):
        open_source("torchvision:SVHN")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CIFAR11", r"Got 'torchvision:CIFAR11'\. Did you mean 'cifar10'\?"),
        ("CocoDetection", r"data must be an image data set of torchvision\. Got 'torchvision:CocoDetection'"),
        ("VisionDataset", r"data must be an image data set of torchvision"),
    ],
)
def test_a_name_that_is_none_of_theirs_is_refused(name: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        open_source(f"torchvision:{name}")
