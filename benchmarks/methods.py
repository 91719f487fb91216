"""Every method beside every other: one backbone, one data set, one number of examples seen.

    python benchmarks/methods.py [--contestants simclr byol ...] [--seeds 0 1 2] [--examples 50000] [--at-once 2]
    python benchmarks/methods.py --table     prints the records; --publish also puts them into `nearfar methods`

10,000 CIFAR-10 pictures without labels (Supervised has them all; the methods that can use labels get none), the `small`
backbone, each method's recipe as it ships; then a k-NN, a linear probe and 10 labels a class, fitted on the same
pictures and scored on the 8,000 test rows. Beside them stand raw pixels, their first 128 principal components, HOG and
the untrained network, and lightly's methods on the same backbone (`lightly-simclr`, ...; see lightly_methods.py).

Every result is kept in `records/methods.json` by contestant, seed and number of examples; what is there is not run
again, so it may be run in pieces. Each run is a process of its own, pinned to one core together with its loader
workers: seconds are that core's, of the processor, and peak memory is the run's without the workers. The label-free
diagnostics of each encoder are in its record too; `--correlation` prints how they rank the runs.

Methods that rebuild or order pictures are fine-tuned too, on 10 % of the labels for 150 steps, beside the same network
on the same labels from scratch. `mae` has a vision transformer, `vit_tiny`, and an untrained one beside it.
"""

import argparse
import json
import os
import queue
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from data import cifar10
from lightly_methods import LIGHTLY, lightly_network
from scipy.stats import spearmanr

import nearfar
from nearfar.api.finetuned import finetuned
from nearfar.data import Pictures, channel_statistics
from nearfar.diagnostics import effective_rank
from nearfar.engine import Encoder, ImageSpec, label_free, raw_table
from nearfar.methods import METHODS
from nearfar.probes import fewshot, knn, linear
from nearfar.records import EmbeddingTable, MetricsLog, RunFolder

RECORDS = Path(__file__).with_name("records") / "methods.json"
PUBLISHED = Path(nearfar.__file__).parent / "recipes" / "measured.json"
TRAIN_ROWS = 10_000
EXAMPLES = 50_000
MORE_SEEDS = ("simclr", "moco", "byol", "simsiam", "swav", "vicreg")
"""Those that are run with three seeds unless others are asked for."""
BACKBONE = "small"
REBUILD_OR_ORDER = (
    "autoencoder", "denoisingautoencoder", "vae", "mae", "bigan", "contextprediction", "jigsaw", "rotation",
)  # fmt: skip
TUNING_STEPS = 150
Table = Callable[[Pictures], EmbeddingTable]


def training_pictures(*, labelled: bool) -> Pictures:
    source = cifar10("train").select(np.arange(TRAIN_ROWS))
    if not labelled:
        source.labels = None
    return source


def scores(table: Table) -> dict[str, float]:
    """The three probes on a representation, and how many directions it uses."""
    train, test = table(training_pictures(labelled=True)), table(cifar10("test"))
    data = train.vectors, train.labels, test.vectors, test.labels
    probes = {"knn": knn(*data).accuracy, "linear": linear(*data).accuracy, "fewshot": fewshot(*data).accuracy}
    return probes | {"effective_rank": float(effective_rank(torch.from_numpy(test.vectors[:2048])))}


def judged(encoder: Encoder) -> dict[str, Any]:
    return scores(encoder.embed) | {"label_free": label_free(encoder, cifar10("test"))}


def nearfar_run(method: str, seed: int, examples: int) -> dict[str, Any]:
    source = training_pictures(labelled=method == "supervised")
    with tempfile.TemporaryDirectory() as folder:
        run = nearfar.pretrain(method, source, epochs=examples / TRAIN_ROWS, seed=seed, out=Path(folder) / "run")
        log = MetricsLog.read(RunFolder(run.path).metrics)
        facts = {"seconds": _seconds(), "peak_mib": _peak(), "loss": log[-1]["loss"]}
        facts |= {"guard": [record["guard"] for record in log if record.get("guard")]}
        return judged(run.encoder) | facts | _beside(method, run.encoder, seed)


def _beside(method: str, encoder: Encoder, seed: int) -> dict[str, Any]:
    """What else is asked of methods that rebuild or order pictures, and of other networks than the shared one."""
    found: dict[str, Any] = {}
    if method in REBUILD_OR_ORDER:
        train, test = training_pictures(labelled=True), cifar10("test")
        parts = finetuned(encoder, train, test, fractions=(0.1,), seed=seed, steps=TUNING_STEPS)
        found |= dict(zip(("finetuned", "scratch"), (part["finetune@10%"].accuracy for part in parts), strict=True))
    if encoder.spec.backbone != BACKBONE:
        found |= {"backbone": encoder.spec.backbone, "untrained": scores(encoder.untrained().embed)}
    return found


def lightly_run(method: str, seed: int, examples: int) -> dict[str, Any]:
    source = training_pictures(labelled=False)
    spec = replace(_spec(source), seed=seed)
    network = lightly_network(method, spec.build(), source, examples=examples, seed=seed)
    facts = {"seconds": _seconds(), "peak_mib": _peak()}
    return judged(Encoder(spec, network)) | facts


def baseline_run(name: str) -> dict[str, Any]:
    raw: Table = lambda source: raw_table(source, size=32, channels=3)  # noqa: E731
    if name == "raw pixels":
        return scores(raw)
    if name == "untrained":
        spec = _spec(training_pictures(labelled=False))
        return judged(Encoder(spec, spec.build()))
    if name == "HOG":
        from skimage.feature import hog

        return scores(
            _mapped(lambda x: np.stack([hog(each, pixels_per_cell=(8, 8), channel_axis=-1) for each in _upright(x)]))
        )
    from sklearn.decomposition import PCA

    return scores(_mapped(PCA(128, random_state=0).fit(raw(training_pictures(labelled=True)).vectors).transform))


def _mapped(function: Callable[[np.ndarray], np.ndarray]) -> Table:
    def table(source: Pictures) -> EmbeddingTable:
        raw = raw_table(source, size=32, channels=3)
        return EmbeddingTable(function(raw.vectors).astype(np.float32), raw.ids, raw.labels, raw.class_names)

    return table


def _upright(vectors: np.ndarray) -> np.ndarray:
    return vectors.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


def _spec(source: Pictures) -> ImageSpec:
    mean, std = channel_statistics(source, 3)
    return ImageSpec(backbone=BACKBONE, stem=None, size=32, channels=3, mean=mean, std=std, seed=0)


def _seconds() -> float:
    """Processor time of this process so far, importing included, and of its loader workers that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


BASELINES = ("raw pixels", "PCA", "HOG", "untrained")


def run_one(key: str) -> dict[str, Any]:
    name, seed, examples = key.split("|")
    if name in BASELINES:
        return baseline_run(name)
    kind, _, method = name.rpartition("-")
    return (lightly_run if kind else nearfar_run)(method, int(seed), int(examples))


def run_all(keys: list[str], records: dict[str, dict[str, Any]], at_once: int) -> None:
    """Each key in a process and on a core of its own; a record is kept as soon as it is there."""
    cores: queue.Queue[int] = queue.Queue()
    for core in sorted(os.sched_getaffinity(0))[:at_once]:
        cores.put(core)

    def run(key: str) -> tuple[str, str]:
        core = cores.get()
        command = ["taskset", "-c", str(core), sys.executable, __file__, "--one", key]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        finally:
            cores.put(core)
        return key, done.stdout.decode().splitlines()[-1]

    with ThreadPoolExecutor(at_once) as pool:
        for future in as_completed([pool.submit(run, key) for key in keys]):
            key, line = future.result()
            records[key] = json.loads(line) | {"torch": torch.__version__}
            RECORDS.write_text(json.dumps(dict(sorted(records.items())), indent=1) + "\n")
            print(key, records[key], flush=True)


def publish(records: dict[str, dict[str, Any]]) -> None:
    """Writes what `nearfar methods` shows: of each method the mean and half the range of each score over its seeds."""
    found: dict[str, Any] = {}
    for (name, examples), entries in _groups(records).items():
        if name in METHODS and int(examples) >= found.get(name, {"examples": 0})["examples"]:
            by = {probe: [entry[probe] for entry in entries] for probe in ("knn", "linear", "fewshot")}
            scores = {
                probe: [round(statistics.mean(values), 4), round(_half(values), 4)] for probe, values in by.items()
            }
            found[name] = {"examples": int(examples), "seeds": len(entries), **scores}
            if "backbone" in entries[0]:
                other = statistics.mean(entry["untrained"]["linear"] for entry in entries)
                found[name] |= {"backbone": entries[0]["backbone"], "untrained": {"linear": round(other, 4)}}
    about = f"CIFAR-10, {TRAIN_ROWS:,} pictures"
    untrained = {probe: round(records["untrained|0|0"][probe], 4) for probe in ("knn", "linear", "fewshot")}
    whole = {"about": about, "backbone": BACKBONE, "untrained": untrained, "methods": dict(sorted(found.items()))}
    PUBLISHED.write_text(json.dumps(whole, indent=1) + "\n")


def wanted(arguments: argparse.Namespace) -> list[str]:
    """The keys of the records that were asked for."""
    keys = []
    for name in arguments.contestants:
        default = [0, 1, 2] if name in MORE_SEEDS else [0]
        seeds = [0] if name in BASELINES else default if arguments.seeds is None else arguments.seeds
        keys += [f"{name}|{seed}|{0 if name in BASELINES else arguments.examples}" for seed in seeds]
    return keys


def table(records: dict[str, dict[str, Any]]) -> str:
    """The records as Markdown, one row a contestant, best linear score first, with the spread over seeds."""
    others = {
        f"untrained {record['backbone']}|0|0": record["untrained"]
        for record in records.values()
        if "untrained" in record
    }
    groups = _groups(records | others)
    rows = [
        "| contestant | examples | seeds | k-NN | linear | 10 labels a class | fine-tuned, from scratch |"
        " effective rank | seconds | peak MiB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    ordered = sorted(groups.items(), key=lambda item: -statistics.mean(entry["linear"] for entry in item[1]))
    for (name, examples), entries in ordered:
        cells = [spread([entry[probe] for entry in entries]) for probe in ("knn", "linear", "fewshot")]
        tuned = [spread([entry[role] for entry in entries if role in entry]) for role in ("finetuned", "scratch")]
        cells.append(", ".join(each for each in tuned if each))
        cells += [
            f"{statistics.mean(entry[fact] for entry in entries):,.0f}" if fact in entries[0] else ""
            for fact in ("effective_rank", "seconds", "peak_mib")
        ]
        seen = f"{int(examples):,}" if int(examples) else ""
        rows.append(f"| {name} | {seen} | {len(entries)} | {' | '.join(cells)} |")
    return re.sub(r"\|  (?=\|)", "| ", "\n".join(rows))


def correlation(records: dict[str, dict[str, Any]]) -> str:
    """How each label-free score ranks the runs, beside the linear probe: Spearman's correlation, as Markdown.

    Over all of nearfar's runs of the shared backbone that have them, and over those without labels in training alone.
    """
    own = {key: record for key, record in records.items() if key.split("|")[0] in METHODS}
    runs = {key: record for key, record in own.items() if "label_free" in record and "backbone" not in record}
    without = {key: record for key, record in runs.items() if not key.startswith("supervised")}
    names = sorted({name for record in runs.values() for name in record["label_free"]})
    rows = [f"| score | {len(runs)} runs | {len(without)} without supervision |", "|---|---:|---:|"]
    for name in names:
        cells = [f"{_rank_correlation(name, chosen):+.2f}" for chosen in (runs, without)]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _rank_correlation(name: str, records: dict[str, dict[str, Any]]) -> float:
    pairs = [(each["label_free"][name], each["linear"]) for each in records.values() if name in each["label_free"]]
    return float(spearmanr(*zip(*pairs, strict=True)).statistic)


def spread(values: list[float]) -> str:
    """The mean over seeds, with half of the range where there are several; nothing of nothing."""
    if not values:
        return ""
    return f"{statistics.mean(values):.3f}" + (f" ± {_half(values):.3f}" if len(values) > 1 else "")


def _half(values: list[float]) -> float:
    """Half of the range."""
    return (max(values) - min(values)) / 2


def _groups(records: dict[str, dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The records of one contestant and number of examples, over seeds."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for key, record in records.items():
        name, _, examples = key.split("|")
        groups.setdefault((name, examples), []).append(record)
    return groups


def main() -> None:
    names = (*BASELINES, *METHODS, *(f"lightly-{name}" for name in LIGHTLY))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--contestants", nargs="+", choices=names, default=names)
    parser.add_argument("--seeds", nargs="+", type=int, help="by default 0, and 0 1 2 for some")
    parser.add_argument("--examples", type=int, default=EXAMPLES, help="seen in training")
    parser.add_argument("--at-once", type=int, default=1, help="runs at a time, each on a core of its own")
    parser.add_argument("--table", action="store_true", help="only print what is recorded")
    parser.add_argument("--correlation", action="store_true", help="print how label-free scores rank what is recorded")
    parser.add_argument("--publish", action="store_true", help="put what is recorded into `nearfar methods`")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(run_one(arguments.one)))
        return
    records = json.loads(RECORDS.read_text()) if RECORDS.exists() else {}
    if arguments.correlation:
        print(correlation(records))
        return
    if not (arguments.table or arguments.publish):
        run_all([key for key in wanted(arguments) if key not in records], records, arguments.at_once)
    if arguments.publish:
        publish(records)
    print(table(records))


if __name__ == "__main__":
    main()
