"""Learning from a part, and with less than all augmentations: recorded, and obeyed by `resume`."""

import json
from pathlib import Path

import numpy as np
import pytest

import nearfar
from nearfar.records import RunFolder

QUICK = {"steps": 2, "batch_size": 8, "hidden_dim": 16, "workers": 0}
Arrays = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def arrays() -> Arrays:
    generator, labels = np.random.default_rng(0), np.arange(48) % 4
    return generator.integers(0, 256, (48, 16, 16), dtype=np.uint8), labels


def resumed(run: nearfar.Run, arrays: Arrays) -> tuple[bytes, bytes]:
    """The weights before and after the encoder is lost and the run gone on with."""
    files = RunFolder(run.path)
    weights = files.weights.read_bytes()
    files.weights.unlink()
    nearfar.resume(run, data=arrays, workers=0)
    return weights, files.weights.read_bytes()


def test_a_part_and_what_is_left_out_are_recorded_and_obeyed_by_resume(arrays: Arrays, tmp_path: Path) -> None:
    run = nearfar.pretrain("simclr", arrays, examples=12, without=["flip", "crop"], out=tmp_path / "run", **QUICK)
    assert run.record["data"]["examples"] == 12
    assert run.record["settings"]["examples"] == 12
    assert run.record["settings"]["without"] == ["flip", "crop"]
    before, after = resumed(run, arrays)
    assert before == after
    assert len(np.load(RunFolder(run.path).seen)["hashes"]) == 12


def test_a_run_of_before_these_settings_goes_on(arrays: Arrays, tmp_path: Path) -> None:
    run = nearfar.pretrain("simclr", arrays, out=tmp_path / "run", **QUICK)
    record = run.record
    del record["settings"]["examples"], record["settings"]["without"]
    RunFolder(run.path).run.write_text(json.dumps(record))
    before, after = resumed(run, arrays)
    assert before == after


@pytest.mark.usefixtures("as_users_call")
def test_wrong_calls_leave_nothing(arrays: Arrays, tmp_path: Path) -> None:
    for given, message in (
        ({"examples": 49}, r"pretrain: examples must be from 1 to 48"),
        ({"examples": 1}, r"pretrain: data must be at least 2 pictures"),
        ({"without": "flip"}, r"pretrain: without must be a list of names\. Got 'flip'\. Try without=\['flip'\]"),
        ({"without": ["flop"]}, r"Policy: without must be of crop, .* Did you mean 'flip'"),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            nearfar.pretrain("simclr", arrays, out=tmp_path / "run", **QUICK, **given)
        assert not (tmp_path / "run").exists()
