"""Runs of the methods that rebuild and solve puzzles, as their recipes say, end to end on little data."""

from pathlib import Path

import numpy as np
import pytest
import torch
from stopping import stopped_after

import nearfar
from nearfar.engine import load_checkpoint
from nearfar.records import MetricsLog, RunFolder

QUICK = {"steps": 3, "batch_size": 16, "workers": 0}
LOGGED = {
    "autoencoder": set(),
    "denoisingautoencoder": set(),
    "vae": {"reconstruction_nats", "kl_nats"},
    "bigan": {"discriminator_nats", "encoder_generator_nats"},
    "mae": set(),
    "contextprediction": {"solved_fraction"},
    "jigsaw": {"solved_fraction"},
    "rotation": {"solved_fraction"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LOGGED)
def test_a_run_leaves_an_encoder_and_its_numbers(name: str, tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (48, 16, 16, 3), dtype=np.uint8)
    run = nearfar.pretrain(name, pictures, out=tmp_path / "run", **QUICK)
    records = MetricsLog.read(RunFolder(run.path).metrics)
    assert records[-1]["step"] == 3
    for record in records:
        assert LOGGED[name] <= set(record)
        assert np.isfinite(record["loss"])
    embedded = run.encoder.embed(pictures[:5])
    assert embedded.vectors.shape == (5, run.encoder.dim)
    assert np.isfinite(embedded.vectors).all()
    options = run.record["options"]
    assert options.get("shape", [3, 16, 16]) == [3, 16, 16]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vae", "mae", "bigan", "jigsaw"])
def test_a_batch_in_parts_and_gray_pictures(name: str, tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (48, 24, 24), dtype=np.uint8)
    run = nearfar.pretrain(name, pictures, out=tmp_path / "run", accumulate=2, precision="bf16-mixed", **QUICK)
    assert run.encoder.spec.channels == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bigan", "mae", "vae"])
def test_a_stopped_run_ends_as_one_that_never_was(name: str, tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (48, 16, 16), dtype=np.uint8)
    settings = QUICK | {"steps": 4}
    nearfar.pretrain(name, pictures, out=tmp_path / "whole", **settings)
    with stopped_after(2):
        nearfar.pretrain(name, pictures, out=tmp_path / "stopped", **settings)
    nearfar.resume(tmp_path / "stopped", data=pictures)
    whole, stopped = (load_checkpoint(RunFolder(tmp_path / end).checkpoint) for end in ("whole", "stopped"))
    for key, value in whole["method"].items():
        assert torch.equal(value, stopped["method"][key]), key
    groups = [group["name"] for group in whole["optimizer"]["param_groups"]]
    assert groups == [group["name"] for group in stopped["optimizer"]["param_groups"]]
    assert ("generator matrices" in groups) == (name == "bigan")
