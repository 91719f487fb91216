"""What a user calls, end to end on little data."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import nearfar
from nearfar.errors import DataError, NonFiniteLossError, RunError
from nearfar.methods import SimCLR, Step
from nearfar.records import EmbeddingTable, MetricsLog, RunFolder

QUICK = {"steps": 2, "batch_size": 16, "hidden_dim": 32, "workers": 0}


@pytest.fixture(scope="module")
def arrays() -> tuple[np.ndarray, np.ndarray]:
    """Bright and dark pictures: classes that any representation tells apart."""
    generator = np.random.default_rng(0)
    labels = np.arange(80) % 2
    pixels = generator.integers(0, 100, (80, 16, 16)) + 150 * labels[:, None, None]
    return pixels.astype(np.uint8), labels


@pytest.fixture(scope="module")
def run(arrays: tuple[np.ndarray, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> nearfar.Run:
    return nearfar.pretrain("simclr", arrays, out=tmp_path_factory.mktemp("runs") / "run", **QUICK)


def test_a_run_leaves_what_the_records_promise(run: nearfar.Run) -> None:
    files = RunFolder(run.path)
    for file in (files.run, files.metrics, files.checkpoint, files.weights, files.encoder, files.skipped, files.log):
        assert file.exists(), file
    assert run.record["options"]["hidden_dim"] == 32
    assert {"sample.parquet", "sample.webp", "views", "gallery.json"} <= {p.name for p in files.gallery.iterdir()}
    last = MetricsLog.read(files.metrics)[-1]
    assert last["step"] == 2
    assert last["floor"] < last["chance"] == pytest.approx(np.log(31))
    assert {"effective_rank", "embedding_std", "learning_rate", "examples_per_second"} <= set(last)


def test_evaluate_scores_beside_both_baselines(run: nearfar.Run, arrays: tuple[np.ndarray, np.ndarray]) -> None:
    scores = nearfar.evaluate(run, arrays, probes=["knn", "linear"]).as_dict()
    assert scores["data"]["held_out"] is True
    assert scores["data"]["test"]["examples"] == 16
    for part in (scores["scores"], scores["baselines"]["raw"], scores["baselines"]["untrained"]):
        assert part["linear"]["accuracy"] == 1.0
        assert 0.0 <= part["knn"]["interval"][0] <= part["knn"]["accuracy"] <= part["knn"]["interval"][1] <= 1.0
    assert json.loads(RunFolder(run.path).scores.read_text())["scores"] == scores["scores"]
    assert nearfar.write_report(run).stat().st_size > 10_000


def test_an_encoder_is_usable_without_its_run(
    run: nearfar.Run, arrays: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    for file in (RunFolder(run.path).weights, RunFolder(run.path).encoder):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    table = nearfar.load(tmp_path).embed(arrays, batch_size=7)
    np.testing.assert_allclose(table.vectors, nearfar.embed(run, arrays).vectors, atol=1e-5)
    table.write(tmp_path / "vectors.parquet")
    again = EmbeddingTable.read(tmp_path / "vectors.parquet")
    np.testing.assert_array_equal(again.vectors, np.asarray(table))
    assert again.ids == table.ids


def test_the_untrained_encoder_is_the_one_before_step_0(run: nearfar.Run) -> None:
    one, other = run.encoder.untrained().backbone, run.encoder.spec.build()
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_same_command_gives_the_same_encoder(arrays: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    a, b = (nearfar.pretrain("simclr", arrays, out=tmp_path / name, **QUICK) for name in "ab")
    assert RunFolder(a.path).weights.read_bytes() == RunFolder(b.path).weights.read_bytes()
    c = nearfar.pretrain("simclr", arrays, out=tmp_path / "c", seed=1, **QUICK)
    assert RunFolder(a.path).weights.read_bytes() != RunFolder(c.path).weights.read_bytes()


def test_validation_is_judged_while_training(arrays: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    data = tmp_path / "data.npz"
    np.savez(data, x=arrays[0], y=arrays[1])
    run = nearfar.pretrain("simclr", arrays, out=tmp_path / "run", validation=str(data), **QUICK)
    assert MetricsLog.read(RunFolder(run.path).metrics)[-1]["knn_accuracy"] == 1.0


def test_minutes_become_steps_once(arrays: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    settings = {name: value for name, value in QUICK.items() if name != "steps"}
    run = nearfar.pretrain("simclr", arrays, out=tmp_path / "run", minutes=0.03, **settings)
    steps = run.record["steps"]
    assert steps > 2
    assert MetricsLog.read(RunFolder(run.path).metrics)[-1]["step"] == steps


def test_a_run_may_start_from_another(run: nearfar.Run, arrays: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    still = nearfar.pretrain("simclr", arrays, out=tmp_path / "still", init=str(run.path), learning_rate=1e-12, **QUICK)
    started, ended = run.encoder.backbone.state_dict(), still.encoder.backbone.state_dict()
    torch.testing.assert_close(started["stem.0.weight"], ended["stem.0.weight"], atol=1e-6, rtol=0)
    with pytest.raises(RunError, match="init must be weights of this backbone"):
        nearfar.pretrain("simclr", arrays, out=tmp_path / "other", init=str(run.path), backbone="resnet18", **QUICK)


def test_a_timm_network_on_larger_pictures_of_different_sizes(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for number in range(20):
        folder = tmp_path / "pictures" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        shape = (int(generator.integers(60, 90)), int(generator.integers(60, 90)), 3)
        Image.fromarray(generator.integers(0, 256, shape, dtype=np.uint8)).save(folder / f"{number}.png")
    settings = {"steps": 2, "batch_size": 8, "workers": 0, "hidden_dim": 32}
    run = nearfar.pretrain("simclr", tmp_path / "pictures", out=tmp_path / "run", backbone="resnet18", **settings)
    assert nearfar.embed(run, tmp_path / "pictures").vectors.shape == (20, 512)
    assert nearfar.evaluate(run, tmp_path / "pictures", probes=["knn"], baselines=False).data["held_out"]


def test_a_loss_that_is_no_number_stops_before_the_weights(
    arrays: tuple[np.ndarray, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward, calls = SimCLR.forward, []

    def breaking(self: SimCLR, batch: object) -> Step:
        calls.append(1)
        result = forward(self, batch)
        return result if len(calls) < 3 else result._replace(loss=result.loss * float("nan"), logs={})

    monkeypatch.setattr(SimCLR, "forward", breaking)
    with pytest.raises(NonFiniteLossError, match="step 3: loss must be finite"):
        nearfar.pretrain("simclr", arrays, out=tmp_path / "run", **QUICK | {"steps": 5})


@pytest.mark.usefixtures("as_users_call")
def test_wrong_calls(arrays: tuple[np.ndarray, np.ndarray], run: nearfar.Run, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Did you mean 'simclr'"):
        nearfar.pretrain("simcrl", arrays)
    with pytest.raises(ValueError, match="epochs and steps must be given one at a time"):
        nearfar.pretrain("simclr", arrays, steps=1, epochs=1)
    with pytest.raises(ValueError, match=r"minutes must be above 0\. Got -1"):
        nearfar.pretrain("simclr", arrays, minutes=-1)
    with pytest.raises(RunError, match=r"out must be a new folder\. .* `nearfar resume"):
        nearfar.pretrain("simclr", arrays, out=run.path, **QUICK)
    with pytest.raises(ValueError, match="Did you mean 'resnet18'"):
        nearfar.pretrain("simclr", arrays, out=tmp_path / "none", backbone="resnet81", **QUICK)
    assert not (tmp_path / "none").exists()
    with pytest.raises(ValueError, match="seed must be at least 0"):
        nearfar.pretrain("simclr", arrays, seed=-1)
    with pytest.raises(DataError, match="labelled, with at least 2 classes"):
        nearfar.pretrain("simclr", arrays, out=tmp_path / "none", validation=arrays[0], **QUICK)
    assert not (tmp_path / "none").exists()
    with pytest.raises(DataError, match="test must be data with the classes of the training data"):
        nearfar.evaluate(run, arrays, test=(arrays[0], arrays[1] + 1))
    with pytest.raises(DataError, match="labelled, with at least 2 classes"):
        nearfar.evaluate(run, arrays[0])
    with pytest.raises(ValueError, match="Did you mean 'linear'"):
        nearfar.evaluate(run, arrays, probes=["liner"])
    with pytest.raises(RunError, match="Name a run's folder"):
        nearfar.load(tmp_path)
