"""What a user calls: the command line and notebooks use nothing else."""

import math
import shlex
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from lightning_fabric import Fabric

from nearfar.data import BUILT_IN, Pictures, holdout, open_source, splits
from nearfar.engine import (
    Encoder,
    Run,
    Scores,
    Settings,
    Training,
    choose_precision,
    make_fabric,
    sample_rows,
    write_sample,
    write_views,
)
from nearfar.engine.folder import claim, write_run
from nearfar.engine.judge import check_labels, check_probes, judge
from nearfar.engine.loggers import check_loggers
from nearfar.errors import DataError, complaint, suggestion
from nearfar.methods import METHODS, Method
from nearfar.probes import knn
from nearfar.recipes import policy, resolve
from nearfar.records import EmbeddingTable, RunFolder, read_json, write_json
from nearfar.report import write_report as _write_report

__all__ = [
    "EmbeddingTable",
    "Encoder",
    "Run",
    "Scores",
    "embed",
    "evaluate",
    "find_method",
    "load",
    "pretrain",
    "resume",
    "write_report",
]

Judge = Callable[[], dict[str, float]]
JUDGED_ROWS = 10_000
"""The k-NN that watches a run looks at no more training rows than this."""


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
    **options: Any,
) -> Run:
    """Learns an encoder from data without labels.

    Args:
        method: how to learn: a name that `nearfar methods` lists.
        data: a folder, zip or parquet of pictures, an array, a data set that comes with nearfar, or a source.
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
        **options: keyword arguments of the method, e.g. `temperature=0.1`.

    Returns:
        The run; its encoder is ready for use.

    Raises:
        ValueError: an argument is wrong; the sentence says what to do.
        DataError: the data cannot be used.
        RunError: the folder is taken or cannot be written.
        NonFiniteLossError: the loss was not a number; the last good checkpoint is kept.
        Interrupted: a signal came; the state is saved.
    """
    learner = find_method(method)
    _check_numbers(seed=seed, epochs=epochs, steps=steps, minutes=minutes)
    check_loggers(log)
    fabric = make_fabric(devices=devices, precision=precision)
    source = _pictures(data, split=split, where="pretrain")
    said = {
        "backbone": backbone,
        "stem": stem,
        "init": init,
        "size": size,
        "batch_size": batch_size,
        "accumulate": accumulate,
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "clip": clip,
        "epochs": epochs,
        "steps": steps,
    }
    precision = choose_precision(precision)
    settings = resolve(method, learner, source, said=said, options=options, seed=seed, precision=precision)
    training = _training(settings, source, fabric=fabric, workers=workers)
    judge = _watcher(validation, training)
    files = RunFolder(claim(out, f"{method}-{source.name}", first=fabric.is_global_zero))
    if minutes is not None:
        training.fix_steps(minutes)
    if fabric.is_global_zero:
        where = {"name": source.name, "path": _path(data), "split": split}
        write_views(files, source, training.plan, size=training.settings.size, seed=seed)
        write_run(
            training,
            files,
            command=_command(),
            data=where,
            paper=learner.paper,
            validation=_path(validation),
            log=log,
            devices=devices,
        )
    return _finish(training, files, judge=judge, log=log)


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
    path = run.path if isinstance(run, Run) else Path(run)
    files = RunFolder(path)
    record = read_json(files.run)
    settings = Settings.from_dict(record["settings"] | {"method": record["method"], "options": record["options"]})
    fabric = make_fabric(devices=devices or record["devices"], precision=settings.precision)
    where = record["data"]
    if data is None and where["path"] is None:
        raise DataError(
            complaint("resume", "data", "given", None, "The run learned from an object in memory; pass it again")
        )
    source = _pictures(
        where["path"] if data is None else data, split=where["split"] if data is None else None, where="resume"
    )
    if source.fingerprint != where["fingerprint"]:
        raise DataError(
            complaint(
                "resume",
                "data",
                f"what the run began with ({where['fingerprint'][:12]})",
                source.fingerprint[:12],
                "Restore the data or train anew",
            )
        )
    training = _training(settings, source, fabric=fabric, workers=workers)
    judge = _watcher(record["validation"], training)
    return _finish(training, files, judge=judge, log=record["log"], resume=True)


def load(path: str | Path) -> Encoder:
    """The encoder of a run, or of any folder with `encoder.json` and `encoder.safetensors`.

    Args:
        path: the folder.

    Raises:
        RunError: there is no encoder, or it is damaged.
    """
    return Encoder.load(Path(path))


def embed(run: str | Path | Run | Encoder, data: Any, *, split: str | None = None) -> EmbeddingTable:
    """The representation of every example.

    Args:
        run: a run, its folder, or an encoder.
        data: as for `pretrain`.
        split: which split of the data; "train" where there is one, else all.
    """
    return _encoder(run).embed(data, split=split)


def evaluate(
    run: str | Path | Run | Encoder,
    data: Any,
    *,
    split: str | None = None,
    test: Any = None,
    probes: Sequence[str] = ("knn", "linear", "fewshot"),
    baselines: bool = True,
    seed: int = 0,
) -> Scores:
    """Judges an encoder with labels, beside raw input and the untrained network.

    Where the data has a test split, probes are fitted on `split` and scored on it; where it has none, a seeded fifth of
    every class is held out, and the scores say so. For a run, `scores.json` and the report's sample are written.

    Args:
        run: a run, its folder, or an encoder.
        data: labelled data, as for `pretrain`.
        split: what probes are fitted on; "train" where there is one, else all.
        test: other data to score on; its test split where it has one, else all.
        probes: of "knn", "linear", "fewshot".
        baselines: whether to judge raw input and the untrained network too.
        seed: of what is held out and of the probes' draws.

    Raises:
        DataError: the data cannot be used, or has no labels.
        ValueError: a probe is unknown.
    """
    check_probes(probes)
    encoder = _encoder(run)
    train, held, held_out = _parts(data, split, test, seed)
    scores, others, table = judge(encoder, train, held, probes=probes, baselines=baselines, seed=seed)
    facts = {"name": train.name, "train": {"split": split or "train", "examples": len(train)},
             "test": {"name": held.name, "examples": len(held)}, "held_out": held_out}  # fmt: skip
    result = Scores(facts, scores, others)
    if not isinstance(run, Encoder):
        files = RunFolder(run.path if isinstance(run, Run) else Path(run))
        write_json(files.scores, result.as_dict())
        rows = sample_rows(len(held))
        write_sample(
            files, held.select(rows), table.rows(rows), name=f"{held.name}, {'held out' if held_out else 'test'}"
        )
    return result


def write_report(run: str | Path | Run) -> Path:
    """Writes the run's page.

    Args:
        run: a run or its folder.

    Returns:
        Where `report.html` is.
    """
    return _write_report(run.path if isinstance(run, Run) else Path(run))


def find_method(name: str) -> type[Method]:
    """The method of a name.

    Raises:
        ValueError: there is none.
    """
    if name not in METHODS:
        raise ValueError(
            complaint("pretrain", "method", "one that `nearfar methods` lists", name, suggestion(name, METHODS))
        )
    return METHODS[name]


def _check_numbers(*, seed: int, **lengths: float | None) -> None:
    """A seed from 0 on; at most one of epochs, steps and minutes, and above 0."""
    if seed < 0:
        raise ValueError(complaint("pretrain", "seed", "at least 0", seed, "Try --seed 0"))
    given = {name: value for name, value in lengths.items() if value is not None}
    if len(given) > 1:
        names, values = " and ".join(given), list(given.values())
        raise ValueError(complaint("pretrain", names, "given one at a time", values, "Leave out all but one"))
    for name, value in given.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(complaint("pretrain", name, "above 0", value, f"Try --{name} 10"))


def _pictures(data: Any, *, split: str | None, where: str) -> Pictures:
    source = open_source(data, split=split, where=where)
    if not isinstance(source, Pictures):
        raise DataError(complaint(where, "data", "pictures", source.modality, "Other modalities have no method yet"))
    return source


def _training(settings: Settings, source: Pictures, *, fabric: Fabric, workers: int) -> Training:
    make = partial(METHODS[settings.method], **settings.options)
    return Training(fabric, source, settings, make, policy(settings), workers=workers)


def _finish(
    training: Training, files: RunFolder, *, judge: Judge | None, log: Sequence[str], resume: bool = False
) -> Run:
    """Trains to the end and leaves a sample of the training pictures' embeddings for the report."""
    run = training.go(files, resume=resume, judge=judge, log=log)
    if training.fabric.is_global_zero:
        some = training.source.select(sample_rows(len(training.source)))
        write_sample(files, some, run.encoder.embed(some), name=f"{training.source.name}, training")
    return run


def _encoder(run: str | Path | Run | Encoder) -> Encoder:
    if isinstance(run, Encoder):
        return run
    return run.encoder if isinstance(run, Run) else load(run)


def _parts(data: Any, split: str | None, test: Any, seed: int) -> tuple[Pictures, Pictures, bool]:
    """What to fit probes on, what to score them on, and whether the latter was held out of the former."""
    train = _pictures(data, split=split, where="evaluate")
    if test is not None:
        held = _pictures(test, split="test" if "test" in splits(test) else None, where="evaluate")
        if held.class_names != train.class_names:
            names = ", ".join(sorted(set(held.class_names) ^ set(train.class_names)))
            next_step = "Name the classes alike"
            raise DataError(
                complaint("evaluate", "test", "data with the classes of the training data", names, next_step)
            )
        return train, held, False
    for name in ("test", "val"):
        if name in splits(data) and name != split:
            return train, _pictures(data, split=name, where="evaluate"), False
    larger, aside = holdout(train, seed=seed)
    assert isinstance(larger, Pictures)
    assert isinstance(aside, Pictures)
    return larger, aside, True


def _watcher(validation: Any, training: Training) -> Judge | None:
    """The k-NN that watches a run, if there is something to judge with."""
    if validation is None:
        return None
    train, held, _ = _parts(validation, None, None, training.settings.seed)
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


def _path(data: Any) -> str | None:
    """Where data is to be found again: a built-in name or an absolute path; None for objects in memory."""
    if isinstance(data, str | Path):
        return str(data) if str(data) in BUILT_IN else str(Path(data).absolute())
    return None


def _command() -> str:
    """What to type to get this run again."""
    program = Path(sys.argv[0]).name
    return shlex.join(["nearfar" if program in ("__main__.py", "nearfar") else program, *sys.argv[1:]])
