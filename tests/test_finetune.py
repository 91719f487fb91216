"""Fine-tuning and predicting, end to end on little data."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import nearfar
from nearfar.data import open_source, with_few_labels
from nearfar.errors import DataError, RunError
from nearfar.records import RunFolder, read_json

Arrays = tuple[np.ndarray, np.ndarray]
QUICK = {"steps": 3, "batch_size": 16, "workers": 0}


@pytest.fixture(scope="module")
def arrays() -> Arrays:
    """Bright and dark pictures: classes that any representation tells apart."""
    generator = np.random.default_rng(0)
    labels = np.arange(80) % 2
    pixels = generator.integers(0, 100, (80, 16, 16)) + 150 * labels[:, None, None]
    return pixels.astype(np.uint8), labels


@pytest.fixture(scope="module")
def run(arrays: Arrays, tmp_path_factory: pytest.TempPathFactory) -> nearfar.Run:
    out = tmp_path_factory.mktemp("runs") / "run"
    return nearfar.pretrain("simclr", arrays[0], out=out, hidden_dim=32, **QUICK)


@pytest.fixture(scope="module")
def tuned(run: nearfar.Run, arrays: Arrays, tmp_path_factory: pytest.TempPathFactory) -> nearfar.Run:
    out = tmp_path_factory.mktemp("runs") / "tuned"
    return nearfar.finetune(run, arrays, out=out, **(QUICK | {"steps": 20}))


def test_it_begins_from_the_encoder_and_moves_it(run: nearfar.Run, tuned: nearfar.Run) -> None:
    settings = tuned.record["settings"]
    assert settings["init"] == str(run.path)
    assert settings["mean"] == list(run.encoder.spec.mean)
    assert not torch.equal(*(one.encoder.backbone.expansion[0].weight for one in (run, tuned)))


def test_predictions_name_class_probability_and_the_nearest_example(
    tuned: nearfar.Run, arrays: Arrays, tmp_path: Path
) -> None:
    found = nearfar.predict(tuned, arrays)
    assert [int(label) for label in found.labels] == arrays[1].tolist()
    assert found.nearest == found.ids, "each is in the training data"
    np.testing.assert_allclose(found.similarities, 1, atol=1e-5)
    assert ((found.probabilities >= 0.5) & (found.probabilities <= 1)).all()
    found.write(tmp_path / "predictions.csv")
    with (tmp_path / "predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "label", "probability", "nearest", "similarity"]
    assert [row["label"] for row in rows] == list(found.labels)


def test_a_frozen_encoder_stays_as_it_was(run: nearfar.Run, arrays: Arrays, tmp_path: Path) -> None:
    frozen = nearfar.finetune(run, arrays, freeze=True, out=tmp_path / "frozen", **QUICK)
    before, after = run.encoder.backbone.state_dict(), frozen.encoder.backbone.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before), "batch norms too"


def test_few_labels_are_a_part_of_each_class(arrays: Arrays) -> None:
    source = open_source(arrays)
    few, more = (with_few_labels(source, fraction=part, seed=3) for part in (0.1, 0.3))
    assert np.bincount(few.labels).tolist() == [4, 4]
    assert np.bincount(more.labels).tolist() == [12, 12]
    assert set(few.ids) < set(more.ids)
    assert np.bincount(with_few_labels(source, fraction=1e-6).labels).tolist() == [1, 1]
    assert with_few_labels(source, fraction=0.1, seed=4).ids != few.ids


def test_few_labels_are_learned_from_and_kept_on_resume(run: nearfar.Run, arrays: Arrays, tmp_path: Path) -> None:
    small = nearfar.finetune(run, arrays, labels=0.2, out=tmp_path / "few", steps=3, batch_size=8, workers=0)
    assert small.record["data"]["examples"] == 16
    weights = RunFolder(small.path).weights.read_bytes()
    for file in (RunFolder(small.path).weights, RunFolder(small.path).classifier):
        file.unlink()
    assert nearfar.resume(small, data=arrays, workers=0).path == small.path
    assert RunFolder(small.path).weights.read_bytes() == weights
    assert RunFolder(small.path).classifier.exists()


def test_the_classifier_is_the_method_s(tuned: nearfar.Run, arrays: Arrays) -> None:
    from nearfar.engine import Classifier

    classifier = Classifier.load(tuned.path)
    logits = classifier.layer(torch.from_numpy(classifier.encoder.embed(arrays).vectors))
    probabilities = nearfar.predict(tuned, arrays).probabilities
    np.testing.assert_allclose(logits.softmax(1).amax(1).detach().numpy(), probabilities, atol=1e-6)
    assert classifier.class_names == tuple(read_json(RunFolder(tuned.path).run)["data"]["class_names"])


def damaged(tuned: nearfar.Run, tmp_path: Path) -> Path:
    for file in ("encoder.json", "encoder.safetensors", "classifier.safetensors"):
        (tmp_path / file).write_bytes((tuned.path / file).read_bytes())
    (tmp_path / "classifier.safetensors").write_bytes(b"no weights")
    return tmp_path


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"labels": 0.0}, r"labels must be a fraction above 0 and at most 1\. Got 0\.0\. Try 0\.1\."),
        ({"labels": 10}, r"labels must be a fraction above 0 and at most 1\. Got 10\. Try 0\.1\."),
        ({"epochs": 1.0, "steps": 2}, "epochs and steps must be given one at a time"),
        ({"learning_rate": -1.0}, "learning_rate must be above 0"),
    ],
)
def test_a_wrong_call_gets_one_sentence(
    given: dict[str, Any], message: str, run: nearfar.Run, arrays: Arrays, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=f"^finetune: {message}"):
        nearfar.finetune(run, arrays, out=tmp_path / "new", **given)
    assert not (tmp_path / "new").exists()


def test_data_that_cannot_be_used_is_refused(
    run: nearfar.Run, tuned: nearfar.Run, arrays: Arrays, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"^finetune: data must be labelled"):
        nearfar.finetune(run, arrays[0], out=tmp_path / "new")
    coloured = np.repeat(arrays[0][..., None], 3, axis=3), arrays[1]
    coloured[0][..., 0] = 0
    with pytest.raises(DataError, match=r"^finetune: data must be gray, as the encoder's were. Got 'in colour'. "):
        nearfar.finetune(run, coloured, out=tmp_path / "new")
    with pytest.raises(RunError, match=r"^predict: .* must be a run with a classifier. Got 'an encoder alone'. "):
        nearfar.predict(run, arrays)
    with pytest.raises(RunError, match=r"^predict: .* must be an undamaged classifier"):
        nearfar.predict(damaged(tuned, tmp_path), arrays)
