"""Many runs of one method that differ in their settings: asked for, carried out, and put side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nearfar.api.ready import check_list, find_method, open_among, tell
from nearfar.api.running import check_lengths
from nearfar.api.sweeping.carry import carry_out
from nearfar.api.sweeping.folder import open_folder
from nearfar.api.sweeping.grid import Values, read_grid
from nearfar.api.sweeping.plan import Plan, drawn
from nearfar.api.sweeping.processes import alone
from nearfar.api.sweeping.studies import STUDIES, check_study, study_combinations
from nearfar.api.sweeping.suggest import SAMPLERS, require_optuna
from nearfar.api.sweeping.trial import JUDGING_SEED, Task
from nearfar.data import Reading, Source
from nearfar.engine.intake import account, parts, place_of
from nearfar.engine.judge import PROBES, check_labels, check_probes
from nearfar.engine.loggers import check_loggers
from nearfar.errors import complaint, suggestion
from nearfar.recipes import check_said
from nearfar.report import LABEL_FREE, Sweep, read_sweep

__all__ = ["sweep"]

TRIALS = 20
"""What a sampler draws if nothing is said."""
MOST = 10_000
"""Combinations of a grid."""


def sweep(
    method: str,
    data: Any,
    *,
    grid: Mapping[str, Any] | None = None,
    study: str | None = None,
    sampler: str = "grid",
    trials: int | None = None,
    at_once: int = 1,
    test: Any = None,
    by: str | None = None,
    probes: Sequence[str] = ("linear", "knn"),
    split: str | None = None,
    out: str | Path | None = None,
    devices: int | None = None,
    workers: int = 2,
    validation: Any = None,
    log: Sequence[str] = (),
    reading: Reading = Reading(),  # noqa: B008  # which is frozen
) -> Sweep:
    """Tries settings of a method, judges each run alike, and says which did best.

    Each trial is a run folder below `out`. The same call again goes on where it was stopped, however that was: no
    trial is run twice. Another grid in the same folder adds what is new in it.

    Args:
        method: how to learn: a name that `nearfar methods` lists.
        data: what to learn from and to judge by, as for `pretrain`.
        grid: for settings of `pretrain` and options of the method a value, a list of values or, with a sampler that
            draws, a range such as "0.05..0.5".
        study: a ready-made grid: augmentations, data-size, batch-size or backbones; values that are given come first.
        sampler: "grid" for every combination; "random" or "tpe" to draw some, by chance or near what has done well.
        trials: how many a sampler shall draw in all; 20 when it is not given.
        at_once: how many to run at a time; they share the cores, and have a GPU each where there are several.
        test: other labelled data to score on; the data's test split, or else a fifth that is held out.
        by: the score that ranks: a probe, or one without labels such as lidar; the first probe where there are labels.
        probes: of knn, linear, fewshot, ridge, cluster and retrieval, where there are labels.
        split: which split of the data; "train" where there is one, else all.
        out: the folder; sweeps/METHOD-DATA when it is not given.
        devices: how many GPUs or processes of this machine each trial takes.
        workers: processes that read pictures which do not fit into memory.
        validation: labelled data for a k-NN score of each run now and then.
        log: where records go too: "tensorboard", "wandb", "mlflow".
        reading: how the data is read, and the test and validation data.

    Returns:
        The sweep: its trials, ranked, and how well scores without labels would have chosen.

    Raises:
        ValueError: an argument is wrong; the sentence says what to do.
        DataError: the data cannot be used.
        RunError: Optuna is not installed, or the folder holds something else or another sweep.
        Interrupted: a signal came; what was running has saved its state.
    """
    _check(method, study=study, sampler=sampler, trials=trials, at_once=at_once, probes=probes, by=by, log=log)
    check_said("sweep", devices=devices, workers=workers)
    chosen = read_grid(method, grid or {})
    check_lengths("sweep", **{name: (grid or {}).get(name) for name in ("epochs", "steps", "minutes")})
    require_optuna()
    source = open_among(data, find_method(method).modalities, split=split, reading=reading, where="sweep")
    labelled = _check_data(data, test, source, split=split, reading=reading)
    probes = tuple(dict.fromkeys((*probes, *(STUDIES[study].probes if study else ())))) if labelled else ()
    ranks = _ranking(by, probes)
    listed = None
    if sampler != "grid":
        _check_drawn(chosen)
    else:
        chosen, listed = study_combinations(study, method, chosen, source)
        _check_count(listed)
    task = Task(
        method=method, data=data, split=split, test=test, validation=validation, log=tuple(log), devices=devices,
        workers=workers, reading=reading, probes=probes,
    )  # fmt: skip
    _check_memory(task, at_once)
    asked = _asked(task, source, chosen, by=ranks, study=study, sampler=sampler, trials=trials)
    files = open_folder(out, asked)
    tell(account(source, role="Sweeping over"))
    del source
    with alone(files) as lock:
        plan = Plan(files, grid=chosen, listed=listed, sampler=sampler, trials=trials or TRIALS, by=ranks)
        carry_out(task, files, plan, at_once=at_once, lock=lock)
    return read_sweep(files.path)


def _check(
    method: str,
    *,
    study: str | None,
    sampler: str,
    trials: int | None,
    at_once: int,
    probes: Sequence[str],
    by: str | None,
    log: Sequence[str],
) -> None:
    """Refuses what no data could make right."""
    find_method(method, where="sweep")
    if sampler not in SAMPLERS:
        constraint = f"one of {', '.join(SAMPLERS)}"
        raise ValueError(complaint("sweep", "sampler", constraint, sampler, suggestion(str(sampler), SAMPLERS)))
    check_study(study, sampler=sampler)
    check_said("sweep", trials=trials, at_once=at_once)
    if trials is not None and sampler == "grid":
        next_step = "Leave it out, or say --sampler random"
        raise ValueError(complaint("sweep", "trials", "left out for a grid, which tries all", trials, next_step))
    check_list("sweep", "probes", probes)
    check_probes(probes, where="sweep")
    check_list("sweep", "log", log)
    check_loggers(log)


def _check_data(data: Any, test: Any, source: Source, *, split: str | None, reading: Reading) -> bool:
    """Whether there are labels to judge by; other data to score on is nothing without them."""
    labelled = source.labels is not None and len(set(source.labels[source.labels >= 0].tolist())) > 1
    if test is not None:
        check_labels(source, "training", where="sweep")
    if labelled:
        _, held, _ = parts(
            data, modality=source.modality, split=split, test=test, seed=JUDGING_SEED, reading=reading, where="sweep"
        )
        check_labels(held, "test", where="sweep")
    return labelled


def _check_memory(task: Task, at_once: int) -> None:
    if at_once > 1 and not task.is_on_disk:
        next_step = "Save the data, e.g. by numpy.savez, and give its path"
        raise ValueError(complaint("sweep", "at_once", "1 for data in memory", at_once, next_step))


def _check_drawn(grid: Mapping[str, Values]) -> None:
    if not drawn(grid):
        constraint, next_step = "of several values, or a range, to draw from", "Give one, e.g. --temperature 0.05..0.5"
        raise ValueError(complaint("sweep", "grid", constraint, list(grid), next_step))


def _check_count(listed: Sequence[Any]) -> None:
    if len(listed) > MOST:
        next_step = "List fewer values, or say --sampler random"
        raise ValueError(complaint("sweep", "grid", f"of at most {MOST:,} combinations", f"{len(listed):,}", next_step))


def _ranking(by: str | None, probes: Sequence[str]) -> str:
    """The score that ranks."""
    known = [*probes, *LABEL_FREE]
    if by in PROBES and not probes:
        constraint, next_step = f"one of {', '.join(known)} where there are no labels", "Leave it out, or give labels"
        raise ValueError(complaint("sweep", "by", constraint, by, next_step))
    if by is not None and by not in known:
        raise ValueError(complaint("sweep", "by", f"one of {', '.join(known)}", by, suggestion(str(by), known)))
    return by or known[0]


def _asked(
    task: Task,
    source: Source,
    grid: Mapping[str, Values],
    *,
    by: str,
    study: str | None,
    sampler: str,
    trials: int | None,
) -> dict[str, Any]:
    """The call, in the types of JSON."""
    told = {name: list(values) if type(values) is tuple else str(values) for name, values in grid.items()}
    return {
        "method": task.method,
        "data": place_of(task.data),
        "name": source.name,
        "fingerprint": source.fingerprint,
        "examples": len(source),
        "split": task.split,
        "test": place_of(task.test),
        "validation": place_of(task.validation),
        "log": list(task.log),
        "devices": task.devices,
        "workers": task.workers,
        "reading": asdict(task.reading),
        "probes": list(task.probes),
        "by": by,
        "study": study,
        "sampler": sampler,
        "trials": trials,
        "grid": told,
    }
