"""What a trained encoder is for: vectors, scores, a page."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nearfar.api.ready import check_list, tell
from nearfar.data import Pictures, Reading
from nearfar.engine import Classifier, Encoder, Predictions, Run, Scores, sample_rows, write_sample
from nearfar.engine.folder import check_writable, folder_of, reading_of
from nearfar.engine.intake import account, open_pictures, parts, place_of
from nearfar.engine.judge import check_labels, check_probes, judge
from nearfar.engine.overlap import overlap, read_seen, warnings_of
from nearfar.errors import RunError, complaint
from nearfar.recipes import check_said
from nearfar.records import EmbeddingTable, RunFolder, read_json, write_json
from nearfar.report import Comparison, write_comparison
from nearfar.report import compare as _compare
from nearfar.report import write_report as _write_report

__all__ = ["compare", "embed", "evaluate", "load", "predict", "write_report"]

ALIKE = ("image_column", "label_column", "truncated")
"""What of a run's reading holds for other data too, unless the user says otherwise."""


def load(path: str | Path) -> Encoder:
    """The encoder of a run, or of any folder with `encoder.json` and `encoder.safetensors`.

    Args:
        path: the folder.

    Raises:
        RunError: there is no encoder, or it is damaged.
    """
    files = RunFolder(folder_of(path, where="load"))
    if os.path.exists(files.run) and not os.path.exists(files.encoder):
        next_step = f"Finish it by `nearfar resume {shlex.quote(str(files.path))}`"
        raise RunError(complaint("load", str(files.path), "a run with an encoder", "no encoder.json", next_step))
    encoder = Encoder.load(files.path)
    if encoder.spec.modality != Pictures.modality:
        next_step = "Upgrade nearfar, or name another run"
        raise RunError(complaint("load", "run", "of pictures", encoder.spec.modality, next_step))
    return encoder


def embed(
    run: str | Path | Run | Encoder,
    data: Any,
    *,
    split: str | None = None,
    reading: Reading = Reading(),  # noqa: B008  # which is frozen
) -> EmbeddingTable:
    """The representation of every example.

    Args:
        run: a run, its folder, or an encoder.
        data: as for `pretrain`.
        split: which split of the data; "train" where there is one, else all.
        reading: how the data is read; columns and what to do with truncated pictures, unless stated, as in the run.

    Raises:
        DataError: the data cannot be used.
        RunError: there is no encoder, or it is damaged.
    """
    encoder = _encoder(run)
    source = open_pictures(data, split=split, reading=_alike(run, reading, data), where="embed")
    tell(account(source, role="Embedding"))
    return encoder.embed(source)


def predict(
    run: str | Path | Run,
    data: Any,
    *,
    split: str | None = None,
    reading: Reading = Reading(),  # noqa: B008  # which is frozen
) -> Predictions:
    """The likeliest class of every example, and the training example that it is most like.

    Args:
        run: a run with a classifier, as `finetune` and `pretrain supervised` leave it, or its folder.
        data: as for `pretrain`; it needs no labels.
        split: which split of the data; "train" where there is one, else all.
        reading: how the data is read; columns and what to do with truncated pictures, unless stated, as in the run.

    Raises:
        DataError: the data cannot be used.
        RunError: there is no classifier, or it is damaged.
    """
    classifier = Classifier.load(folder_of(run, where="predict"))
    source = open_pictures(data, split=split, reading=_alike(run, reading, data), where="predict")
    tell(account(source, role="Predicting"))
    return classifier.predict(source)


def evaluate(
    run: str | Path | Run | Encoder,
    data: Any,
    *,
    split: str | None = None,
    test: Any = None,
    probes: Sequence[str] = ("knn", "linear", "fewshot"),
    baselines: bool = True,
    seed: int = 0,
    reading: Reading = Reading(),  # noqa: B008  # which is frozen
) -> Scores:
    """Judges an encoder with labels, beside raw input and the untrained network.

    Where the data has a test split, probes are fitted on `split` and scored on it; where it has none, a seeded fifth of
    every class is held out, and the scores say so. For a run, `scores.json` and the report's sample are written.

    Args:
        run: a run, its folder, or an encoder.
        data: labelled data, as for `pretrain`.
        split: what probes are fitted on; "train" where there is one, else all.
        test: other data to score on; its test split where it has one, else all.
        probes: of knn, linear, fewshot, ridge, cluster and retrieval.
        baselines: whether to judge raw input and the untrained network too.
        seed: of what is held out and of the probes' draws.
        reading: how the data is read; columns and what to do with truncated pictures, unless stated, as in the run.

    Returns:
        The scores. Their `data["overlap"]` counts the test pictures that are in the run's training data (None where
        that is not known) or among those that the probes are fitted on, byte for byte, and names some.

    Raises:
        DataError: the data cannot be used, or has no labels.
        RunError: there is no encoder, or it is damaged, or the run's folder cannot be written.
        ValueError: a probe is unknown.
    """
    check_list("evaluate", "probes", probes)
    check_probes(probes)
    check_said("evaluate", seed=seed)
    encoder = _encoder(run)
    files = None if isinstance(run, Encoder) else RunFolder(folder_of(run, where="evaluate"))
    if files is not None:
        check_writable("evaluate", "run", files.path)
    reading = _alike(run, reading, data)
    train, held, held_out = parts(data, split=split, test=test, seed=seed, reading=reading, where="evaluate")
    check_labels(train, "training")
    check_labels(held, "test")
    shared = overlap(train, held, None if files is None else read_seen(files))
    tell(
        account(train, role="Fitting on"),
        account(held, role="Judging by", again=held_out),
        *warnings_of(shared, tests=len(held)),
    )
    scores, others, table = judge(encoder, train, held, probes=probes, baselines=baselines, seed=seed)
    facts = {
        "name": train.name,
        "train": {"split": split or "train", "examples": len(train), "fingerprint": train.fingerprint},
        "test": {"name": held.name, "examples": len(held), "fingerprint": held.fingerprint},
        "held_out": held_out,
        "overlap": shared,
    }
    result = Scores(facts, scores, others)
    if files is not None:
        write_json(files.scores, result.as_dict())
        rows = sample_rows(len(held))
        name = f"{held.name}, {'held out' if held_out else 'test'}"
        write_sample(files, held.select(rows), table.rows(rows), name=name)
    return result


def compare(runs: Sequence[str | Path | Run], *, out: str | Path | None = None) -> Comparison:
    """Puts runs side by side: what each scores and costs, and in which settings they differ.

    Runs that differ in nothing but the seed are one contestant, whose spread over the seeds is shown.

    Args:
        runs: at least two runs or their folders, each judged by `evaluate` on the same data.
        out: where to write the comparison as a page; nowhere when it is not given.

    Raises:
        RunError: a folder holds no run, one has not been judged, or they were judged on different data or by no probe
            in common.
    """
    found = _compare([folder_of(run, where="compare") for run in runs])
    if out is not None:
        write_comparison(found, Path(out))
    return found


def write_report(run: str | Path | Run) -> Path:
    """Writes the run's page.

    Args:
        run: a run or its folder.

    Returns:
        Where `report.html` is.
    """
    return _write_report(folder_of(run, where="report"))


def _encoder(run: str | Path | Run | Encoder) -> Encoder:
    return run if isinstance(run, Encoder) else load(folder_of(run, where="load"))


def _alike(run: str | Path | Run | Encoder, reading: Reading, data: Any) -> Reading:
    """Reading as the run's own data was read, where the caller states nothing and the data is of the same kind."""
    files = None if isinstance(run, Encoder) else RunFolder(folder_of(run, where="run"))
    if files is None or not files.run.exists():
        return reading
    record, place = read_json(files.run), place_of(data)
    known = record.get("data", {}).get("path")
    if place is None or known is None or Path(place).suffix != Path(known).suffix:
        return reading
    begun, usual = reading_of(record), Reading()
    unsaid = [name for name in ALIKE if getattr(reading, name) == getattr(usual, name)]
    return replace(reading, **{name: getattr(begun, name) for name in unsaid})
