"""Learning an encoder: a run from its first step, or from where it stopped."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nearfar.api.judging import load
from nearfar.api.ready import Judge, check_list, find_method, ready, tell, watcher
from nearfar.data import Pictures, Reading, cached_side, duplicates, with_few_labels
from nearfar.distributed import broadcast_object, world
from nearfar.engine import (
    NEIGHBOURS,
    EncoderSpec,
    Run,
    Settings,
    Training,
    choose_precision,
    make_fabric,
    sample_rows,
    write_sample,
    write_views,
)
from nearfar.engine.folder import claim, folder_of, read_run, reading_of, write_run
from nearfar.engine.foresee import check_precision
from nearfar.engine.intake import account, open_pictures, place_of
from nearfar.engine.loggers import check_loggers
from nearfar.engine.overlap import write_seen
from nearfar.errors import DataError, complaint
from nearfar.methods import Method
from nearfar.recipes import check_options, check_said, described, resolve
from nearfar.records import RunFolder

__all__ = ["finetune", "pretrain", "resume"]


def pretrain(
    method: str,
    data: Any,
    *,
    split: str | None = None,
    backbone: str | None = None,
    stem: str | None = None,
    size: int | None = None,
    init: str | None = None,
    epochs: float | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    batch_size: int | None = None,
    accumulate: int = 1,
    optimizer: str | None = None,
    learning_rate: float | None = None,
    weight_decay: float | None = None,
    clip: float | None = None,
    out: str | Path | None = None,
    seed: int = 0,
    devices: int | None = None,
    precision: str = "auto",
    workers: int = 2,
    validation: Any = None,
    log: Sequence[str] = (),
    on_collapse: str = "warn",
    reading: Reading = Reading(),  # noqa: B008  # which is frozen
    **options: Any,
) -> Run:
    """Learns an encoder from data without labels.

    Args:
        method: how to learn: a name that `nearfar methods` lists.
        data: a folder, archive or table of pictures, an array, a data set by name, or a source.
        split: which split of the data; "train" where there is one, else all.
        backbone: the network: "small" or any timm model; the recipe of the method chooses for the size.
        stem: the first layers: "small" or "standard"; "small" for pictures of 64 pixels and less.
        size: side of the views in pixels; as large as the pictures, up to 224.
        init: what to start from: a run, a file of weights, or timm:NAME for published weights.
        epochs: how long, in passes over the data.
        steps: how long, in optimizer steps.
        minutes: how long, in minutes on this machine; turned into steps once.
        batch_size: examples per optimizer step, over all devices.
        accumulate: parts that a batch is cut into to save memory; each part is contrasted by itself.
        optimizer: "muon", "adamw", "sgd" or "lars".
        learning_rate: the peak rate.
        weight_decay: of weights, not of biases and norms.
        clip: greatest norm of the gradient; no limit when it is not given.
        out: the run's folder; runs/METHOD-DATA when it is not given.
        seed: of everything random.
        devices: how many GPUs or processes of this machine.
        precision: "auto", "32-true", "bf16-mixed", "16-mixed" or "64-true".
        workers: processes that read pictures which do not fit into memory.
        validation: labelled data for a k-NN score now and then.
        log: where records go too: "tensorboard", "wandb", "mlflow".
        on_collapse: what to do about a run that is stuck or collapsing: "warn" or "stop".
        reading: how the data is read, and the validation data.
        **options: keyword arguments of the method, e.g. `temperature=0.1`.

    Returns:
        The run; its encoder is ready for use.

    Raises:
        ValueError: an argument is wrong; the sentence says what to do.
        DataError: the data cannot be used.
        RunError: the folder is taken or cannot be written.
        NonFiniteLossError: the loss was not a number; the last good checkpoint is kept.
        CollapseError: the run was stuck or collapsing, and `on_collapse` says "stop".
        Interrupted: a signal came; the state is saved.
    """
    said = {
        "backbone": backbone,
        "stem": stem,
        "size": size,
        "init": init,
        "batch_size": batch_size,
        "accumulate": accumulate,
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "clip": clip,
        "epochs": epochs,
        "steps": steps,
    }
    wish = _Wish(
        method=method, said=said, options=options, minutes=minutes, out=out, seed=seed, devices=devices,
        precision=precision, workers=workers, validation=validation, log=log, on_collapse=on_collapse, reading=reading,
    )  # fmt: skip
    return _learn(wish, data, split=split, where="pretrain")


def finetune(
    run: str | Path | Run,
    data: Any,
    *,
    split: str | None = None,
    labels: float = 1.0,
    freeze: bool = False,
    epochs: float | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    batch_size: int | None = None,
    optimizer: str | None = None,
    learning_rate: float | None = None,
    weight_decay: float | None = None,
    out: str | Path | None = None,
    seed: int = 0,
    devices: int | None = None,
    precision: str = "auto",
    workers: int = 2,
    validation: Any = None,
    log: Sequence[str] = (),
    reading: Reading = Reading(),  # noqa: B008  # which is frozen
) -> Run:
    """Trains a classifier on labelled data, and the run's encoder with it.

    It is the method `supervised` under the loop of all methods, begun from the encoder; `predict` uses what it leaves.

    Args:
        run: a run or its folder, or any folder with an encoder.
        data: labelled data, as for `pretrain`.
        split: which split of the data; "train" where there is one, else all.
        labels: the part of each class whose labels are used, above 0 and at most 1; the other examples are left out.
        freeze: whether the encoder stays as it is, and the classifier alone is trained.
        epochs: how long, in passes over the data.
        steps: how long, in optimizer steps.
        minutes: how long, in minutes on this machine; turned into steps once.
        batch_size: examples per optimizer step, over all devices.
        optimizer: "muon", "adamw", "sgd" or "lars".
        learning_rate: the peak rate.
        weight_decay: of weights, not of biases and norms.
        out: the new run's folder; runs/finetune-DATA when it is not given.
        seed: of everything random, and of which labels are used.
        devices: how many GPUs or processes of this machine.
        precision: "auto", "32-true", "bf16-mixed", "16-mixed" or "64-true".
        workers: processes that read pictures which do not fit into memory.
        validation: labelled data for a k-NN score now and then.
        log: where records go too: "tensorboard", "wandb", "mlflow".
        reading: how the data is read, and the validation data.

    Returns:
        The new run; its encoder is the fine-tuned one.

    Raises:
        ValueError: an argument is wrong; the sentence says what to do.
        DataError: the data cannot be used, or has no labels.
        RunError: there is no encoder, or the new folder is taken or cannot be written.
    """
    folder = folder_of(run, where="finetune")
    spec = load(folder).spec
    said = {
        "backbone": spec.backbone,
        "stem": spec.stem,
        "size": spec.size,
        "init": str(folder),
        "batch_size": batch_size,
        "accumulate": 1,
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "clip": None,
        "epochs": epochs,
        "steps": steps,
    }
    wish = _Wish(
        method="supervised", said=said, options={"freeze": freeze}, minutes=minutes, out=out, seed=seed,
        devices=devices, precision=precision, workers=workers, validation=validation, log=log, on_collapse="warn",
        reading=reading, kind="finetune", spec=spec,
    )  # fmt: skip
    return _learn(wish, data, split=split, labels=labels, where="finetune")


@dataclass(frozen=True, kw_only=True)
class _Wish:
    """What a user asked for besides the data; `kind` begins the folder's name, `spec` is of the encoder to tune."""

    method: str
    said: dict[str, Any]
    options: dict[str, Any]
    minutes: float | None
    out: str | Path | None
    seed: int
    devices: int | None
    precision: str
    workers: int
    validation: Any
    log: Sequence[str]
    on_collapse: str
    reading: Reading
    kind: str | None = None
    spec: EncoderSpec | None = None


def _learn(wish: _Wish, data: Any, *, split: str | None, labels: float | None = None, where: str) -> Run:
    """A run from its first step: what is wrong with the wish is said before anything is written."""
    learner = find_method(wish.method, where=where)
    _check_wish(wish, where=where)
    fabric = make_fabric(devices=wish.devices, precision=wish.precision)
    source = _opened(data, split=split, labels=labels, seed=wish.seed, reading=wish.reading, where=where)
    settings = _settings(wish, learner, source)
    training = ready(settings, source, fabric=fabric, workers=wish.workers, reading=wish.reading)
    judge = watcher(wish.validation, training, wish.reading)
    name = f"{wish.kind or wish.method}-{_short(source.name)}"
    files = RunFolder(claim(wish.out, name, data=place_of(data), first=fabric.is_global_zero))
    if wish.minutes is not None:
        training.fix_steps(wish.minutes)
    if fabric.is_global_zero:
        write_views(files, source, training.plan, size=training.settings.size, seed=wish.seed)
        write_run(
            training,
            files,
            command=_command(),
            data={"name": source.name, "path": place_of(data), "split": split, "labels": labels},
            reading=wish.reading,
            paper=learner.paper,
            validation=place_of(wish.validation),
            log=wish.log,
            on_collapse=wish.on_collapse,
            devices=wish.devices,
        )
        write_seen(files, source)
        told = [account(source, role="Learning from", listed=files.skipped)]
        twice = duplicates(source.hashes, ids=source.ids, labels=source.labels, class_names=source.class_names)
        tell(*told, *([str(twice)] if twice.copies else []), described(training.settings), log=files.log)
    return _finish(training, files, judge=judge, log=wish.log, on_collapse=wish.on_collapse)


def _check_wish(wish: _Wish, *, where: str) -> None:
    """Refuses what no data could make right."""
    said = {name: value for name, value in wish.said.items() if name not in ("backbone", "init")}
    _check_lengths(where, epochs=said["epochs"], steps=said["steps"], minutes=wish.minutes)
    watched = {"devices": wish.devices, "workers": wish.workers, "on_collapse": wish.on_collapse}
    check_said(where, seed=wish.seed, minutes=wish.minutes, **watched, **said)
    check_list(where, "log", wish.log)
    check_loggers(wish.log)
    check_precision(wish.precision)


def _opened(data: Any, *, split: str | None, labels: float | None, seed: int, reading: Reading, where: str) -> Pictures:
    """The pictures to learn from: of labelled ones, the part whose labels are to be used."""
    source = open_pictures(data, split=split, reading=reading, where=where)
    if labels is None:
        return source
    part = with_few_labels(source, fraction=labels, seed=seed)
    assert isinstance(part, Pictures)
    return part


def _settings(wish: _Wish, learner: type[Method], source: Pictures) -> Settings:
    precision = choose_precision(wish.precision)
    settings = resolve(
        wish.method, learner, source, said=wish.said, options=wish.options, seed=wish.seed, precision=precision
    )
    if wish.spec is not None:
        settings = _as_the_encoder(settings, wish.spec)
    return _with_cache(settings, source, reading=wish.reading)


def _as_the_encoder(settings: Settings, spec: EncoderSpec) -> Settings:
    """The encoder goes on seeing pictures as it has seen them."""
    if settings.channels != spec.channels:
        kinds = {1: "gray", 3: "in colour"}
        constraint = f"{kinds[spec.channels]}, as the encoder's were"
        raise DataError(
            complaint("finetune", "data", constraint, kinds[settings.channels], "Give pictures of that kind")
        )
    return replace(settings, mean=spec.mean, std=spec.std)


def resume(run: str | Path | Run, *, data: Any = None, devices: int | None = None, workers: int = 2) -> Run:
    """Goes on with a run from its checkpoint, to the weights of a run that was never stopped.

    Args:
        run: its folder.
        data: the data, if it is not to be found where it was or was never on disk.
        devices: how many GPUs or processes of this machine; as many as the run began with.
        workers: processes that read pictures; their number changes nothing.

    Raises:
        RunError: the folder is not a run's, or damaged.
        DataError: the data is not what it was.
    """
    check_said("resume", devices=devices, workers=workers)
    files = RunFolder(folder_of(run, where="resume"))
    record = read_run(files, where="resume")
    check_options(find_method(record["method"], where="run.json"), record["options"])
    settings = Settings.from_dict(record["settings"] | {"method": record["method"], "options": record["options"]})
    fabric = make_fabric(devices=devices or record.get("devices"), precision=settings.precision)
    reading = reading_of(record)
    source = _again(record["data"], data, seed=settings.seed, reading=reading)
    training = ready(settings, source, fabric=fabric, workers=workers, reading=reading)
    judge = watcher(record.get("validation"), training, reading)
    watch = {"log": record["log"], "on_collapse": record.get("on_collapse", "warn")}
    return _finish(training, files, judge=judge, resume=True, **watch)


def _with_cache(settings: Settings, source: Pictures, *, reading: Reading) -> Settings:
    """The settings with the size at which pictures are cached; all ranks agree on rank 0's disk."""
    epochs = settings.steps * settings.batch_size / len(source)
    side = cached_side(source, size=settings.size, epochs=epochs, reading=reading, say=tell)
    return replace(settings, cached_side=broadcast_object(side, world()))


def _check_lengths(where: str, **lengths: float | None) -> None:
    """At most one of epochs, steps and minutes."""
    given = {name: value for name, value in lengths.items() if value is not None}
    if len(given) > 1:
        names, values = " and ".join(given), list(given.values())
        raise ValueError(complaint(where, names, "given one at a time", values, "Leave out all but one"))


def _again(known: dict[str, Any], data: Any, *, seed: int, reading: Reading) -> Pictures:
    """The data that a run began with, from where it was or from where it is now."""
    path = known.get("path") if data is None else data
    if path is None:
        raise DataError(
            complaint("resume", "data", "given", None, "The run learned from an object in memory; pass it again")
        )
    if data is None and Path(path).is_absolute() and not Path(path).exists():
        constraint, next_step = "where it was when the run began", "Say by --data where it is now"
        raise DataError(complaint("resume", "data", constraint, path, next_step))
    split = None if isinstance(path, Pictures) else known.get("split")
    labels = known.get("labels")
    source = _opened(path, split=split, labels=labels, seed=seed, reading=reading, where="resume")
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
    judge: Judge | None,
    log: Sequence[str],
    on_collapse: str,
    resume: bool = False,
) -> Run:
    """Trains to the end and leaves a sample of the training pictures' embeddings for the report."""
    run = training.go(files, resume=resume, judge=judge, log=log, on_collapse=on_collapse)
    if training.fabric.is_global_zero:
        some = training.source.select(sample_rows(len(training.source)))
        write_sample(files, some, run.encoder.embed(some), name=f"{training.source.name}, training")
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
