"""What judging leaves behind, on classes that were seen and on ones that were not, and on other data."""

import json
from pathlib import Path

import numpy as np
import pytest

import nearfar
from nearfar.data import hold_out_classes, open_source
from nearfar.engine import Encoder, ImageSpec
from nearfar.errors import DataError
from nearfar.records import RunFolder

Arrays = tuple[np.ndarray, np.ndarray]


def pictures(count: int, classes: int, *, colours: bool = False, seed: int = 0) -> Arrays:
    """Classes that differ in where a bright stripe is."""
    random, labels = np.random.default_rng(seed), np.arange(count) % classes
    pixels = random.integers(0, 100, (count, 16, 16, 3) if colours else (count, 16, 16))
    for row, label in enumerate(labels):
        pixels[row, 2 * label : 2 * label + 2] += 150
    return pixels.astype(np.uint8), labels


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder of gray pictures, as a run leaves it."""
    path = tmp_path_factory.mktemp("runs")
    spec = ImageSpec(backbone="small", stem=None, size=16, channels=1, mean=(0.3,), std=(0.3,), seed=0)
    Encoder(spec, spec.build()).save(path)
    return path


def test_scores_say_what_is_taken_for_what_and_what_is_known_without_labels(folder: Path) -> None:
    data = pictures(60, 3)
    data[1][::7] = -1
    scores = nearfar.evaluate(folder, data, probes=["linear"], baselines=False)
    record = json.loads(RunFolder(folder).scores.read_text())
    counts = np.array(record["confusion"]["counts"])
    assert record["confusion"]["classes"] == ["0", "1", "2"]
    assert counts.trace() / counts.sum() == record["scores"]["linear"]["accuracy"] == scores.scores["linear"].accuracy
    assert counts.sum() == record["scores"]["linear"]["settings"]["test_rows"]
    assert record["label_free"]["effective_rank"] > 1
    assert "layers" not in record
    gallery = json.loads((RunFolder(folder).gallery / "gallery.json").read_text())
    asked = [guess for guess in gallery["predicted"] if guess >= 0]
    assert np.bincount(asked, minlength=3).tolist() == counts.sum(axis=0).tolist()
    assert len(gallery["predicted"]) == len(gallery["certainty"]) == record["data"]["test"]["examples"]
    assert all(round(value, 4) == value and 0 <= value <= 1 for value in gallery["certainty"])


def test_what_the_linear_probe_said_goes_when_it_is_not_asked_again(folder: Path) -> None:
    nearfar.evaluate(folder, pictures(40, 2), probes=["linear"], baselines=False)
    nearfar.evaluate(folder, pictures(40, 2), probes=["knn"], baselines=False)
    gallery = json.loads((RunFolder(folder).gallery / "gallery.json").read_text())
    assert "tile" in gallery
    assert not {"predicted", "certainty"} & set(gallery)
    assert "confusion" not in json.loads(RunFolder(folder).scores.read_text())


def test_layers_are_judged_when_they_are_asked_for(folder: Path) -> None:
    record = nearfar.evaluate(folder, pictures(40, 2), probes=["knn"], baselines=False, layers=True).as_dict()
    assert [(layer["name"], layer["dim"]) for layer in record["layers"]] == [
        ("blocks.0", 64), ("blocks.1", 128), ("blocks.2", 256), ("expansion", 512),
    ]  # fmt: skip
    assert all(0.5 <= layer[probe]["accuracy"] <= 1 for layer in record["layers"] for probe in ("linear", "knn"))


def test_classes_that_nothing_was_fitted_on_are_told_apart(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = pictures(64, 8)
    scores = nearfar.evaluate(folder, data, held_out="classes", seed=2, probes=["retrieval"])
    _, held = hold_out_classes(open_source(data), seed=2)
    assert list(scores.baselines) == ["raw", "untrained"]
    assert scores.scores["retrieval"].settings["queries"] == len(held) == 16
    assert scores.baselines["raw"]["retrieval"].accuracy == 1.0
    assert scores.data["held_out_classes"] == {"classes": 2, "of": 8}
    assert scores.data["overlap"] == {"encoder": None, "probes": None}
    assert scores.confusion is None
    assert capsys.readouterr().err == "Judging by: 16 pictures in 2 classes.\n"
    usual = nearfar.evaluate(folder, data, held_out="classes", seed=2, baselines=False)
    assert list(usual.scores) == ["retrieval", "cluster", "fewshot"]
    assert usual.scores["retrieval"] == scores.scores["retrieval"]


def test_one_encoder_on_gray_and_on_coloured_data(folder: Path) -> None:
    spec = ImageSpec(backbone="small", stem=None, size=16, channels=3, mean=(0.3,) * 3, std=(0.3,) * 3, seed=0)
    sets = [pictures(40, 2), pictures(45, 3, colours=True)]
    for encoder in (folder, Encoder(spec, spec.build())):
        found = nearfar.transfer(encoder, sets, probes=["knn", "ridge"])
        assert [scores.data["test"]["examples"] for scores in found] == [8, 9]
        for scores in found:
            assert scores.scores["ridge"].accuracy == scores.baselines["raw"]["ridge"].accuracy == 1.0
    alone = nearfar.evaluate(Encoder(spec, spec.build()), sets[1], probes=["knn", "ridge"])
    assert (alone.scores, alone.baselines) == (found[1].scores, found[1].baselines)


@pytest.mark.usefixtures("as_users_call")
def test_wrong_calls(folder: Path) -> None:
    data = pictures(40, 2)
    with pytest.raises(TypeError, match=r"transfer: datasets must be a list of names\. Got 'fashion-mini'\."):
        nearfar.transfer(folder, "fashion-mini")
    with pytest.raises(ValueError, match="transfer: datasets must be at least one"):
        nearfar.transfer(folder, [])
    with pytest.raises(ValueError, match=r"transfer: probes must be of .* Did you mean 'linear'"):
        nearfar.transfer(folder, [data], probes=["liner"])
    with pytest.raises(DataError, match="transfer: training data must be labelled, with at least 2 classes"):
        nearfar.transfer(folder, [data, data[0]])
    with pytest.raises(DataError, match="evaluate: data must be of at least 3 classes"):
        nearfar.evaluate(folder, data, held_out="classes")
    with pytest.raises(ValueError, match="probes must be of retrieval, cluster, fewshot where classes are held out"):
        nearfar.evaluate(folder, data, held_out="classes", probes=["knn"])
