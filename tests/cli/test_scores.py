"""Scores for people."""

from rich.console import Console

from nearfar.cli.scores import basis, score_table


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


def test_the_table_has_a_row_an_encoder_and_a_column_a_probe() -> None:
    console = Console(width=100)
    with console.capture() as caught:
        console.print(score_table(SCORES))
    rows = [line.split() for line in caught.get().splitlines() if line.strip(" \N{BOX DRAWINGS LIGHT HORIZONTAL}")]
    assert rows == [
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
