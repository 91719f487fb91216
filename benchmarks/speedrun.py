"""Accuracy per minute: what an encoder is worth after 40 seconds and after five minutes of training on two cores.

    python benchmarks/speedrun.py [--contestants nearfar lightly] [--seconds 40 300] [--seeds 0 1 2] [--judge test]

20,000 CIFAR-10 pictures without labels; then a k-NN, a linear probe and 10 labels a class, fitted on the same 20,000
and scored on the 8,000 test rows. Settings were chosen with `--judge spare`, on 8,000 other training rows, never on the
test rows. lightly runs the loop of its documentation on a ResNet-18 with a 3x3 stem (documented: temperature 0.5, full
colour strength, SGD at 0.06), and tuned: `--contestants lightly-search --judge spare` tries its choices for a minute
each.

Every result is kept in `benchmarks/records/speedrun.json`; what is there is not run again. `--table` prints it.
"""

import argparse
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from data import cifar10
from peer import lightly_loop

import nearfar
from nearfar.data import Pictures, channel_statistics
from nearfar.engine import Encoder, ImageSpec, raw_table
from nearfar.probes import fewshot, knn, linear
from nearfar.records import EmbeddingTable, MetricsLog, RunFolder

RECORDS = Path(__file__).with_name("records") / "speedrun.json"
TRAIN_ROWS, JUDGE_ROWS = 20_000, 8_000
DOCUMENTED = {"network": "resnet18", "temperature": 0.5, "strength": 1.0, "rate": 0.06}
TUNED = {"network": "resnet18", "temperature": 0.2, "strength": 0.5, "rate": 0.06}
CHOICES = [{"network": "resnet18", "temperature": 0.2, "strength": 0.5, "rate": rate} for rate in (0.06, 0.3)]


def training_pictures() -> Pictures:
    return cifar10("train").select(np.arange(TRAIN_ROWS))


def judged_pictures(judge: str) -> Pictures:
    if judge == "spare":
        return cifar10("train").select(np.arange(TRAIN_ROWS, TRAIN_ROWS + JUDGE_ROWS))
    return cifar10("test")


def scores(table: Callable[[Pictures], EmbeddingTable], judge: str) -> dict[str, float]:
    """The three probes on a representation."""
    train, test = table(training_pictures()), table(judged_pictures(judge))
    assert train.labels is not None
    assert test.labels is not None
    data = train.vectors, train.labels, test.vectors, test.labels
    return {"knn": knn(*data).accuracy, "linear": linear(*data).accuracy, "fewshot": fewshot(*data).accuracy}


def nearfar_run(seconds: float, seed: int, judge: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        run = nearfar.pretrain("simclr", training_pictures(), minutes=seconds / 60, seed=seed, out=Path(folder) / "run")
        took = time.monotonic() - begun
        record = run.record
        trained = MetricsLog.read(RunFolder(run.path).metrics)[-1]["seconds"]
        result = scores(run.encoder.embed, judge)
    return result | {
        "pairs": record["steps"] * record["settings"]["batch_size"],
        "training_seconds": trained,
        "command_seconds": took,
    }


def lightly_run(seconds: float, seed: int, judge: str, choice: dict[str, Any]) -> dict[str, Any]:
    torch.manual_seed(seed)
    source = training_pictures()
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # what lightly's transform normalises by
    spec = ImageSpec(backbone=choice["network"], stem=None, size=32, channels=3, mean=mean, std=std, seed=seed)
    network = spec.build()
    pairs = 0
    begun = time.monotonic()
    settings = {name: choice[name] for name in ("temperature", "strength", "rate")}
    for batch in lightly_loop(network, source, **settings):
        pairs += batch
        if time.monotonic() - begun >= seconds:
            break
    took = time.monotonic() - begun
    return scores(Encoder(spec, network).embed, judge) | {"pairs": pairs, "training_seconds": took}


def baseline(name: str, judge: str) -> dict[str, Any]:
    if name == "raw pixels":
        return scores(lambda source: raw_table(source, size=32, channels=3), judge)
    mean, std = channel_statistics(training_pictures(), 3)
    spec = ImageSpec(backbone="small", stem=None, size=32, channels=3, mean=mean, std=std, seed=0)
    return scores(Encoder(spec, spec.build()).embed, judge)


def jobs(arguments: argparse.Namespace) -> dict[str, Callable[[], dict[str, Any]]]:
    """What is to be run, by the key of its record."""
    judge = arguments.judge
    wanted: dict[str, Callable[[], dict[str, Any]]] = {}
    for name in arguments.contestants:
        if name == "baselines":
            for kind in ("raw pixels", "untrained"):
                wanted[f"{kind}|0|0|{judge}"] = lambda kind=kind: baseline(kind, judge)
        elif name == "lightly-search":
            for choice in CHOICES:
                key = f"lightly at rate {choice['rate']}|60|0|{judge}"
                wanted[key] = lambda choice=choice: lightly_run(60, 0, judge, choice)
        else:
            for seconds, seed in itertools.product(arguments.seconds, arguments.seeds):
                key = f"{name}|{seconds:g}|{seed}|{judge}"
                choice = TUNED if name == "lightly-tuned" else DOCUMENTED
                run = nearfar_run if name == "nearfar" else lightly_run
                extra = () if name == "nearfar" else (choice,)
                wanted[key] = lambda run=run, seconds=seconds, seed=seed, extra=extra: run(seconds, seed, judge, *extra)
    return wanted


def table(records: dict[str, dict[str, Any]]) -> str:
    """The records as Markdown, one row a contestant and length, with the spread over seeds."""
    rows = ["| contestant | seconds | judged on | seeds | pairs/s | k-NN | linear | 10 labels a class |",
            "|---|---:|---|---:|---:|---:|---:|---:|"]  # fmt: skip
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for key, record in records.items():
        name, seconds, _, judge = key.split("|")
        groups.setdefault((name, seconds, judge), []).append(record)
    for (name, seconds, judge), entries in groups.items():
        cells = []
        for probe in ("knn", "linear", "fewshot"):
            values = [entry[probe] for entry in entries]
            spread = f" ± {(max(values) - min(values)) / 2:.3f}" if len(values) > 1 else ""
            cells.append(f"{statistics.mean(values):.3f}{spread}")
        trained = [entry for entry in entries if "pairs" in entry]
        shown = (
            f"{statistics.mean(entry['pairs'] / entry['training_seconds'] for entry in trained):,.0f}"
            if trained
            else ""
        )
        seconds = f"{statistics.mean(entry['training_seconds'] for entry in trained):.0f}" if trained else ""
        rows.append(f"| {name} | {seconds} | {judge} | {len(entries)} | {shown} | {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> None:
    names = ("baselines", "nearfar", "lightly", "lightly-tuned", "lightly-search")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--contestants", nargs="+", choices=names, default=["baselines", "nearfar"])
    parser.add_argument("--seconds", nargs="+", type=float, default=[40.0, 300.0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--judge", choices=("spare", "test"), default="test")
    parser.add_argument("--table", action="store_true", help="only print what is recorded")
    arguments = parser.parse_args()
    records = json.loads(RECORDS.read_text()) if RECORDS.exists() else {}
    for key, run in ({} if arguments.table else jobs(arguments)).items():
        if key not in records:
            records[key] = run() | {"torch": torch.__version__, "threads": torch.get_num_threads()}
            RECORDS.parent.mkdir(exist_ok=True)
            RECORDS.write_text(json.dumps(records, indent=1) + "\n")
            print(key, *(f"{name} {value:.4g}" for name, value in records[key].items() if name != "torch"), flush=True)
    print(table(records))


if __name__ == "__main__":
    main()
