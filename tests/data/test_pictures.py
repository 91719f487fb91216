import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from packing import below, kinds

from nearfar.data import open_source
from nearfar.errors import DataError

Files = dict[str, bytes]
Write = Callable[..., Path]


def test_hashes_are_of_the_files(files: Files, write: Write) -> None:
    source = open_source(write(files))
    assert source.hashes.dtype == "S16"
    assert source.hashes[3] == hashlib.sha256(files["dog/0.png"]).digest()[:16].rstrip(b"\0")
    assert len(set(source.hashes.tolist())) == 6


def test_a_selection_knows_its_hashes_without_reading(files: Files, write: Write) -> None:
    source = open_source(write(files))
    hashes = source.hashes
    (write(files) / "dog/0.png").unlink()
    assert source.select(np.array([3, 1])).hashes.tolist() == hashes[[3, 1]].tolist()


def test_a_picture_that_is_gone_is_named(files: Files, write: Write) -> None:
    source = open_source(write(files))
    (write(files) / "dog/0.png").write_bytes(files["dog/0.png"])
    (source._container.store.root / "dog/0.png").unlink()
    with pytest.raises(DataError, match=r"dog/0\.png: picture must be readable\. Got .*No such file"):
        _ = source.fingerprint


def test_the_fingerprint_sees_content_labels_and_order(files: Files, write: Write, pixels: np.ndarray) -> None:
    source = open_source(write(files))
    flat = open_source(write({name.replace("/", "-"): data for name, data in files.items()}, "flat"))
    renamed = open_source(write({name.replace("cat", "cow"): data for name, data in files.items()}, "renamed"))
    other = open_source(write({**files, "cat/0.png": files["cat/1.png"]}, "other"))
    prints = {source.fingerprint, flat.fingerprint, renamed.fingerprint, other.fingerprint}
    assert len({*prints, source.select(np.arange(6)[::-1]).fingerprint}) == 5
    assert source.select(np.arange(6)).fingerprint == source.fingerprint


def test_the_fingerprint_goes_by_the_names_of_classes(pixels: np.ndarray, files: Files) -> None:
    assert open_source((pixels, kinds(files))).fingerprint == open_source((pixels, kinds(files))).fingerprint
    numbers = open_source((pixels, [10, 10, 10, 9, 9, 9]))
    words = open_source((pixels, ["10", "10", "10", "9", "9", "9"]))
    assert numbers.class_names == words.class_names == ("9", "10")
    assert numbers.fingerprint == words.fingerprint


def test_where_the_pictures_lie_says_nothing(files: Files, write: Write) -> None:
    train = open_source(write(below("train", files)))
    assert train.fingerprint == open_source(write(files, "other")).fingerprint
