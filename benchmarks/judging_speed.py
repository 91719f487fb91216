"""What the k-NN and the linear probe cost, beside their peers, on two threads.

Embeddings of 512 dimensions and 10 classes that overlap. k-NN of a fifth as many queries stands beside the bare product
of queries and keys and scikit-learn's brute search; the linear probe, which fits 13 strengths, chooses and fits again,
beside one logistic regression of scikit-learn, standardising included. Medians of three turns, each turn all
contestants; peak is what the process grew by.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nearfar.probes import knn, linear

__all__ = ["ROWS", "SPEED", "THREADS"]

THREADS = 2
ROWS, WIDTH, CLASSES = 50_000, 512, 10
TURNS = 3
Run = Callable[[], float | None]


def embeddings(rows: int, queries: int) -> tuple[np.ndarray, ...]:
    """Overlapping classes, mostly apart in few of the directions, which spread as unevenly as real embeddings do."""
    random = np.random.default_rng(0)
    spread = (np.arange(1, WIDTH + 1) ** -0.5).astype(np.float32)
    apart = np.where(np.arange(WIDTH) < 12, 0.5, 0.1).astype(np.float32)
    centres = random.normal(size=(CLASSES, WIDTH)).astype(np.float32) * apart
    mixing = np.linalg.qr(random.normal(size=(WIDTH, WIDTH)))[0].astype(np.float32)
    labels = random.integers(0, CLASSES, rows + queries)
    noise = random.standard_normal((rows + queries, WIDTH), dtype=np.float32)
    x = ((noise + centres[labels]) * spread) @ mixing
    return x[:rows], labels[:rows], x[rows:], labels[rows:]


def in_turns(contestants: dict[str, Run]) -> dict[str, dict[str, float | None]]:
    """Median seconds, peak and accuracy of each, in turns, so that what else the machine does hits all alike."""
    found: dict[str, list[tuple[float, float, float, float | None]]] = {name: [] for name in contestants}
    for _ in range(TURNS):
        for name, run in contestants.items():
            before, start, used = _reset_peak(), time.perf_counter(), time.process_time()
            accuracy = run()
            seconds = time.perf_counter() - start, time.process_time() - used
            found[name].append((*seconds, _peak() - before, accuracy))
    return {
        name: {
            "seconds": statistics.median(turn[0] for turn in turns),
            "processor_seconds": statistics.median(turn[1] for turn in turns),
            "peak_mib": max(turn[2] for turn in turns),
            "accuracy": turns[0][3],
        }
        for name, turns in found.items()
    }


def _reset_peak() -> float:
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak() -> float:
    return _status("VmHWM")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def knn_speed(rows: int) -> dict[str, Any]:
    from sklearn.neighbors import KNeighborsClassifier

    data = embeddings(rows, rows // 5)
    train, test = (torch.nn.functional.normalize(torch.from_numpy(x), dim=1) for x in (data[0], data[2]))

    def product() -> None:
        for queries in torch.split(test, 512):
            queries @ train.T

    def brute() -> float:
        vote = lambda distance: np.exp(-distance / 0.1)  # noqa: E731
        peer = KNeighborsClassifier(20, metric="cosine", algorithm="brute", weights=vote, n_jobs=THREADS)
        return float(peer.fit(*data[:2]).score(*data[2:]))

    return in_turns(
        {
            "queries @ keys.T": product,
            "nearfar, k = 20": lambda: knn(*data).accuracy,
            "nearfar, k = 20, 1, 5, 200": lambda: knn(*data, k=(20, 1, 5, 200)).accuracy,
            "scikit-learn, brute": brute,
        }
    )


def linear_speed(rows: int) -> dict[str, Any]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    data = embeddings(rows, rows // 5)
    chosen = linear(*data).settings["strength"]

    def one(strength: float) -> float:
        scale = StandardScaler().fit(data[0])
        peer = LogisticRegression(C=1 / (strength * rows), max_iter=1000).fit(scale.transform(data[0]), data[1])
        return float(peer.score(scale.transform(data[2]), data[3]))

    return in_turns(
        {
            "nearfar, 13 strengths": lambda: linear(*data).accuracy,
            "scikit-learn, C = 1": lambda: one(1 / rows),
            "scikit-learn, the strength chosen": lambda: one(chosen),
        }
    )


SPEED: dict[str, Callable[[int], dict[str, Any]]] = {"knn": knn_speed, "linear": linear_speed}
