"""From what was asked for to a run: checked, opened, settled, begun and finished."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from nearfar.api.ready import Judge, check_list, find_method, open_among, ready, tell, watcher
from nearfar.api.showing import show
from nearfar.data import (
    Pictures,
    Reading,
    Source,
    cached_side,
    duplicates,
    open_data,
    with_few_examples,
    with_few_labels,
)
from nearfar.distributed import broadcast_object, world
from nearfar.engine import (
    NEIGHBOURS,
    EncoderSpec,
    ImageSpec,
    Run,
    Settings,
    Training,
    choose_precision,
    make_fabric,
    write_views,
)
from nearfar.engine.folder import claim, read_run, reading_of, write_run
from nearfar.engine.foresee import check_precision
from nearfar.engine.intake import account, place_of
from nearfar.engine.loggers import check_loggers
from nearfar.engine.overlap import write_seen
from nearfar.errors import DataError, complaint
from nearfar.methods import Method
from nearfar.recipes import check_options, check_said, described, resolve
from nearfar.records import RunFolder

__all__ = ["SETTLED", "Wish", "again", "check_lengths", "learn"]

SETTLED = (
    "examples", "without", "backbone", "stem", "size", "dim", "depth", "max_length", "vocab_size", "pooling", "init",
    "epochs", "steps", "batch_size", "accumulate", "optimizer", "learning_rate", "weight_decay", "clip",
)  # fmt: skip
"""Of a wish, what becomes settings together with the recipe and the data."""
PLACES = ("backbone", "init")
"""Of these, the names of networks and files, which are looked up where they are used."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a user asked for; the arguments of `pretrain` and `finetune` say what each means.

    Attributes:
        where: what was called.
        spec: of the encoder that the run goes on with, or begins anew; None where the recipe makes one.
    """

    where: str
    method: str
    data: Any
    split: str | None = None
    backbone: str | None = None
    stem: str | None = None
    size: int | None = None
    dim: int | None = None
    depth: int | None = None
    max_length: int | None = None
    vocab_size: int | None = None
    pooling: str | None = None
    init: str | None = None
    epochs: float | None = None
    steps: int | None = None
    minutes: float | None = None
    batch_size: int | None = None
    optimizer: str | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    out: str | Path | None = None
    seed: int = 0
    devices: int | None = None
    precision: str = "auto"
    workers: int = 2
    validation: Any = None
    log: Sequence[str] = ()
    reading: Reading = Reading()  # noqa: RUF009  # which is frozen
    options: dict[str, Any] = field(default_factory=dict)
    examples: int | None = None
    labels: float | None = None
    without: Sequence[str] = ()
    accumulate: int = 1
    clip: float | None = None
    on_collapse: str = "warn"
    spec: EncoderSpec | None = None

    @property
    def said(self) -> dict[str, Any]:
        """What is settled together with the recipe and the data, by name."""
        said = {name: getattr(self, name) for name in SETTLED}
        return said | {"size": self.spec.size} if isinstance(self.spec, ImageSpec) else said

    def check(self) -> None:
        """Refuses what no data could make right.

        Raises:
            TypeError: a name stands where a list of names is wanted.
            ValueError: a number or a name cannot be used.
        """
        check_lengths(self.where, epochs=self.epochs, steps=self.steps, minutes=self.minutes)
        for name in ("log", "without"):
            check_list(self.where, name, getattr(self, name))
        numbers = {name: value for name, value in self.said.items() if name not in (*PLACES, "without")}
        watched = {"devices": self.devices, "workers": self.workers, "on_collapse": self.on_collapse}
        check_said(self.where, seed=self.seed, minutes=self.minutes, **watched, **numbers)
        check_loggers(self.log)
        check_precision(self.precision)


def learn(wish: Wish) -> Run:
    """A run from its first step: what is wrong with the wish is said before anything is written.

    Args:
        wish: what was asked for.
    """
    learner = find_method(wish.method, where=wish.where)
    wish.check()
    fabric = make_fabric(devices=wish.devices, precision=wish.precision)
    among = learner.modalities if wish.spec is None else (wish.spec.modality,)
    source = open_among(wish.data, among, split=wish.split, reading=wish.reading, where=wish.where)
    source = _part(source, labels=wish.labels, examples=wish.examples, seed=wish.seed)
    settings = _settings(wish, learner, source)
    training = ready(settings, source, fabric=fabric, workers=wish.workers, reading=wish.reading)
    judge = watcher(wish.validation, training, wish.reading)
    name = f"{wish.method if wish.spec is None else wish.where}-{_short(source.name)}"
    files = RunFolder(claim(wish.out, name, data=place_of(wish.data), first=fabric.is_global_zero))
    if wish.minutes is not None:
        training.fix_steps(wish.minutes)
    if fabric.is_global_zero:
        _begin(wish, training, files, paper=learner.paper)
    given = {"data": wish.data, "split": wish.split, "reading": wish.reading}
    return _finish(training, files, given=given, judge=judge, log=wish.log, on_collapse=wish.on_collapse)


def _begin(wish: Wish, training: Training, files: RunFolder, *, paper: str) -> None:
    """Writes and says what is known before step 0."""
    source = training.source
    write_views(files, source, training.plan, training.spec)
    write_run(
        training,
        files,
        command=_command(),
        data={"name": source.name, "path": place_of(wish.data), "split": wish.split, "labels": wish.labels},
        reading=wish.reading,
        paper=paper,
        validation=place_of(wish.validation),
        log=wish.log,
        on_collapse=wish.on_collapse,
        devices=wish.devices,
    )
    write_seen(files, source)
    told = [account(source, role="Learning from", listed=files.skipped)]
    twice = duplicates(source.hashes, ids=source.ids, labels=source.labels, class_names=source.class_names)
    tell(*told, *([str(twice)] if twice.copies else []), described(training.settings), log=files.log)


def again(files: RunFolder, *, data: Any, devices: int | None, workers: int) -> Run:
    """A run from its checkpoint on, as its record says.

    Args:
        files: the run's folder.
        data: the data, if it is not to be found where it was; None otherwise.
        devices: processes of this machine; None for as many as the run began with.
        workers: processes that read what memory does not hold.
    """
    record = read_run(files, where="resume")
    check_options(find_method(record["method"], where="run.json"), record["options"])
    settings = Settings.from_dict(record["settings"] | {"method": record["method"], "options": record["options"]})
    fabric = make_fabric(devices=devices or record.get("devices"), precision=settings.precision)
    reading = reading_of(record)
    source = _reopened(record["data"], data, settings, reading=reading)
    training = ready(settings, source, fabric=fabric, workers=workers, reading=reading)
    judge = watcher(record.get("validation"), training, reading)
    watch = {"log": record["log"], "on_collapse": record.get("on_collapse", "warn")}
    known = record["data"]
    given = {"data": known.get("path") if data is None else data, "split": known.get("split"), "reading": reading}
    return _finish(training, files, given=given, judge=judge, resume=True, **watch)


def _part(source: Source, *, labels: float | None, examples: int | None, seed: int) -> Source:
    """The examples to learn from: some of all, or of labelled ones the part whose labels are to be used."""
    part = source if labels is None else with_few_labels(source, fraction=labels, seed=seed)
    return part if examples is None else with_few_examples(part, count=examples, seed=seed)


def _settings(wish: Wish, learner: type[Method], source: Source) -> Settings:
    settings = resolve(
        wish.method, learner, source, said=wish.said, options=wish.options, seed=wish.seed,
        precision=choose_precision(wish.precision), like=wish.spec,
    )  # fmt: skip
    return _with_cache(settings, source, reading=wish.reading)


def _with_cache(settings: Settings, source: Source, *, reading: Reading) -> Settings:
    """The settings with the size at which pictures are cached; all ranks agree on rank 0's disk."""
    if not isinstance(source, Pictures) or not isinstance(settings.spec, ImageSpec):
        return settings
    epochs = settings.steps * settings.batch_size / len(source)
    side = cached_side(source, size=settings.spec.size, epochs=epochs, reading=reading, say=tell)
    return replace(settings, cached_side=broadcast_object(side, world()))


def check_lengths(where: str, **lengths: Any) -> None:
    """Refuses more than one of epochs, steps and minutes.

    Args:
        where: what was called.
        **lengths: what was given of them; None for nothing.

    Raises:
        ValueError: more than one is given.
    """
    given = {name: value for name, value in lengths.items() if value is not None}
    if len(given) > 1:
        names, values = " and ".join(given), list(given.values())
        raise ValueError(complaint(where, names, "given one at a time", values, "Leave out all but one"))


def _reopened(known: dict[str, Any], data: Any, settings: Settings, *, reading: Reading) -> Source:
    """The data that a run began with, from where it was or from where it is now."""
    path = known.get("path") if data is None else data
    if path is None:
        raise DataError(
            complaint("resume", "data", "given", None, "The run learned from an object in memory; pass it again")
        )
    if data is None and Path(path).is_absolute() and not Path(path).exists():
        constraint, next_step = "where it was when the run began", "Say by --data where it is now"
        raise DataError(complaint("resume", "data", constraint, path, next_step))
    split = None if isinstance(path, Source) else known.get("split")
    source = open_data(path, modality=settings.spec.modality, split=split, reading=reading, where="resume")
    source = _part(source, labels=known.get("labels"), examples=settings.examples, seed=settings.seed)
    begun = str(known.get("fingerprint"))
    if source.fingerprint != begun:
        constraint = f"what the run began with ({begun[:12]})"
        next_step = "Restore the data or train anew"
        raise DataError(complaint("resume", "data", constraint, source.fingerprint[:12], next_step))
    return source


def _finish(
    training: Training,
    files: RunFolder,
    *,
    given: Mapping[str, Any],
    judge: Judge | None,
    log: Sequence[str],
    on_collapse: str,
    resume: bool = False,
) -> Run:
    """Trains to the end and leaves what the report shows."""
    run = training.go(files, resume=resume, judge=judge, log=log, on_collapse=on_collapse)
    if training.fabric.is_global_zero:
        show(training, run, **given)
        if files.classifier.exists():
            _write_neighbours(files, training, run)
    return run


def _write_neighbours(files: RunFolder, training: Training, run: Run) -> None:
    """Embeds the training examples, or some of them, so that each prediction can name the nearest."""
    count = len(training.source)
    rows = np.random.default_rng(training.settings.seed).permutation(count)[:NEIGHBOURS]
    run.encoder.embed(training.source.select(np.sort(rows))).write(files.neighbours)


def _short(name: str) -> str:
    """What a run's folder is called after: the last part of where its data is."""
    return Path(name).expanduser().resolve().name.encode(errors="ignore").decode() or "data"


def _command() -> str:
    """What to type to get this run again."""
    program = Path(sys.argv[0]).name
    return shlex.join(["nearfar" if program in ("__main__.py", "nearfar") else program, *sys.argv[1:]])
