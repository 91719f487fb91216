"""Runs side by side: who is one contestant, what is compared, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from nearfar.errors import RunError
from nearfar.records import MetricsLog, RunFolder, read_json, write_json
from nearfar.report import compare, write_comparison

TEST = {"name": "birds", "examples": 200, "fingerprint": "t"}
JUDGED = {"name": "birds", "train": {"split": "train", "examples": 800, "fingerprint": "f"}, "test": TEST}


def score(accuracy: float) -> dict[str, Any]:
    return {"accuracy": accuracy, "interval": [accuracy - 0.03, accuracy + 0.03], "settings": {}}


def run(
    root: Path, name: str, accuracy: float, *, seed: int = 0, method: str = "simclr", data: Any = JUDGED, **given: Any
) -> Path:
    """A judged run's folder."""
    files = RunFolder(root / name)
    files.path.mkdir(parents=True)
    options = given.pop("options", {"temperature": 0.2})
    settings = {"batch_size": 64, "steps": 100, "seed": seed, "views": {"strength": 0.5}, **given}
    about = {"method": method, "paper": f"{method.upper()}, somebody", "seed": seed, "settings": settings}
    write_json(files.run, {**about, "options": options, "data": {"name": "birds", "fingerprint": "f"}})
    baselines = {"raw": {"linear": score(0.3), "knn": score(0.2)}, "untrained": {"linear": score(0.4)}}
    scores = {"linear": score(accuracy), "knn": score(accuracy - 0.1)}
    write_json(files.scores, {"data": data, "scores": scores, "baselines": baselines})
    log = MetricsLog(files.metrics)
    for step in range(1, 101):
        record = {"step": step, "loss": 6 - step / 50, "chance": 6.0, "floor": 0.0, "seconds": 0.6 * step}
        log.append(record | ({"guard": "fine", "effective_rank": 9.0} if step % 10 == 0 else {}))
    log.close()
    return files.path


def test_runs_that_differ_in_the_seed_alone_are_one_contestant(tmp_path: Path) -> None:
    runs = [run(tmp_path, f"{seed}", 0.7 + seed / 100, seed=seed) for seed in range(3)]
    found = compare([*runs, run(tmp_path, "other", 0.5, method="byol")])
    first, second = found.entries
    assert (first.name, first.seeds, second.name, second.seeds) == ("SIMCLR", (0, 1, 2), "BYOL", (0,))
    assert vars(first.readings["linear"]) == pytest.approx({"mean": 0.71, "low": 0.7, "high": 0.72})
    assert vars(second.readings["linear"]) == pytest.approx({"mean": 0.5, "low": 0.47, "high": 0.53})
    assert (first.examples, first.seconds, first.guard) == (6400, pytest.approx(60), ("fine",) * 3)
    assert found.verdict == "SIMCLR is best on linear, 21.0 points above BYOL."
    assert found.baselines == {"raw": {"linear": 0.3, "knn": 0.2}, "untrained": {"linear": 0.4}}


def test_kin_are_named_by_what_they_differ_in(tmp_path: Path) -> None:
    runs = [run(tmp_path, f"{t}", 0.6, options={"temperature": t}) for t in (0.1, 0.2)]
    found = compare([*runs, run(tmp_path, "views", 0.5, views={"strength": 1.0})])
    assert [entry.name for entry in found.entries] == [
        "SIMCLR, temperature 0.1, view strength 0.5",
        "SIMCLR, temperature 0.2, view strength 0.5",
        "SIMCLR, temperature 0.2, view strength 1",
    ]
    assert found.verdict.endswith("0.0 points apart: too close to call.")


def test_seeds_alone_are_said_to_be_so(tmp_path: Path) -> None:
    found = compare([run(tmp_path, f"{seed}", 0.7, seed=seed) for seed in range(2)])
    assert found.verdict == "All runs are one contestant, SIMCLR, and differ in the seed alone."
    assert json.loads(json.dumps(found.as_dict()))["entries"][0]["seeds"] == [0, 1]


def test_draws_of_the_same_data_by_other_seeds_are_one_contestant(tmp_path: Path) -> None:
    runs = [run(tmp_path, f"{seed}", 0.7, seed=seed, examples=100) for seed in range(2)]
    for number, path in enumerate(runs):
        about = json.loads(RunFolder(path).run.read_text())
        write_json(
            RunFolder(path).run, about | {"data": {"name": "birds", "path": "birds", "fingerprint": f"{number}"}}
        )
    found = compare([*runs, run(tmp_path, "whole", 0.8)])
    assert [(entry.name, entry.seeds) for entry in found.entries] == [
        ("SIMCLR, examples None, training data f", (0,)), ("SIMCLR, examples 100, training data birds", (0, 1)),
    ]  # fmt: skip


def test_a_run_of_before_a_setting_meets_one_of_after(tmp_path: Path) -> None:
    found = compare([run(tmp_path, "old", 0.7), run(tmp_path, "new", 0.7, seed=1, examples=None, without=[])])
    assert len(found.entries) == 1


def test_data_is_the_same_by_its_pictures_and_not_by_its_name(tmp_path: Path) -> None:
    renamed = {**JUDGED, "name": "elsewhere"}
    assert compare([run(tmp_path, "a", 0.6), run(tmp_path, "b", 0.5, method="byol", data=renamed)]).entries
    others = {**JUDGED, "test": {**TEST, "fingerprint": "u"}}
    with pytest.raises(RunError, match=r"^compare: runs must be judged on the same data\. Got '.*/a on 200 examples"):
        compare([tmp_path / "a", run(tmp_path, "c", 0.5, data=others)])


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    one = run(tmp_path, "one", 0.6)
    with pytest.raises(RunError, match=r"^compare: runs must be at least 2 different folders\. "):
        compare([one, tmp_path / "." / "one"])
    other = run(tmp_path, "other", 0.5)
    scores = json.loads(RunFolder(other).scores.read_text())
    write_json(RunFolder(other).scores, {**scores, "scores": {"ridge": score(0.5)}})
    with pytest.raises(RunError, match=r"^compare: runs must be judged by one probe in common\. "):
        compare([one, other])
    RunFolder(other).scores.unlink()
    with pytest.raises(RunError, match=r"other must be judged already\. .* Type `nearfar evaluate .*/other birds`\."):
        compare([one, other])
    with pytest.raises(RunError, match=r"run\.json must be in the folder"):
        compare([one, tmp_path / "nowhere"])


def test_scores_of_pairs_are_compared_by_the_number_that_each_is_known_by(tmp_path: Path) -> None:
    ways = {"image_to_text": score(0.3), "text_to_image": score(0.2)}
    passages = score(0.5) | {"ndcg@10": 0.6, "ndcg@10_low": 0.55, "ndcg@10_high": 0.65}
    sts = {"spearman": -0.1, "interval": [-0.2, 0.0], "pearson": 0.1, "pearson_interval": [0.0, 0.2], "settings": {}}
    runs = [run(tmp_path, name, 0.5, method=name) for name in ("clip", "siglip")]
    for path in runs:
        known = read_json(RunFolder(path).scores)
        known["scores"] = {"sts": sts, "retrieval": ways, "passages": passages}
        known["baselines"] = {"chance": {"retrieval": {"image_to_text": score(0.1)}}, "bm25": {"passages": passages}}
        write_json(RunFolder(path).scores, known)
    found = compare(runs)
    assert found.probes == ("sts", "retrieval.image_to_text", "retrieval.text_to_image", "passages")
    assert [reading.mean for reading in found.entries[0].readings.values()] == [-0.1, 0.3, 0.2, 0.6]
    assert vars(found.entries[0].readings["passages"]) == {"mean": 0.6, "low": 0.55, "high": 0.65}
    assert found.baselines == {"chance": {"retrieval.image_to_text": 0.1}, "bm25": {"passages": 0.6}}
    page = write_comparison(found, tmp_path / "compare.html").read_text()
    assert "Own caption found first" in page
    assert 'style="--at:-' not in page, "what is below 0 stands at the axis's end"


def test_towers_are_told_apart_by_their_own_settings(tmp_path: Path) -> None:
    text = {"depth": 2, "tokenizer": "[" + 300 * "a" + "]"}
    runs = [run(tmp_path, "small", 0.5, text=text), run(tmp_path, "deep", 0.4, text=text | {"depth": 4})]
    assert [entry.name for entry in compare(runs).entries] == ["SIMCLR, text depth 2", "SIMCLR, text depth 4"]
    other = run(tmp_path, "other", 0.3, text=text | {"tokenizer": "[" + 300 * "b" + "]"})
    assert all(len(entry.name) < 80 for entry in compare([*runs, other]).entries)
    assert len(compare([*runs, other]).entries) == 3


def test_the_page_holds_scores_curves_and_settings(tmp_path: Path) -> None:
    found = compare([run(tmp_path, "a", 0.6), run(tmp_path, "b", 0.5, method="byol", options={"momentum": 0.9})])
    text = write_comparison(found, tmp_path / "compare.html").read_text(encoding="utf-8")
    assert found.verdict in text
    assert text.count("<polyline") == 4, "two runs, loss and effective rank"
    assert "<script" not in text
    assert ">momentum<" in text
    assert "60.0\N{NO-BREAK SPACE}%" in text


@pytest.mark.parametrize(("modality", "title"), [("image", "Raw pixels"), ("text", "TF-IDF")])
def test_raw_input_is_called_what_it_is(tmp_path: Path, modality: str, title: str) -> None:
    paths = [run(tmp_path, "a", 0.6), run(tmp_path, "b", 0.5, method="byol")]
    for path in paths:
        write_json(path / "run.json", read_json(path / "run.json") | {"modality": modality})
    text = write_comparison(compare(paths), tmp_path / "compare.html").read_text(encoding="utf-8")
    assert [name for name in ("Raw pixels", "TF-IDF") if name in text] == [title]


def test_names_cannot_break_the_page(tmp_path: Path) -> None:
    odd = "</script><b>"
    found = compare([run(tmp_path, "a", 0.6), run(tmp_path, "b", 0.5, options={"temperature": odd})])
    assert odd not in write_comparison(found, tmp_path / "compare.html").read_text(encoding="utf-8")
