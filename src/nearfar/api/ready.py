"""A run that is ready to begin: checked, built, and watched."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from lightning_fabric import Fabric

from nearfar.data import KINDS, Pictures, Reading, Source, cached, modality_of, open_data
from nearfar.engine import Settings, Training
from nearfar.engine.display import Display
from nearfar.engine.foresee import check_memory, check_network
from nearfar.engine.initial import PUBLISHED
from nearfar.engine.intake import parts
from nearfar.engine.judge import check_labels
from nearfar.errors import DataError, RunError, complaint, suggestion
from nearfar.methods import METHODS, Method
from nearfar.probes import knn
from nearfar.recipes import policy

__all__ = ["Judge", "check_list", "find_method", "open_among", "ready", "tell", "watcher"]

Judge = Callable[[], dict[str, float]]
"""What watches a run: gives scores by name."""

JUDGED_ROWS = 10_000
"""The k-NN that watches a run looks at no more training rows than this."""


def find_method(name: str, *, where: str = "pretrain") -> type[Method]:
    """The method of a name.

    Args:
        name: as `nearfar methods` lists it.
        where: who asks, for the error's sentence.

    Raises:
        ValueError: there is none.
    """
    if not isinstance(name, str) or name not in METHODS:
        raise ValueError(
            complaint(where, "method", "one that `nearfar methods` lists", name, suggestion(str(name), METHODS))
        )
    return METHODS[name]


def open_among(data: Any, among: Sequence[str], *, split: str | None, reading: Reading, where: str) -> Source:
    """Opens data as what it is, of what can be learned from.

    Args:
        data: as for `pretrain`.
        among: the modalities that will do; where nothing speaks for another, the first.
        split: which split of it.
        reading: how to read it.
        where: who asks, for error sentences.

    Raises:
        DataError: the data cannot be used, or is of another modality.
    """
    modality = modality_of(data, among=among, reading=reading)
    if modality not in among:
        known = " or ".join(KINDS[each].many for each in among)
        got = KINDS[modality].many if modality in KINDS else modality
        raise DataError(complaint(where, "data", known, got, "Name other data, or another method"))
    return open_data(data, modality=modality, split=split, reading=reading, where=where)


def check_list(where: str, name: str, value: Any) -> None:
    """Refuses one name where several are wanted: its letters are no names.

    Args:
        where: what was called.
        name: the argument.
        value: what was given.

    Raises:
        TypeError: it is no list.
    """
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise TypeError(complaint(where, name, "a list of names", value, f"Try {name}=[{value!r}]"))


def ready(settings: Settings, source: Source, *, fabric: Fabric, workers: int, reading: Reading) -> Training:
    """A run that is ready to begin; what can be foreseen to end it is said now, before a folder is made.

    Args:
        settings: of the run.
        source: the training examples.
        fabric: devices, precision, ranks.
        workers: processes that read what memory does not hold.
        reading: how the data is read, and where decoded pictures are kept.

    Raises:
        RunError: there is too little memory, or the network does not take the views, or no way to its weights.
        ValueError: the method refuses its options.
    """
    make = partial(METHODS[settings.method], **settings.options)
    views = policy(settings)
    micro_batch = settings.batch_size // settings.accumulate
    check_memory(make, settings.spec, views, batch_size=micro_batch, device=fabric.device)
    if isinstance(source, Pictures):
        source = cached(source, side=settings.cached_side, reading=reading, say=tell)
    try:
        training = Training(fabric, source, settings, make, views, workers=workers)
    except (OSError, RuntimeError) as error:
        if settings.init is None or not (isinstance(error, OSError) or settings.init.startswith(PUBLISHED)):
            raise
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        constraint = "weights that can be read, or downloaded from here"
        next_step = "Look at the path, or at the network"
        raise RunError(complaint("pretrain", "init", constraint, f"{settings.init}: {reason}", next_step)) from None
    check_network(training.method.backbone, settings.spec, training.plan)
    assert training.feed is not None  # in which a source refuses what the views cannot be made of
    for landmark in (training.method.chance, training.method.floor):
        landmark(micro_batch)  # in which an objective refuses what it cannot compute with
    return training


def watcher(validation: Any, training: Training, reading: Reading) -> Judge | None:
    """The k-NN that watches a run, if there is something to judge with.

    Args:
        validation: labelled data.
        training: the run.
        reading: how the data is read.

    Raises:
        DataError: the data cannot be used, or has no labels.
    """
    if validation is None:
        return None
    seed = training.settings.seed
    modality = training.spec.modality_of(validation, reading=reading)
    train, held, _ = parts(
        validation, modality=modality, split=None, test=None, seed=seed, reading=reading, where="validation"
    )
    for part, role in ((train, "validation"), (held, "validation test")):
        check_labels(part, role)
    rows = np.random.default_rng(training.settings.seed).permutation(len(train))[:JUDGED_ROWS]
    train = train.select(np.sort(rows))

    def knn_accuracy() -> dict[str, float]:
        encoder = training.encoder()
        own, other = encoder.embed(train), encoder.embed(held)
        assert own.labels is not None
        assert other.labels is not None
        return {"knn_accuracy": knn(own.vectors, own.labels, other.vectors, other.labels).accuracy}

    return knn_accuracy


def tell(*lines: str, log: Path | None = None) -> None:
    """Tells people something.

    Args:
        *lines: each a line of its own, on stderr.
        log: the run's log, for those lines too.
    """
    display = Display(log, steps=1)
    for line in lines:
        display.say(line.encode(errors="backslashreplace").decode())  # file names may hold bytes that are no text
