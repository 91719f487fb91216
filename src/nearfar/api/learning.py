"""Learning an encoder: a run from its first step, or from where it stopped."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nearfar.api.loading import load
from nearfar.api.running import Wish, again, learn
from nearfar.data import Reading
from nearfar.engine import Run
from nearfar.engine.folder import folder_of
from nearfar.recipes import check_said
from nearfar.records import RunFolder

__all__ = ["finetune", "pretrain", "resume"]


def pretrain(
    method: str,
    data: Any,
    *,
    split: str | None = None,
    examples: int | None = None,
    without: Sequence[str] = (),
    backbone: str | None = None,
    stem: str | None = None,
    size: int | None = None,
    dim: int | None = None,
    depth: int | None = None,
    max_length: int | None = None,
    vocab_size: int | None = None,
    pooling: str | None = None,
    init: str | Path | None = None,
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
        data: a folder, archive or table of pictures, an array, a data set by name, or a source; or a file of texts, a
            table with a column of them, or a list; or series, as an array or a file of numpy.
        split: which split of the data; "train" where there is one, else all.
        examples: learn from so many examples only, drawn by the seed; where labels are known, each class keeps its
            share. A larger draw has all of a smaller one.
        without: augmentations to leave out of the views: of crop, flip, color, grayscale, blur and solarize.
        backbone: the network: of pictures "small" or any timm model, of texts "transformer", "causal", "lstm" or "gru",
            of series "small" or "vit"; where none is named, the recipe chooses.
        stem: of pictures, the first layers: "small" or "standard"; "small" for pictures of 64 pixels and less.
        size: of pictures, the side of the views in pixels; as large as the pictures, up to 224. Of series, the steps of
            the views; as many as the series have, up to 2,048.
        dim: of texts, the width of the network.
        depth: of texts, how many layers the network has.
        max_length: of texts, most tokens of one, special ones too; longer texts lose their end.
        vocab_size: of texts, how many tokens are learned from them.
        pooling: of texts, how tokens become one vector: "mean", "cls" or "last".
        init: what to start from: a run, a file of weights, a folder of transformers or timm, or published weights by
            name: timm:NAME of pictures, hf:NAME of texts (a folder or a name on the hub). Vision transformers bring
            their shape, to mae its decoder too; encoders of texts their tokenizer and their shape.
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
    return learn(
        Wish(
            where="pretrain", method=method, data=data, split=split, examples=examples, without=without,
            backbone=backbone, stem=stem, size=size, dim=dim, depth=depth, max_length=max_length,
            vocab_size=vocab_size, pooling=pooling,
            init=None if init is None else str(init), epochs=epochs, steps=steps, minutes=minutes,
            batch_size=batch_size, accumulate=accumulate, optimizer=optimizer, learning_rate=learning_rate,
            weight_decay=weight_decay, clip=clip, out=out, seed=seed, devices=devices, precision=precision,
            workers=workers, validation=validation, log=log, on_collapse=on_collapse, reading=reading, options=options,
        )
    )  # fmt: skip


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
    return learn(
        Wish(
            where="finetune", method="supervised", data=data, split=split, labels=labels, spec=load(folder).spec,
            init=str(folder), epochs=epochs, steps=steps, minutes=minutes, batch_size=batch_size, optimizer=optimizer,
            learning_rate=learning_rate, weight_decay=weight_decay, out=out, seed=seed, devices=devices,
            precision=precision, workers=workers, validation=validation, log=log, reading=reading,
            options={"freeze": freeze},
        )
    )  # fmt: skip


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
    return again(RunFolder(folder_of(run, where="resume")), data=data, devices=devices, workers=workers)
