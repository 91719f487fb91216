from pathlib import Path

import pytest
from packing import Files, folder

from nearfar.data import Reading, open_source, splits
from nearfar.errors import DataError


def csv(path: Path, files: Files, text: str) -> Path:
    folder(path, files)
    (path / "list.csv").write_text(text, encoding="utf-8-sig")
    return path / "list.csv"


def test_labels_splits_and_quotes(files: Files, tmp_path: Path) -> None:
    text = (
        'split;"class";filename\ntrain;"a; b";cat/0.png\nvalid;10;cat/1.png\ntrain;-1;dog/0.png\n\ntrain;;dog/1.png\n'
    )
    path = csv(tmp_path, files, text)
    assert splits(path) == ("train", "val")
    source = open_source(path)
    assert source.ids == ("cat/0.png", "dog/0.png", "dog/1.png")
    assert source.class_names == ("10", "a; b")
    assert source.labels.tolist() == [1, -1, -1]


def test_columns_may_be_asked_for(files: Files, tmp_path: Path) -> None:
    path = csv(tmp_path, files, "n,where,what\n1,cat/0.png,x\n2,dog/0.png,y\n")
    source = open_source(path, reading=Reading(image_column="where", label_column="what"))
    assert source.class_names == ("x", "y")
    with pytest.raises(DataError, match=r"label_column must be a column of the data\. Got 'wat'\. Did you mean 'what'"):
        open_source(path, reading=Reading(image_column="where", label_column="wat"))


@pytest.mark.parametrize("text", ["cat/0.png,x\ndog/0.png,y\n", "cat/0.png\tx\ndog/0.png\ty\n"])
def test_the_line_of_names_may_be_missing(text: str, files: Files, tmp_path: Path) -> None:
    assert open_source(csv(tmp_path, files, text)).class_names == ("x", "y")


def test_a_list_of_paths_is_one_too(files: Files, tmp_path: Path) -> None:
    source = open_source(csv(tmp_path, files, "dog/0.png\ncat\\0.png\n"))
    assert source.ids == ("cat/0.png", "dog/0.png")
    assert source.labels is None


def test_absolute_paths_are_called_by_the_folder_around_them(files: Files, tmp_path: Path) -> None:
    elsewhere = folder(tmp_path / "pictures", files)
    text = f"path\n{elsewhere}/cat/0.png\n{elsewhere}/dog/0.png\n"
    assert open_source(csv(tmp_path / "lists", {}, text)).ids == ("cat/0.png", "dog/0.png")
    assert open_source(csv(elsewhere, {}, text)).ids == ("cat/0.png", "dog/0.png")


def test_what_is_missing_or_listed_twice_is_named(files: Files, tmp_path: Path) -> None:
    text = "path,label\ncat/0.png,a\n./cat/0.png,a\ndog/0.png,b\ndog/0.png,a\ncat/9.png,a\n"
    source = open_source(csv(tmp_path, files, text))
    assert source.ids == ("cat/0.png", "dog/0.png")
    assert source.skipped == (
        ("cat/0.png", "is listed twice"),
        ("dog/0.png", "is listed twice: as 'b', which counts, and as 'a'"),
        ("cat/9.png", "is not there; paths count from the folder of the table"),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "path,label\na.png,1,2\n",
            r"data must be a table of 2 values a line\. Got \['a\.png', '1', '2'\]\. Quote values",
        ),
        ("path,label\nno.png,1\n", r"no\.png is not there"),
        ("x,y\n1,2\n", r"data must be a folder, zip, .*or a CSV of their paths\. Got"),
        ('path,label\n"a.png,1\n', r"data must be readable\. Got 'list\.csv: .*"),
    ],
)
def test_what_is_no_list_is_refused(text: str, words: str, files: Files, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words):
        open_source(csv(tmp_path, {}, text))


def test_text_that_is_not_utf_8_is_refused(files: Files, tmp_path: Path) -> None:
    path = csv(tmp_path, files, "")
    path.write_bytes("path,label\ncat/0.png,Käse\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"data must be text in UTF-8\. Got .*list\.csv.\. Save"):
        open_source(path)
