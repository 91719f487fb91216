"""Least squares in closed form, against the same by hand."""

import numpy as np

from nearfar.probes import ridge


def rows() -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(4)
    labels = random.integers(0, 3, 260)
    x = (random.normal(size=(260, 12)) + 1.5 * np.eye(12)[labels]).astype(np.float32)
    return x[:60], labels[:60], x[60:], labels[60:]


def solved(x: np.ndarray, targets: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    centre, level = x.mean(axis=0), targets.mean(axis=0)
    x, targets = x - centre, targets - level
    weight = np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T @ targets)
    return weight, level - centre @ weight


def test_it_is_the_solution_of_the_normal_equations() -> None:
    train, train_labels, test, test_labels = rows()
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    x, asked, targets = (train - mean) / deviation, (test - mean) / deviation, 2.0 * np.eye(3)[train_labels] - 1
    left_out = {}
    for strength in 10.0 ** np.arange(-2, 6):
        others = [np.arange(len(x)) != row for row in range(len(x))]
        fits = [(row, solved(x[keep], targets[keep], strength)) for row, keep in enumerate(others)]
        left_out[strength] = np.mean([(x[row] @ weight + bias - targets[row]) ** 2 for row, (weight, bias) in fits])
    best = min(left_out, key=lambda strength: left_out[strength])
    weight, bias = solved(x, targets, best)
    score = ridge(*rows())
    assert score.settings["strength"] == best
    assert score.accuracy == np.mean((asked @ weight + bias).argmax(axis=1) == test_labels)


def test_the_order_of_training_rows_does_not_matter() -> None:
    train, train_labels, test, test_labels = rows()
    order = np.random.permutation(len(train))
    assert ridge(train[order], train_labels[order], test, test_labels).accuracy == ridge(*rows()).accuracy
