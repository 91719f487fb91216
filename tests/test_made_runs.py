"""Runs that leave what their method makes of pictures, end to end on little data."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from stopping import stopped_after

import nearfar
from nearfar.engine import recorder
from nearfar.records import RunFolder

QUICK = {"steps": 3, "batch_size": 16, "workers": 0}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Dark pictures to learn from and light ones that are held out."""
    generator = np.random.default_rng(0)
    parts = {"x_train": generator.integers(0, 100, (40, 16, 16)), "x_test": generator.integers(150, 250, (20, 16, 16))}
    np.savez(tmp_path / "data.npz", **{name: values.astype(np.uint8) for name, values in parts.items()})
    return tmp_path / "data.npz"


def made(run: nearfar.Run | Path) -> dict[str, Any] | None:
    files = RunFolder(getattr(run, "path", run))
    return json.loads((files.gallery / "gallery.json").read_text()).get("made")


def shown(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((RunFolder(path).gallery / "made").iterdir())}


def test_a_run_shows_pictures_that_it_has_not_learned_from(data: Path, tmp_path: Path) -> None:
    run = nearfar.pretrain("autoencoder", str(data), out=tmp_path / "run", **QUICK)
    found = made(run)
    assert found is not None
    assert (found["split"], found["seed"], found["solved"]) == ("test", 0, None)
    [panel] = found["panels"]
    with Image.open(RunFolder(run.path).gallery / panel["rows"][0]["image"]) as image:
        strip = np.asarray(image)
    held_out = {picture.tobytes() for picture in np.load(data)["x_test"]}
    originals = [picture.tobytes() for picture in np.split(strip, 12, axis=1)]
    assert len({*originals}) == 12
    assert {*originals} <= held_out
    page = nearfar.write_report(run).read_text()
    assert 'id="made"' in page
    assert "test</bdi>, which the run has not learned from" in page


def test_other_methods_leave_nothing(data: Path, tmp_path: Path) -> None:
    run = nearfar.pretrain("simclr", str(data), out=tmp_path / "run", hidden_dim=16, **QUICK)
    assert made(run) is None
    assert not (RunFolder(run.path).gallery / "made").exists()
    assert 'id="made"' not in nearfar.write_report(run).read_text()


def test_a_run_without_a_split_held_out_says_so(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (40, 16, 16), dtype=np.uint8)
    run = nearfar.pretrain("rotation", pictures, out=tmp_path / "run", **QUICK)
    found = made(run)
    assert found is not None
    assert found["split"] is None
    assert (found["solved"]["of"], found["solved"]["choices"]) == (40, 4)
    assert "which the run has learned from: its data has no other split" in nearfar.write_report(run).read_text()


def test_a_test_split_that_is_gone_is_no_reason_to_fail(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = recorder.Recorder._record

    def losing(self: recorder.Recorder, *arguments: object, **keywords: object) -> None:
        record(self, *arguments, **keywords)
        data.unlink(missing_ok=True)

    monkeypatch.setattr(recorder.Recorder, "_record", losing)
    run = nearfar.pretrain("autoencoder", str(data), out=tmp_path / "run", **QUICK)
    found = made(run)
    assert found is not None
    assert found["split"] is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["autoencoder", "denoisingautoencoder", "vae", "bigan", "mae", "jigsaw"])
def test_a_stopped_run_shows_what_one_shows_that_never_was(name: str, data: Path, tmp_path: Path) -> None:
    nearfar.pretrain(name, str(data), out=tmp_path / "whole", **QUICK)
    nearfar.pretrain(name, str(data), out=tmp_path / "again", **QUICK)
    with stopped_after(2):
        nearfar.pretrain(name, str(data), out=tmp_path / "stopped", **QUICK)
    assert made(tmp_path / "stopped") is None
    assert 'id="made"' not in nearfar.write_report(tmp_path / "stopped").read_text()
    nearfar.resume(tmp_path / "stopped")
    assert made(tmp_path / "whole") == made(tmp_path / "again") == made(tmp_path / "stopped")
    assert shown(tmp_path / "whole") == shown(tmp_path / "again") == shown(tmp_path / "stopped")
