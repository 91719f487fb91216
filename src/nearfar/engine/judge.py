"""Probes on an encoder and on what it has to beat."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nearfar.data.source import Source
from nearfar.engine.encoder import Encoder
from nearfar.engine.judge_pairs import PROMPTS, ask, unfitted
from nearfar.engine.layers import Layer
from nearfar.errors import DataError, complaint, suggestion
from nearfar.probes import cluster, fewshot, knn, linear, retrieval, ridge
from nearfar.probes.score import Score
from nearfar.records import EmbeddingTable

__all__ = ["PROBES", "TRAINED", "UNSEEN", "USUAL", "Scores", "check_labels", "check_probes", "judge"]


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
TRAINED = ("finetune",)
"""Those that train the network, which is for the caller of `judge` to do."""
SEEDED = ("linear", "fewshot", "cluster")
USUAL = ("knn", "linear", "fewshot")
"""Those that judge where none are named."""


def _search(rows: Any, labels: Any, *, seed: int) -> Score:
    """Each row searches all others."""
    return retrieval(rows, labels, rows, labels, same_rows=True)


def _episodes(rows: Any, labels: Any, *, seed: int) -> Score:
    """Five rows of each class are labelled, or half of the smallest class where that is fewer."""
    smallest = int(np.unique(labels[labels >= 0], return_counts=True)[1].min())
    few = max(1, min(5, smallest // 2))
    return fewshot(rows, labels, rows, labels, labels_per_class=few, seed=seed, same_rows=True)


UNSEEN: dict[str, Callable[..., Score]] = {"retrieval": _search, "cluster": cluster, "fewshot": _episodes}
"""Those that judge by classes which nothing was fitted on, from the rows of these classes alone."""


@dataclass(frozen=True)
class Scores:
    """What probes say of an encoder, beside raw input and the untrained network.

    Attributes:
        data: which examples were used for what.
        scores: the encoder's, by probe: each a `Score`, "sts" a `Correlation` and, of pictures with captions,
            "retrieval" a `BothWays`.
        baselines: those of "raw", "bm25", "chance" and "untrained", where they mean something, by probe.
        label_free: what can be said without labels, by name.
        confusion: what the linear probe takes for what: `classes`, and `counts` with a row a true class.
        layers: what probes say of each stage of the network, from first to last.
    """

    data: Mapping[str, Any]
    scores: Mapping[str, Any]
    baselines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    label_free: Mapping[str, float] = field(default_factory=dict)
    confusion: Mapping[str, Any] | None = None
    layers: tuple[Layer, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """What `evaluate --json` prints and `scores.json` holds; what was not measured is left out."""
        more = {
            "label_free": dict(self.label_free),
            "confusion": self.confusion and dict(self.confusion),
            "layers": [layer.as_dict() for layer in self.layers],
        }
        return {
            "data": dict(self.data),
            "scores": {name: score.as_dict() for name, score in self.scores.items()},
            "baselines": {
                baseline: {name: score.as_dict() for name, score in scores.items()}
                for baseline, scores in self.baselines.items()
            },
            **{name: value for name, value in more.items() if value},
        }


def check_probes(
    probes: Sequence[str], *, where: str = "evaluate", unseen: bool = False, known: Sequence[str] = tuple(PROBES)
) -> None:
    """Refuses unknown probes.

    Args:
        probes: their names.
        where: who asks, for the sentence.
        unseen: whether nothing may be fitted on the classes that are judged by.
        known: those that there are.

    Raises:
        ValueError: a probe is unknown or cannot judge so, or there is none.
    """
    for name in probes:
        if name not in known:
            raise ValueError(complaint(where, "probes", f"of {', '.join(known)}", name, suggestion(name, known)))
        if unseen and name not in UNSEEN:
            constraint = f"of {', '.join(UNSEEN)} where classes are held out: nothing is fitted on them"
            raise ValueError(complaint(where, "probes", constraint, name, "Leave it out"))
    if not probes:
        raise ValueError(complaint(where, "probes", "at least one", [], f"Choose from {', '.join(known)}"))


LABELLED = {
    "image": "Put the pictures of each class into a folder of its own",
    "image-text": "Put the pictures of each class into a folder of its own",
    "text": "Name the labels by --label-column, or pairs by --anchor-column and --positive-column",
    "series": "Save them as y beside X, by numpy.savez",
}
"""How to say which class each example is of."""


def check_labels(source: Source, role: str, *, where: str = "evaluate") -> None:
    """Refuses data that probes cannot judge with.

    Args:
        source: the data.
        role: what it is for, for the sentence: "training" or "test".
        where: who asks.

    Raises:
        DataError: there are no labels, or only one class of them.
    """
    labels = np.array([]) if source.labels is None else np.unique(source.labels[source.labels >= 0])
    if len(labels) < 2:
        raise DataError(
            complaint(
                where,
                f"{role} data",
                "labelled, with at least 2 classes",
                f"{len(labels)} classes in {source.name}",
                LABELLED[source.modality],
            )
        )


def judge(
    encoder: Encoder,
    train: Source | None,
    test: Source,
    *,
    probes: Sequence[str],
    baselines: bool = True,
    seed: int = 0,
    unseen: bool = False,
    prompts: Sequence[str] = PROMPTS,
) -> tuple[dict[str, Any], dict[str, dict[str, Any]], EmbeddingTable]:
    """Runs probes on the encoder and, if wanted, on what it has to beat.

    That is raw input and the untrained network; where nothing is fitted, what `judge_pairs.ask` says.

    Args:
        encoder: what is judged.
        train: labelled examples to fit probes on; None where nothing is fitted.
        test: examples to score them on.
        probes: names out of `PROBES` and of `judge_pairs.ASKED`, or out of `UNSEEN` where classes are to be told apart
            by themselves.
        baselines: whether to judge the others too.
        seed: of the probes' draws.
        unseen: whether the classes of the test are to be told apart by themselves.
        prompts: what "zeroshot" describes a class by.

    Returns:
        The encoder's scores, the baselines' scores, and the encoder's embeddings of the test examples.

    Raises:
        DataError: a probe needs labels, and there are none.
    """
    alone = () if unseen else unfitted(probes, test)
    fitted = [name for name in probes if name not in alone]
    if fitted or "zeroshot" in alone:
        check_labels(test, "test")
    if fitted and train is not None:
        check_labels(train, "training")
    table = encoder.embed(test)
    scores, others = ask(encoder, test, table, probes=alone, baselines=baselines, prompts=prompts)
    if fitted:
        scores |= _scores(None if train is None else encoder.embed(train), table, fitted, seed)
    if fitted and baselines:
        ways = {"raw": encoder.spec.raw(train), "untrained": encoder.untrained().embed}
        for role, embed in ways.items():
            found = _scores(None if train is None else embed(train), embed(test), fitted, seed)
            others[role] = others.get(role, {}) | found
    return {name: scores[name] for name in probes}, others, table


def _scores(train: EmbeddingTable | None, test: EmbeddingTable, probes: Sequence[str], seed: int) -> dict[str, Score]:
    if train is None:
        return {name: UNSEEN[name](test.vectors, test.labels, seed=seed) for name in probes}
    data = train.vectors, train.labels, test.vectors, test.labels
    return {name: PROBES[name](*data, **({"seed": seed} if name in SEEDED else {})) for name in probes}
