"""Scores for people."""

from rich.console import Console
from rich.table import Table

from nearfar.cli.scores import basis, layer_table, score_table, transfer_table, without_labels


def score(accuracy: float, **settings: int) -> dict[str, object]:
    return {"accuracy": accuracy, "interval": [accuracy - 0.02, accuracy + 0.01], "settings": settings}


SCORES = {
    "data": {
        "name": "shirts",
        "train": {"split": "train", "examples": 10_000},
        "test": {"name": "shirts", "examples": 2_000},
        "held_out": False,
    },
    "scores": {"knn": score(0.85), "fewshot": score(0.76, labels_per_class=10, episodes=20)},
    "baselines": {
        "raw": {"knn": score(0.8), "fewshot": score(0.7)},
        "untrained": {"knn": score(0.7), "fewshot": score(0.5)},
    },
}


def printed(table: Table) -> list[list[str]]:
    console = Console(width=100)
    with console.capture() as caught:
        console.print(table)
    return [line.split() for line in caught.get().splitlines() if line.strip(" \N{BOX DRAWINGS LIGHT HORIZONTAL}")]


def test_the_table_has_a_row_an_encoder_and_a_column_a_probe() -> None:
    assert printed(score_table(SCORES)) == [
        ["accuracy", "in", "%", "k-NN", "10", "labels", "a", "class"],
        ["raw", "pixels", "80.0", "±", "1.5", "70.0", "±", "1.5"],
        ["untrained", "network", "70.0", "±", "1.5", "50.0", "±", "1.5"],
        ["this", "encoder", "85.0", "±", "1.5", "76.0", "±", "1.5"],
    ]


def test_the_sentence_says_what_was_measured_on_what() -> None:
    said = basis(SCORES).plain
    assert "fitted on 10,000 examples of shirts and scored on 2,000 test examples of shirts" in said
    assert "the mean of 20 draws" in said


def test_the_sentence_says_what_was_held_out() -> None:
    said = basis(SCORES | {"data": SCORES["data"] | {"held_out": True}}).plain
    assert "no test split: a fifth of every class was held out" in said


def test_the_sentence_says_that_nothing_was_fitted_on_classes_held_out() -> None:
    data = SCORES["data"] | {"held_out_classes": {"classes": 10, "of": 40}}
    said = basis(SCORES | {"data": data}).plain
    assert said.startswith(
        "10 of the 40 classes of shirts were held out, chosen by seed: 2,000 examples, on which nothing"
    )
    assert "Probes were fitted" not in said


def test_layers_stand_in_order_with_their_widths() -> None:
    layers = [
        {"name": "layer1", "dim": 64, "linear": score(0.5), "knn": score(0.4)},
        {"name": "layer4", "dim": 2048, "linear": score(0.7), "knn": score(0.6)},
    ]
    assert printed(layer_table(layers)) == [
        ["accuracy", "in", "%", "dimensions", "linear", "k-NN"],
        ["layer1", "64", "50.0", "±", "1.5", "40.0", "±", "1.5"],
        ["layer4", "2,048", "70.0", "±", "1.5", "60.0", "±", "1.5"],
    ]


def test_data_sets_stand_below_each_other_with_their_baselines() -> None:
    other = SCORES | {"data": SCORES["data"] | {"name": "shoes"}}
    other["scores"] = SCORES["scores"] | {"fewshot": score(0.6, labels_per_class=5, episodes=20)}
    assert printed(transfer_table([SCORES, other])) == [
        ["accuracy", "in", "%", "k-NN", "labels", "a", "class"],
        ["shirts", "85.0", "±", "1.5", "76.0", "±", "1.5"],
        ["raw", "pixels", "80.0", "±", "1.5", "70.0", "±", "1.5"],
        ["untrained", "network", "70.0", "±", "1.5", "50.0", "±", "1.5"],
        ["shoes", "85.0", "±", "1.5", "60.0", "±", "1.5"],
        ["raw", "pixels", "80.0", "±", "1.5", "70.0", "±", "1.5"],
        ["untrained", "network", "70.0", "±", "1.5", "50.0", "±", "1.5"],
    ]


def test_what_is_known_without_labels_is_one_line() -> None:
    found = {"effective_rank": 41.6, "lidar": 55.7, "uniformity": -2.345, "brand_new": 1.0}
    assert (
        without_labels({"label_free": found}).plain == "Without labels: effective rank 42, uniformity -2.35, LiDAR 56."
    )
