"""A run that was stopped, in whatever way, ends with the weights of a run that never was."""

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from stopping import stopped_after

import nearfar
from nearfar.engine import load_checkpoint
from nearfar.errors import DataError, RunError
from nearfar.records import MetricsLog, RunFolder

SCRIPT = Path(__file__).with_name("killed_run.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of different sizes, so that the loader crops them in its workers."""
    path = tmp_path_factory.mktemp("pictures")
    generator = np.random.default_rng(0)
    for number in range(48):
        shape = (int(generator.integers(20, 40)), int(generator.integers(20, 40)), 3)
        Image.fromarray(generator.integers(0, 256, shape, dtype=np.uint8)).save(path / f"{number}.png")
    return path


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (64, 16, 16), dtype=np.uint8)


def assert_same_end(one: Path, other: Path) -> None:
    a, b = (load_checkpoint(RunFolder(path).checkpoint) for path in (one, other))
    assert a["step"] == b["step"]
    for key, value in a["method"].items():
        assert torch.equal(value, b["method"][key]), key
    for number, state in a["optimizer"]["state"].items():
        for key, value in state.items():
            assert torch.equal(torch.as_tensor(value), torch.as_tensor(b["optimizer"]["state"][number][key])), key
    assert RunFolder(one).weights.read_bytes() == RunFolder(other).weights.read_bytes()


@pytest.mark.parametrize("optimizer", ["muon", "adamw", "sgd", "lars"])
def test_a_signal_saves_and_resume_goes_on(optimizer: str, pixels: np.ndarray, tmp_path: Path) -> None:
    settings = {"steps": 6, "batch_size": 16, "optimizer": optimizer, "accumulate": 2, "hidden_dim": 32, "clip": 1.0}
    nearfar.pretrain("simclr", pixels, out=tmp_path / "whole", **settings)
    with stopped_after(3) as told:
        nearfar.pretrain("simclr", pixels, out=tmp_path / "stopped", **settings)
    told.match("Stopped by SIGTERM after step 3 of 6")
    assert not RunFolder(tmp_path / "stopped").weights.exists()
    nearfar.resume(tmp_path / "stopped", data=pixels)
    assert_same_end(tmp_path / "whole", tmp_path / "stopped")
    steps = [line["step"] for line in MetricsLog.read(RunFolder(tmp_path / "stopped").metrics)]
    assert steps == [1, 2, 3, 4, 5, 6]


def test_other_data_is_refused(pixels: np.ndarray, tmp_path: Path) -> None:
    nearfar.pretrain("simclr", pixels, out=tmp_path / "run", steps=1, batch_size=16)
    with pytest.raises(DataError, match="what the run began with"):
        nearfar.resume(tmp_path / "run", data=pixels[::-1].copy())
    with pytest.raises(DataError, match="object in memory"):
        nearfar.resume(tmp_path / "run")


def test_a_damaged_checkpoint_gets_one_sentence(pixels: np.ndarray, tmp_path: Path) -> None:
    nearfar.pretrain("simclr", pixels, out=tmp_path / "run", steps=1, batch_size=16)
    checkpoint = RunFolder(tmp_path / "run").checkpoint
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(RunError, match="a readable checkpoint"):
        nearfar.resume(tmp_path / "run", data=pixels)


def run(out: Path, data: Path, *, steps: int, workers: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(SCRIPT), str(out), str(data), str(steps), str(workers)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@pytest.mark.slow
def test_twenty_kills(folder: Path, tmp_path: Path) -> None:
    steps = 250
    whole = run(tmp_path / "whole", folder, steps=steps, workers=0)
    begun = time.monotonic()
    _, errors = whole.communicate()
    assert whole.returncode == 0, errors.decode()
    length = time.monotonic() - begun
    chance, kills, finished = random.Random(0), 0, 0
    while kills < 20 or not finished:
        killed = tmp_path / f"killed-{finished}"
        process = run(killed, folder, steps=steps, workers=kills % 3)
        moment = chance.uniform(0.35, 0.65) * min(length, 20.0) if kills < 20 else None
        try:
            _, errors = process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
            continue
        assert process.returncode == 0, errors.decode()
        assert_same_end(tmp_path / "whole", killed)
        finished += 1
