import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nearfar.data import Reading, open_source, splits
from nearfar.errors import DataError

Files = dict[str, bytes]


@pytest.fixture
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = pytest.importorskip("datasets", reason="the extra hf is not installed")
    monkeypatch.setattr(module.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    module.disable_progress_bars()
    return module


@pytest.fixture
def make(datasets: Any) -> Callable[[Files], Any]:
    """A `Dataset` of pictures with class labels, in the order given."""

    def made(files: Files) -> Any:
        features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})
        images = [{"bytes": data, "path": name} for name, data in files.items()]
        return datasets.Dataset.from_dict({"image": images, "label": [name[:3] for name in files]}, features=features)

    return made


def test_a_data_set_is_the_folder(make: Callable[[Files], Any], files: Files, write: Callable[[Files], Path]) -> None:
    source = open_source(make(files).shuffle(seed=1))
    assert source.ids == tuple(files)
    assert source.fingerprint == open_source(write(files)).fingerprint
    assert pickle.loads(pickle.dumps(source)).fingerprint == source.fingerprint


def test_a_dict_of_them_has_splits(
    make: Callable[[Files], Any], datasets: Any, files: Files, pixels: np.ndarray
) -> None:
    names = list(files)
    parts = {"train": names[:4], "test": names[4:]}
    data = datasets.DatasetDict({split: make({name: files[name] for name in part}) for split, part in parts.items()})
    assert splits(data) == ("train", "test")
    test = open_source(data, split="test")
    assert test.class_names == ("cat", "dog")
    assert test.labels.tolist() == [1, 1]
    assert np.array_equal(np.asarray(test.read(1)), pixels[5])


@pytest.mark.parametrize("as_dict", [False, True])
def test_what_save_to_disk_wrote_is_opened_without_the_library(
    make: Callable[[Files], Any], datasets: Any, files: Files, tmp_path: Path, as_dict: bool
) -> None:
    files = {name.replace("/", "-"): data for name, data in files.items()}  # the library keeps no folders
    data = make(files)
    if as_dict:
        parts = {"train": data.select(range(4)), "test": data.select([4, 5])}
        datasets.DatasetDict(parts).save_to_disk(tmp_path / "d")
        assert splits(tmp_path / "d") == ("train", "test")
        source = open_source(tmp_path / "d", split="test")
        assert source.ids == tuple(files)[4:]
    else:
        data.save_to_disk(tmp_path / "d", num_shards=2)
        source = open_source(tmp_path / "d")
        assert source.ids == tuple(files)
        assert source.fingerprint == open_source(data).fingerprint
    assert source.class_names == ("cat", "dog")


def test_pictures_may_lie_in_files_of_their_own(datasets: Any, files: Files, write: Callable[[Files], Path]) -> None:
    folder = write(files)
    paths = [str(folder / name) for name in files]
    named = datasets.Dataset.from_dict({"image": paths})
    assert len(open_source(named.cast_column("image", datasets.Image()))) == 6
    assert open_source(named).ids == tuple(files)


def test_a_name_is_loaded(datasets: Any, files: Files, write: Callable[[Files], Path]) -> None:
    source = open_source(f"hf:{write(files)}")
    assert source.class_names == ("cat", "dog")
    assert sorted(source.hashes.tolist()) == sorted(open_source(write(files)).hashes.tolist())


def test_wrong_calls(make: Callable[[Files], Any], datasets: Any, files: Files) -> None:
    with pytest.raises(DataError, match=r"image_column must be a column of the data\. Got 'img'\. Did you mean 'image"):
        open_source(make(files), reading=Reading(image_column="img"))
    with pytest.raises(DataError, match=r"a data set with a length\. Got .*Load it with streaming=False"):
        open_source(make(files).to_iterable_dataset())
    with pytest.raises(DataError, match=r"Hub that can be loaded\. Got .hf:nobody/nothing: .*Check its name"):
        open_source("hf:nobody/nothing")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match=r"Got 'hf:mnist'\. Type pip install 'nearfar\[hf\]'"):
        open_source("hf:mnist")
