"""What a user calls, end to end on little data."""

import io
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

import nearfar
from nearfar.data import Reading
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
    written = (files.run, files.metrics, files.checkpoint, files.weights, files.encoder, files.skipped, files.seen)
    for file in (*written, files.log):
        assert file.exists(), file
    assert run.record["options"]["hidden_dim"] == 32
    assert {"sample.parquet", "sample.webp", "views", "filters.png", "gallery.json"} <= {
        p.name for p in files.gallery.iterdir()
    }
    last = MetricsLog.read(files.metrics)[-1]
    assert last["step"] == 2
    assert last["floor"] < last["chance"] == pytest.approx(np.log(31))
    assert {"effective_rank", "projection_spread", "learning_rate", "examples_per_second"} <= set(last)


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
    assert steps >= 1
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


def pictures(folder: Path, *, broken: int = 0) -> Path:
    """Forty pictures of two classes, two of them the same under both, and files that are none."""
    generator = np.random.default_rng(0)
    for number in range(40):
        place = folder / "ab"[number % 2] / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(place)
    (folder / "a/twin.png").write_bytes((folder / "b/1.png").read_bytes())
    for number in range(broken):
        (folder / f"a/broken{number}.png").write_text("no picture")
    return folder


def test_people_are_told_what_a_run_learns_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = nearfar.pretrain("simclr", pictures(tmp_path / "data", broken=2), out=tmp_path / "run", **QUICK)
    files = RunFolder(run.path)
    counted, twice = capsys.readouterr().err.splitlines()[:2]
    assert counted.startswith("Learning from: 41 pictures in 2 classes; 2 files skipped: '")
    assert f"' 2 times (a/broken0.png); all of them are in {files.skipped}." in counted
    assert "1 of 41 examples is an exact copy" in twice
    assert "a/twin.png (a) = b/1.png (b)" in twice
    assert counted in files.log.read_text()
    assert twice in files.log.read_text()
    assert [line.split(",")[0] for line in files.skipped.read_text().splitlines()] == [
        "file", "a/broken0.png", "a/broken1.png",
    ]  # fmt: skip
    assert run.record["data"]["skipped"] == 2


def test_any_skipped_file_is_an_error_when_reading_is_strict(tmp_path: Path) -> None:
    data = pictures(tmp_path / "data", broken=2)
    with pytest.raises(DataError, match=r"(?s)a/broken0\.png .*a/broken1\.png "):
        nearfar.pretrain("simclr", data, out=tmp_path / "run", reading=Reading(strict=True), **QUICK)
    assert not (tmp_path / "run").exists()


def test_a_test_picture_that_the_encoder_learned_from_is_reported(
    run: nearfar.Run, arrays: tuple[np.ndarray, np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    other = 255 - arrays[0]
    test = np.concatenate([other[:10], arrays[0][:6], other[40:44]]), np.concatenate([arrays[1][:16], arrays[1][40:44]])
    scores = nearfar.evaluate(run, (other[:40], arrays[1][:40]), test=test, probes=["knn"], baselines=False)
    assert scores.as_dict()["data"]["overlap"] == {
        "encoder": {"examples": 6, "ids": ["10", "11", "12", "13", "14"]},
        "probes": {"examples": 10, "ids": ["0", "1", "2", "3", "4"]},
    }
    said = capsys.readouterr().err
    assert (
        "Warning: 6 of 20 test pictures are in the data that the encoder learned from (10, 11, 12 and 3 more)." in said
    )
    assert "Warning: 10 of 20 test pictures are also among those that the probes are fitted on" in said


def test_pictures_it_has_never_seen_give_no_warning(
    run: nearfar.Run, arrays: tuple[np.ndarray, np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    scores = nearfar.evaluate(run, (255 - arrays[0], arrays[1]), probes=["knn"], baselines=False)
    assert scores.data["overlap"]["encoder"] == {"examples": 0, "ids": []}
    assert "Warning" not in capsys.readouterr().err
    known = nearfar.evaluate(run.encoder, arrays, probes=["knn"], baselines=False)
    assert known.data["overlap"]["encoder"] is None, "an encoder alone does not know what it learned from"


def test_a_run_is_resumed_and_judged_as_its_data_was_read(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for name in ("train", "other"):
        encoded = []
        for _ in range(40):
            file = io.BytesIO()
            Image.fromarray(generator.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(file, "PNG")
            encoded.append(file.getvalue())
        masks = [b"no picture"] * 40
        table = pa.table({"mask": masks, "scan": encoded, "kind": list("ab" * 20)})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    reading = Reading(image_column="scan", label_column="kind")
    run = nearfar.pretrain("simclr", tmp_path / "train.parquet", out=tmp_path / "run", reading=reading, **QUICK)
    assert run.record["reading"] == asdict(reading)
    nearfar.resume(run.path, workers=0)
    assert nearfar.embed(run, tmp_path / "other.parquet").class_names == ("a", "b")
    assert nearfar.evaluate(run, tmp_path / "other.parquet", probes=["knn"], baselines=False).data["held_out"]
    with pytest.raises(DataError, match="label_column must be"):
        nearfar.embed(run, tmp_path / "other.parquet", reading=Reading(label_column="sort"))
    assert len(nearfar.embed(run, pictures(tmp_path / "folder"))) == 41, "columns of a table are none of a folder's"


def test_a_run_resumes_from_where_its_data_has_moved(tmp_path: Path) -> None:
    for part in ("train", "test"):
        pictures(tmp_path / "data" / part)
    run = nearfar.pretrain("simclr", tmp_path / "data", split="test", out=tmp_path / "run", **QUICK)
    (tmp_path / "data").rename(tmp_path / "moved")
    with pytest.raises(DataError, match="Say by --data where it is now"):
        nearfar.resume(run.path, workers=0)
    nearfar.resume(run.path, data=tmp_path / "moved", workers=0)


@pytest.mark.parametrize("name", ["pictures", "my pictures", "pictures/", "v1.0", "./pictures"])
def test_a_folder_of_its_own_is_called_after_the_last_part_of_the_datas_place(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pictures(tmp_path / "deep" / name)
    run = nearfar.pretrain("simclr", f"deep/{name}", **QUICK)
    assert run.path == Path("runs") / f"simclr-{name.strip('./') if '/' in name else name}"


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
