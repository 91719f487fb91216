import numpy as np
import pytest

from nearfar.data._containers.layout import arrange, is_litter, number


def test_a_single_folder_around_everything_is_passed_over() -> None:
    layout = arrange(["top/b/1.png", "top/a/2.png"])
    assert layout.order == (1, 0)
    assert layout.ids == ("a/2.png", "b/1.png")
    assert layout.class_names == ("a", "b")
    assert layout.splits is None


def test_one_class_folder_alone_is_no_class() -> None:
    layout = arrange(["cat/1.png", "cat/2.png"])
    assert layout.ids == ("1.png", "2.png")
    assert layout.labels is None


def test_a_single_split_is_a_split() -> None:
    layout = arrange(["train/1.png", "train/2.png"])
    assert layout.ids == ("train/1.png", "train/2.png")
    assert layout.splits is not None
    assert layout.splits.tolist() == ["train", "train"]
    assert layout.labels is None


def test_a_class_called_test_is_a_class_among_classes() -> None:
    layout = arrange(["test/1.png", "exam/2.png"])
    assert layout.splits is None
    assert layout.class_names == ("exam", "test")


def test_what_lies_beside_the_splits_is_left_out() -> None:
    layout = arrange(["logo.png", "test/a/1.png", "train/a/1.png"])
    assert layout.ids == ("test/a/1.png", "train/a/1.png")
    assert layout.skipped == (("logo.png", "lies outside of the splits test, train"),)


def test_nothing_is_laid_out_as_nothing() -> None:
    assert arrange([]).ids == ()


@pytest.mark.parametrize("path", [".DS_Store", "a/.x/b.png", "__MACOSX/._a.png", "a/Thumbs.db", "@eaDir/a.jpg"])
def test_litter(path: str) -> None:
    assert is_litter(path)


def test_what_is_no_litter() -> None:
    assert not is_litter("a.b/c.d.png")


@pytest.mark.parametrize(
    ("values", "labels", "names"),
    [
        (["b", "a", None, "", "b"], [1, 0, -1, -1, 1], ("a", "b")),
        ([10, 9, -1, 10], [1, 0, -1, 1], ("9", "10")),
        ([1.0, float("nan"), 0.0], [1, -1, 0], ("0", "1")),
        (np.array([3, 1], np.uint8), [1, 0], ("1", "3")),
        ([], [], ()),
    ],
)
def test_labels_count_from_0(values: list[object], labels: list[int], names: tuple[str, ...]) -> None:
    found, called = number(values)
    assert found.tolist() == labels
    assert found.dtype == np.int64
    assert called == names


def test_names_may_be_given() -> None:
    assert number([2, 1, 2], ["two", "one", "two"])[1] == ("one", "two")
