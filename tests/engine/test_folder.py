"""A run's folder is taken once, outside of the data, and its record is read back as written."""

import json
from pathlib import Path

import pytest

from nearfar.data import Reading
from nearfar.engine.folder import check_writable, claim, folder_of, read_run, reading_of
from nearfar.engine.run import Run
from nearfar.errors import RunError
from nearfar.records import RunFolder

RECORD = {
    "schema": 1, "method": "simclr", "modality": "image", "settings": {}, "options": {}, "data": {}, "log": [],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_users_call: None) -> None:
    monkeypatch.chdir(tmp_path)


def written(**changes: object) -> RunFolder:
    files = RunFolder(Path("run"))
    files.path.mkdir(exist_ok=True)
    files.run.write_text(json.dumps(RECORD | changes))
    return files


def test_a_folder_of_ones_own_is_numbered_when_it_is_taken() -> None:
    first, second = (claim(None, "simclr-cats", data=None, first=True) for _ in range(2))
    assert (first, second) == (Path("runs/simclr-cats"), Path("runs/simclr-cats-2"))


def test_an_empty_folder_may_be_taken_and_nothing_is_left_in_it() -> None:
    Path("mine").mkdir()
    assert claim("mine", "", data=None, first=True) == Path("mine")
    assert list(Path("mine").iterdir()) == []


@pytest.mark.parametrize("out", ["data", "data/run", "data/a/b"])
def test_a_run_is_not_put_among_its_data(out: str) -> None:
    Path("data").mkdir()
    Path("data/picture.png").touch()
    with pytest.raises(RunError, match="out must be"):
        claim(out, "", data=str(Path("data").absolute()), first=True)
    assert {path.name for path in Path("data").iterdir()} == {"picture.png"}


def test_a_run_may_stand_beside_its_data() -> None:
    Path("data").mkdir()
    assert claim("database", "", data=str(Path("data").absolute()), first=True) == Path("database")


def test_a_folder_that_takes_no_file_is_refused() -> None:
    with pytest.raises(
        RunError, match=r"evaluate: run must be a folder you can write\. Got '/proc: .*Make it writable"
    ):
        check_writable("evaluate", "run", Path("/proc"))


def test_a_record_is_read_back() -> None:
    assert read_run(written(seed=3), where="resume") == RECORD | {"seed": 3}


@pytest.mark.parametrize("name", ["method", "modality", "settings", "options", "data", "log"])
def test_a_record_must_be_whole(name: str) -> None:
    with pytest.raises(RunError, match=f"must be whole, with its {name}"):
        read_run(written(**{name: 5}), where="resume")


def test_a_run_of_another_modality_is_refused() -> None:
    with pytest.raises(RunError, match="run must be of modality image or text"):
        read_run(written(modality="audio"), where="resume")


def test_how_data_was_read_comes_back() -> None:
    assert reading_of({"reading": {"image_column": "img", "truncated": "use"}}) == Reading(
        image_column="img", truncated="use"
    )
    assert reading_of({}) == Reading()


@pytest.mark.parametrize("reading", [{"truncated": "perhaps"}, {"colour": "red"}, 5])
def test_a_damaged_way_of_reading_is_refused(reading: object) -> None:
    with pytest.raises(RunError, match="reading must be how this version reads data"):
        reading_of({"reading": reading})


def test_a_run_is_named_by_itself_or_by_its_folder() -> None:
    assert folder_of(Run("a"), where="x") == folder_of("a", where="x") == folder_of(Path("a"), where="x") == Path("a")
    with pytest.raises(TypeError, match="run must be a run or its folder"):
        folder_of(5, where="x")  # type: ignore[arg-type]
