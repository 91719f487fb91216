"""Runs on series, end to end on little data: every method, what comes of them, and what they refuse."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from stopping import stopped_after

import nearfar
from nearfar.engine import load_checkpoint
from nearfar.errors import NearfarError
from nearfar.methods import METHODS
from nearfar.records import MetricsLog, RunFolder
from nearfar.report import write_report

QUICK = {"steps": 3, "batch_size": 16, "workers": 0}
REBUILT = ["autoencoder", "denoisingautoencoder", "mae", "vae"]
JOINT = sorted(name for name, method in METHODS.items() if {"text", "series"} <= {*method.modalities})


def waves(count: int = 60, *, channels: int = 2, length: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noisy waves of three frequencies."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    place = np.arange(length) / length
    phase = random.uniform(0, 2 * np.pi, (count, channels, 1))
    clean = np.sin(2 * np.pi * (1 + 2 * labels[:, None, None]) * place + phase)
    return (clean + 0.2 * random.normal(size=clean.shape)).astype(np.float32), labels


@pytest.fixture
def file(tmp_path: Path) -> Path:
    x, y = waves()
    np.savez(tmp_path / "waves.npz", X=x, y=y, split=np.array(["train"] * 42 + ["test"] * 18))
    return tmp_path / "waves.npz"


@pytest.mark.slow
@pytest.mark.parametrize("name", REBUILT)
def test_a_run_leaves_an_encoder_its_numbers_and_a_page(name: str, file: Path, tmp_path: Path) -> None:
    run = nearfar.pretrain(name, file, out=tmp_path / "run", **QUICK)
    records = MetricsLog.read(RunFolder(run.path).metrics)
    assert records[-1]["step"] == 3
    assert all(np.isfinite(record["loss"]) for record in records)
    assert run.encoder.embed(file).vectors.shape == (42, run.encoder.dim)
    made = json.loads((run.path / "gallery/gallery.json").read_text())["made"]
    assert made["split"] == "test"
    rows = {row["name"]: row["image"] for row in made["panels"][0]["rows"]}
    assert {"original", "rebuilt"} <= set(rows)
    assert all((run.path / "gallery" / image).exists() for image in rows.values())
    nearfar.evaluate(run, file)
    page = write_report(run.path).read_text()
    assert "What it makes of series" in page
    assert "Raw numbers" in page
    assert "seriess" not in page


@pytest.mark.slow
@pytest.mark.parametrize("name", JOINT)
def test_joint_embedding_learns_from_series(name: str, file: Path, tmp_path: Path) -> None:
    run = nearfar.pretrain(name, file, out=tmp_path / "run", **QUICK)
    records = MetricsLog.read(RunFolder(run.path).metrics)
    assert all(np.isfinite(record["loss"]) for record in records)
    assert run.encoder.embed(file).vectors.shape == (42, run.encoder.dim)


def test_contrast_tells_waves_apart(tmp_path: Path) -> None:
    x, y = waves(240)
    run = nearfar.pretrain("simclr", x[:180], out=tmp_path / "run", steps=40, batch_size=60)
    scores = nearfar.evaluate(run, (x[:180], y[:180]), test=(x[180:], y[180:]), probes=("knn",)).as_dict()
    reached, before = (rows["knn"]["accuracy"] for rows in (scores["scores"], scores["baselines"]["untrained"]))
    assert reached > 0.9
    assert reached > before


@pytest.mark.slow
def test_a_stopped_run_ends_as_one_that_never_was(file: Path, tmp_path: Path) -> None:
    settings = QUICK | {"steps": 4}
    nearfar.pretrain("denoisingautoencoder", file, out=tmp_path / "whole", **settings)
    with stopped_after(2):
        nearfar.pretrain("denoisingautoencoder", file, out=tmp_path / "stopped", **settings)
    nearfar.resume(tmp_path / "stopped")
    whole, stopped = (load_checkpoint(RunFolder(tmp_path / end).checkpoint) for end in ("whole", "stopped"))
    for key, value in whole["method"].items():
        assert torch.equal(value, stopped["method"][key]), key


@pytest.mark.slow
def test_an_autoencoder_learns_what_waves_have_in_common(tmp_path: Path) -> None:
    x, y = waves(200)
    run = nearfar.pretrain("autoencoder", (x, y), out=tmp_path / "run", steps=60, batch_size=32, latent_dim=8)
    losses = [record["loss"] for record in MetricsLog.read(RunFolder(run.path).metrics)]
    assert losses[-1] < 0.5 < 0.9 < losses[0], "1 is the best constant"


@pytest.mark.slow
def test_the_encoder_is_one_like_any_other(file: Path, tmp_path: Path) -> None:
    run = nearfar.pretrain("autoencoder", file, out=tmp_path / "first", **QUICK)
    again = nearfar.pretrain("vae", file, out=tmp_path / "second", init=run.path, **QUICK)
    assert again.encoder.spec.size == run.encoder.spec.size
    tuned = nearfar.finetune(run, file, out=tmp_path / "tuned", steps=3)
    assert tuned.path.exists()
    table = nearfar.embed(run, file)
    table.write(tmp_path / "vectors.parquet")
    found = nearfar.search(tmp_path / "vectors.parquet", ["3"], k=2)
    assert len(found[0].ids) == 2
    nearfar.pretrain("mae", waves()[0][:, 0], out=tmp_path / "single", **QUICK)


def test_wrong_calls(file: Path, tmp_path: Path) -> None:
    run = nearfar.pretrain("autoencoder", file, out=tmp_path / "run", **QUICK)
    with pytest.raises(NearfarError, match=r"data must be series of 2 channels, as the encoder reads them\. Got 3\."):
        nearfar.embed(run, waves(channels=3)[0])
    with pytest.raises(ValueError, match=r"MAE: backbone must be a plain vision transformer .* Got 'SmallResNet'"):
        nearfar.pretrain("mae", file, backbone="small", out=tmp_path / "other")
    with pytest.raises(NearfarError, match=r"data must be pictures\. Got 'series'\. Name other data"):
        nearfar.pretrain("jigsaw", waves()[0], out=tmp_path / "other")
