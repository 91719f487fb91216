import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from packing import Files, arrow, folder, kinds, parquet, rows

from nearfar.data import Reading, open_source, splits
from nearfar.data._containers.ranges import RangeStore
from nearfar.errors import DataError


def test_columns_may_be_asked_for(files: Files, tmp_path: Path) -> None:
    data = list(files.values())
    table = pa.table({"left": data, "right": data[::-1], "label": [1] * 6, "kind": kinds(files)})
    path = parquet(tmp_path / "a.parquet", table)
    assert (
        open_source(path).read(0).tobytes() == open_source(path, reading=Reading(image_column="left")).read(0).tobytes()
    )
    other = open_source(path, reading=Reading(image_column="right", label_column="kind"))
    assert other.hashes.tolist() == open_source(path).hashes.tolist()[::-1]
    assert other.class_names == ("cat", "dog")


@pytest.mark.parametrize("name", ["img", "Image", "picture"])
def test_usual_names_come_before_others(name: str, files: Files, tmp_path: Path) -> None:
    data = list(files.values())
    path = parquet(tmp_path / "a", pa.table({"thumbnail": [b"no picture"] * 6, name: data, "Labels": [2] * 6}))
    assert open_source(path).class_names == ("2",)


@pytest.mark.parametrize("kind", [pa.large_binary(), pa.binary_view()])
def test_any_type_of_bytes_and_rows_without_them(kind: pa.DataType, files: Files, tmp_path: Path) -> None:
    data = [*files.values(), None]
    table = pa.table({"image": pa.array(data, kind)})
    for path in (parquet(tmp_path / "a.parquet", table), arrow(tmp_path / "a.arrow", table)):
        source = open_source(path)
        assert len(source) == 6
        assert source.skipped == (("6", "holds no bytes"),)


def test_an_arrow_file_is_read_where_it_lies(files: Files, tmp_path: Path) -> None:
    path = arrow(tmp_path / "a.arrow", rows(files))
    store = open_source(path)._container.store
    assert isinstance(store, RangeStore)
    assert store.files == (path,)
    unpacked = open_source(arrow(tmp_path / "b.arrow", rows(files), compression="lz4"))._container.store
    assert unpacked.files != (tmp_path / "b.arrow",)


def test_a_column_of_paths(files: Files, tmp_path: Path) -> None:
    folder(tmp_path / "a", files)
    path = parquet(tmp_path / "a" / "t.parquet", pa.table({"file_name": list(files), "label": kinds(files)}))
    assert open_source(path).fingerprint == open_source(folder(tmp_path / "b", files)).fingerprint


def test_shards_of_a_folder_are_one_in_the_order_of_their_pictures(files: Files, tmp_path: Path) -> None:
    names = list(files)
    for number in range(3):
        part = {name: files[name] for name in names[number::3]}
        arrow(tmp_path / f"data-{number:05d}-of-00003.arrow", rows(part, label=kinds(part)), stream=True)
    arrow(tmp_path / "cache-0123.arrow", pa.table({"indices": [3, 1]}), stream=True)
    parts = [{"filename": f"data-{number:05d}-of-00003.arrow"} for number in range(3)]
    (tmp_path / "state.json").write_text(json.dumps({"_data_files": parts}))
    assert open_source(tmp_path).fingerprint == open_source(folder(tmp_path / "b", files)).fingerprint
    assert splits(tmp_path) == ()


def test_splits_whose_pictures_are_called_alike(files: Files, tmp_path: Path) -> None:
    for split in ("train", "test"):
        parquet(tmp_path / "data" / f"{split}-00000-of-00001.parquet", rows(files, label=kinds(files)))
    source = open_source(tmp_path)
    assert source.ids == tuple(f"train/{name}" for name in files)
    assert source.fingerprint == open_source(tmp_path, split="test").fingerprint


def test_pictures_beside_tables_are_spoken_of(files: Files, tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet", rows(files))
    folder(tmp_path / "docs", {"logo.png": b"x"})
    assert open_source(tmp_path).skipped == (("docs/logo.png", "lies beside tables, which hold the pictures"),)


@pytest.mark.parametrize(
    ("table", "reading", "words"),
    [
        (
            {"img": [b"x"]},
            {"image_column": "imag"},
            r"image_column must be a column of the data\. Got 'imag'\. Did you",
        ),
        ({"img": [b"x"]}, {"label_column": "kind"}, r"label_column must be a column .* Got 'kind'\. Choose from img"),
        ({"a": [b"x"], "n": [1]}, {"image_column": "n"}, r"column of encoded pictures or paths\. Got {'n': 'int64'}"),
        ({"a": [b"x"], "n": [[1]]}, {"label_column": "n"}, r"column of numbers or words\. Got 'list<"),
        ({"n": [1]}, {}, r"a table with a column of picture bytes\. Got \['n'\]\. Name the column of pictures"),
    ],
)
def test_wrong_columns_are_refused(
    table: dict[str, list[object]], reading: dict[str, str], words: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=words):
        open_source(parquet(tmp_path / "a", pa.table(table)), reading=Reading(**reading))


def test_tables_that_differ_are_refused(files: Files, tmp_path: Path) -> None:
    parquet(tmp_path / "train.parquet", rows(files, label=kinds(files)))
    parquet(tmp_path / "test.parquet", rows(files))
    paths = [tmp_path / "train.parquet", tmp_path / "test.parquet"]
    with pytest.raises(DataError, match=r"tables of the same columns\. Got 'test\.parquet without label'"):
        open_source(paths)


def test_columns_are_refused_where_there_are_none(files: Files, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"image_column must be left out for data without columns\. Got 'img'"):
        open_source(folder(tmp_path / "a", files), reading=Reading(image_column="img"))
    with pytest.raises(DataError, match=r"label_column must be left out for data without columns"):
        open_source(np.zeros((2, 4, 4), np.uint8), reading=Reading(label_column="y"))
