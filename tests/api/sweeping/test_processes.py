"""Places of trials on a machine, a folder held by one sweep, and what a process leaves that was killed."""

import io
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from nearfar.api.sweeping import processes
from nearfar.api.sweeping.processes import Process, alone, end, places
from nearfar.errors import RunError
from nearfar.records import SweepFolder


@pytest.fixture
def files(tmp_path: Path) -> SweepFolder:
    found = SweepFolder(tmp_path)
    found.trials.mkdir()
    found.write_trial({"number": 0, "name": "a", "settings": {}, "state": "begun"})
    return found


def test_trials_at_once_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(processes, "_cores", lambda: 9)
    assert places(1, devices=None) == [{}]
    assert places(4, devices=None) == [{"OMP_NUM_THREADS": "2"}] * 4
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert places(2, devices=None) == [{}, {}], "what the user says holds"


def test_each_has_a_gpu_where_there_are_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [place["CUDA_VISIBLE_DEVICES"] for place in places(3, devices=None)] == ["0", "1", "0"]
    assert places(2, devices=2) == [{}, {}], "each trial takes both"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    assert [place["CUDA_VISIBLE_DEVICES"] for place in places(2, devices=1)] == ["4", "6"]


def test_a_folder_is_one_sweeps_at_a_time(files: SweepFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PATIENCE", 0.1)
    with (
        alone(files),
        pytest.raises(RunError, match=r"^sweep: out must be a folder in which no sweep runs\. "),
        alone(files),
    ):
        pass
    with alone(files) as lock:
        assert isinstance(lock, int)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (-signal.SIGKILL, "ended by SIGKILL, perhaps for want of memory"),
        (-signal.SIGSEGV, "by SIGSEGV;"),
        (3, "with code 3"),
    ],
)
def test_a_process_that_left_no_word_has_failed(code: int, said: str, files: SweepFolder) -> None:
    end(files, Process("a", {}, SimpleNamespace(returncode=code, stdin=io.BytesIO()), io.BytesIO()))
    (record,) = files.read_trials()
    assert record["state"] == "failed"
    assert said in record["said"]
    assert "trials/a.log" in record["said"]


def test_a_process_that_is_done_keeps_its_word(files: SweepFolder) -> None:
    files.write_trial(files.read_trials()[0] | {"state": "done"})
    end(files, Process("a", {}, SimpleNamespace(returncode=-signal.SIGKILL, stdin=None), io.BytesIO()))
    assert files.read_trials()[0]["state"] == "done"
