"""What holds for every probe that judges an encoder: those of `PROBES`, and those of `UNSEEN`."""

import numpy as np
import pytest

from nearfar.engine import PROBES, UNSEEN
from nearfar.engine.judge import SEEDED, check_probes

Rows = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
KINDS = [*((name, False) for name in PROBES), *((name, True) for name in UNSEEN)]
ALL = pytest.mark.parametrize(("name", "unseen"), KINDS, ids=lambda value: {True: "unseen"}.get(value, value or "seen"))


def blobs(apart: float, n: int = 160, classes: int = 4) -> Rows:
    random = np.random.default_rng(3)
    labels = random.permutation(np.arange(2 * n) % classes)
    rows = (random.normal(size=(2 * n, 6)) + apart * np.eye(6)[labels]).astype(np.float32)
    return rows[:n], labels[:n], rows[n:], labels[n:]


def judged(name: str, unseen: bool, rows: Rows):
    if unseen:
        return UNSEEN[name](*rows[2:], seed=0)
    return PROBES[name](*rows, **({"seed": 0} if name in SEEDED else {}))


@ALL
def test_separable_points_are_all_right(name: str, unseen: bool) -> None:
    assert judged(name, unseen, blobs(40.0)).accuracy == 1.0


@ALL
def test_noise_is_at_chance(name: str, unseen: bool) -> None:
    score = judged(name, unseen, blobs(0.0, n=600))
    low, high = score.interval
    slack = {"cluster": 0.06, "fewshot": 0.03}.get(name, 0.0)  # the assignment is chosen; an interval of draws alone
    assert low - slack < 0.25 < high + slack


@ALL
def test_the_order_of_test_rows_does_not_matter(name: str, unseen: bool) -> None:
    train, train_labels, test, test_labels = blobs(2.5)
    order = np.random.default_rng(1).permutation(len(test))
    plain = judged(name, unseen, (train, train_labels, test, test_labels))
    other = judged(name, unseen, (train, train_labels, test[order], test_labels[order]))
    # Where rows are drawn by their place, in an episode or as the start of a cluster, other rows are drawn.
    drawn = name == "cluster" or (unseen and name == "fewshot")
    assert other.accuracy == pytest.approx(plain.accuracy, abs=0.03 if drawn else 1e-9)


@pytest.mark.parametrize("size", [2, 3, 8, 30])
def test_few_rows_a_class_are_enough_for_episodes(size: int) -> None:
    labels = np.repeat(np.arange(5), size)
    score = UNSEEN["fewshot"](20 * np.eye(5, dtype=np.float32)[labels], labels, seed=0)
    assert score.accuracy == 1.0
    assert score.settings["labels_per_class"] == min(5, max(1, size // 2))


def test_classes_that_nothing_was_fitted_on_need_probes_that_fit_nothing() -> None:
    check_probes(["retrieval", "cluster"], unseen=True)
    with pytest.raises(
        ValueError, match=r"probes must be of retrieval, cluster, fewshot where classes .* Got 'linear'"
    ):
        check_probes(["retrieval", "linear"], unseen=True)
    with pytest.raises(ValueError, match=r"^transfer: probes must be of knn, .* Did you mean 'linear'"):
        check_probes(["liner"], where="transfer")
