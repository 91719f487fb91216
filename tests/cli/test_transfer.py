"""`nearfar transfer` and the tables of `nearfar evaluate`, typed."""

import json
from pathlib import Path


def test_a_table_has_a_row_a_data_set_and_its_baselines(run: Path, pictures: Path, typed) -> None:
    answer = typed("transfer", str(run), str(pictures), str(pictures), "--probes", "knn", "linear")
    assert answer.code == 0, answer.err
    assert answer.out.count("pictures ") == answer.out.count("raw pixels") == 2
    assert "Probes were fitted and scored on each data set by itself." in answer.out
    assert answer.err.count("Fitting on: 32 pictures in 2 classes.") == 2


def test_json_has_the_scores_of_each_data_set(run: Path, pictures: Path, typed) -> None:
    answer = typed("transfer", str(run), str(pictures), "--probes", "knn", "--no-baselines", "--json")
    found = json.loads(answer.out)["datasets"]
    assert [one["data"]["name"] for one in found] == ["pictures"]
    assert list(found[0]["scores"]) == ["knn"]
    assert found[0]["baselines"] == {}


def test_layers_and_what_is_known_without_labels_are_printed(run: Path, pictures: Path, typed) -> None:
    answer = typed("evaluate", str(run), str(pictures), "--probes", "knn", "--no-baselines", "--layers")
    assert answer.code == 0, answer.err
    assert answer.out.index("this encoder") < answer.out.index("blocks.0") < answer.out.index("expansion")
    assert "Without labels: effective rank " in answer.out
