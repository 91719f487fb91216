"""Data as a run takes it in: told of in a line, parted for judging, found again."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nearfar.data import Pictures, Reading, open_data
from nearfar.engine.intake import account, named, parts, place_of
from nearfar.errors import DataError


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_users_call: None) -> None:
    monkeypatch.chdir(tmp_path)


def save(*places: str) -> None:
    random = np.random.default_rng(0)
    for place in places:
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(place)


def opened(data: object) -> Pictures:
    source = open_data(data, modality="image", where="test")
    assert isinstance(source, Pictures)
    return source


def judged(data: object, test: object = None) -> tuple[int, int, bool]:
    train, held, held_out = parts(
        data, modality="image", split=None, test=test, seed=0, reading=Reading(), where="test"
    )
    return len(train), len(held), held_out


class TestAccount:
    def test_counts_pictures_and_classes(self) -> None:
        save("data/a/1.png", "data/a/2.png", "data/b/3.png")
        assert account(opened("data"), role="Learning from") == "Learning from: 3 pictures in 2 classes."

    def test_says_what_was_skipped_with_an_example_of_each_reason_and_where_all_are_listed(self) -> None:
        save("data/a/1.png", "data/b/2.png")
        for number in range(3):
            Path(f"data/a/broken{number}.png").write_text("no picture")
        source = opened("data")
        assert source.skipped
        reason = source.skipped[0][1].partition(",")[0]
        said = account(source, role="Data", listed=Path("run/skipped.csv"))
        skipped = f"3 files skipped: '{reason}' 3 times (a/broken0.png); all of them are in run/skipped.csv"
        assert said == f"Data: 2 pictures in 2 classes; {skipped}."
        assert account(source, role="Data", again=True) == "Data: 2 pictures in 2 classes."

    def test_many_reasons_are_cut(self) -> None:
        source = opened(np.zeros((2, 8, 8), np.uint8))
        source.skipped = tuple((f"{number}.png", f"reason {number}: more") for number in range(6))
        assert account(source, role="Data").endswith("'reason 2' once (2.png), other reasons 3 times.")

    def test_names_what_is_used_as_far_as_it_goes(self) -> None:
        Path("data").mkdir()
        pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
        Image.fromarray(pixels).save("data/whole.jpg")
        Path("data/cut.jpg").write_bytes(Path("data/whole.jpg").read_bytes()[:1500])
        source = open_data("data", modality="image", reading=Reading(truncated="use"), where="test")
        said = account(source, role="Data")
        assert said == "Data: 2 pictures without labels; 1 truncated picture used as far as can be seen (cut.jpg)."

    def test_counts_what_has_no_label(self) -> None:
        pixels = np.zeros((3, 8, 8), np.uint8)
        assert account(opened(pixels), role="Data") == "Data: 3 pictures without labels."
        assert account(opened((pixels, [0, 1, -1])), role="Data").endswith("in 2 classes, 1 of them without a label.")


class TestParts:
    def test_a_test_split_is_kept_for_judging(self) -> None:
        save(*(f"data/{part}/{name}/{n}.png" for part in ("train", "test") for name in "ab" for n in range(3)))
        assert judged("data") == (6, 6, False)

    def test_without_one_a_part_of_every_class_is_held_out(self) -> None:
        save(*(f"data/{name}/{n}.png" for name in "ab" for n in range(5)))
        assert judged("data") == (8, 2, True)

    def test_other_data_is_taken_whole_or_by_its_test_split(self) -> None:
        save(*(f"data/{name}/{n}.png" for name in "ab" for n in range(2)))
        save(*(f"plain/{name}/{n}.png" for name in "ab" for n in range(3)))
        save(*(f"split/{part}/{name}/{n}.png" for part in ("train", "test") for name in "ab" for n in range(4)))
        assert judged("data", "plain") == (4, 6, False)
        assert judged("data", "split") == (4, 8, False)

    def test_classes_of_a_single_picture_leave_nothing_to_judge_by(self) -> None:
        save("data/a/1.png", "data/b/1.png", "data/b/2.png")
        with pytest.raises(DataError, match=r"at least 2 pictures in each of 2 classes.* Got '1 of class a'"):
            judged("data")

    def test_one_such_class_among_others_does_no_harm(self) -> None:
        save("data/a/1.png", *(f"data/{name}/{n}.png" for name in "bc" for n in range(5)))
        assert judged("data") == (9, 2, True)


def test_a_place_is_absolute_a_name_stays_and_an_array_has_none() -> None:
    save("data/1.png")
    assert place_of("data") == str(Path("data").absolute())
    assert place_of("fashion-mini") == "fashion-mini"
    assert place_of("elsewhere:name") == "elsewhere:name"
    assert place_of(np.zeros(3)) is None


@pytest.mark.parametrize("nothing", ["", " "])
def test_no_name_is_not_the_current_folder(nothing: str) -> None:
    save("1.png")
    with pytest.raises(DataError, match="data must be a path or a name"):
        opened(nothing)


def test_a_few_names_stand_for_all() -> None:
    assert named(["a", "b"]) == "a, b"
    assert named(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
    assert named(["a", "b", "c", "d", "e"], of=100) == "a, b, c and 97 more"
