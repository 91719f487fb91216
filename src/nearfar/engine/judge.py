"""Probes on an encoder and on what it has to beat."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nearfar.data.pictures import Pictures
from nearfar.engine.encoder import Encoder, raw_table
from nearfar.errors import DataError, complaint, suggestion
from nearfar.probes import cluster, fewshot, knn, linear, retrieval, ridge
from nearfar.probes.score import Score
from nearfar.records import EmbeddingTable

__all__ = ["PROBES", "Scores", "check_labels", "check_probes", "judge"]


def _clusters(train: Any, train_labels: Any, test: Any, test_labels: Any, *, seed: int) -> Score:
    """Nothing is fitted: the test rows group themselves."""
    return cluster(test, test_labels, seed=seed)


PROBES: dict[str, Callable[..., Score]] = {
    "knn": knn,
    "linear": linear,
    "fewshot": fewshot,
    "ridge": ridge,
    "cluster": _clusters,
    "retrieval": retrieval,
}
"""The probes by their names on the command line; the training rows are the gallery of "retrieval"."""
SEEDED = ("linear", "fewshot", "cluster")


@dataclass(frozen=True)
class Scores:
    """What probes say of an encoder, beside raw input and the untrained network.

    Attributes:
        data: which examples were used for what.
        scores: the encoder's, by probe.
        baselines: those of "raw" and "untrained", by probe.
    """

    data: Mapping[str, Any]
    scores: Mapping[str, Score]
    baselines: Mapping[str, Mapping[str, Score]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """What `evaluate --json` prints and `scores.json` holds."""
        return {
            "data": dict(self.data),
            "scores": {name: score.as_dict() for name, score in self.scores.items()},
            "baselines": {
                baseline: {name: score.as_dict() for name, score in scores.items()}
                for baseline, scores in self.baselines.items()
            },
        }


def check_probes(probes: Sequence[str]) -> None:
    """Refuses unknown probes.

    Raises:
        ValueError: a probe is unknown, or there is none.
    """
    for name in probes:
        if name not in PROBES:
            raise ValueError(complaint("evaluate", "probes", f"of {', '.join(PROBES)}", name, suggestion(name, PROBES)))
    if not probes:
        raise ValueError(complaint("evaluate", "probes", "at least one", [], f"Choose from {', '.join(PROBES)}"))


def check_labels(source: Pictures, role: str) -> None:
    """Refuses data that probes cannot judge with.

    Args:
        source: the data.
        role: what it is for, for the sentence: "training" or "test".

    Raises:
        DataError: there are no labels, or only one class of them.
    """
    labels = np.array([]) if source.labels is None else np.unique(source.labels[source.labels >= 0])
    if len(labels) < 2:
        raise DataError(
            complaint(
                "evaluate",
                f"{role} data",
                "labelled, with at least 2 classes",
                f"{len(labels)} classes in {source.name}",
                "Put the pictures of each class into a folder of its own",
            )
        )


def judge(
    encoder: Encoder, train: Pictures, test: Pictures, *, probes: Sequence[str], baselines: bool = True, seed: int = 0
) -> tuple[dict[str, Score], dict[str, dict[str, Score]], EmbeddingTable]:
    """Runs probes on the encoder and, if wanted, on raw input and on the untrained network.

    Args:
        encoder: what is judged.
        train: labelled pictures to fit probes on.
        test: labelled pictures to score them on.
        probes: names out of `PROBES`.
        baselines: whether to judge raw input and the untrained network too.
        seed: of the probes' draws.

    Returns:
        The encoder's scores, the baselines' scores, and the encoder's embeddings of the test pictures.
    """
    check_probes(probes)
    check_labels(train, "training")
    check_labels(test, "test")
    own = (encoder.embed(train), encoder.embed(test))
    scores = _scores(*own, probes, seed)
    others: dict[str, dict[str, Score]] = {}
    if baselines:
        size, channels = encoder.spec.size, encoder.spec.channels
        raw = raw_table(train, size=size, channels=channels), raw_table(test, size=size, channels=channels)
        others["raw"] = _scores(*raw, probes, seed)
        untrained = encoder.untrained()
        others["untrained"] = _scores(untrained.embed(train), untrained.embed(test), probes, seed)
    return scores, others, own[1]


def _scores(train: EmbeddingTable, test: EmbeddingTable, probes: Sequence[str], seed: int) -> dict[str, Score]:
    data = train.vectors, train.labels, test.vectors, test.labels
    return {name: PROBES[name](*data, **({"seed": seed} if name in SEEDED else {})) for name in probes}
