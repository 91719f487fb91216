"""Judging: what probes cost beside their peers, and what they say of real data.

    python benchmarks/judging.py --part speed [--rows 50000]        k-NN and the linear probe, on two threads
    python benchmarks/judging.py --part reid omniglot transfer finetune [--seeds 0 1 2] [--examples 20000]
    python benchmarks/judging.py --table                            prints the records

`speed`: see judging_speed.py.

`reid`: ORL faces, 30 people to learn from, 10 to be found again. `omniglot`: the characters of three alphabets to learn
from, those of two to be told apart. `transfer`: an encoder of 10,000 CIFAR-10 pictures on CIFAR-10, Fashion-MNIST and
sign language. Each beside raw pixels and the untrained network. `finetune`: such an encoder on 1 %, 10 % and all of the
labels, beside the same network on the same labels from scratch, 150 steps each. `--examples` are seen in training.

Every result is kept in `records/judging.json`; what is there is not run again, so it may be run in pieces. Each is a
process of its own.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from data import DATA, cifar10
from judging_speed import ROWS, SPEED, THREADS
from machine import processor

import nearfar
from nearfar.api.finetuned import finetuned
from nearfar.data import Pictures, hold_out_classes, open_source, with_few_examples
from nearfar.engine import Encoder, judge
from nearfar.probes import Score, fewshot

RECORDS = Path(__file__).with_name("records") / "judging.json"
EXAMPLES = {"reid": 20_000, "omniglot": 50_000, "transfer": 50_000, "finetune": 50_000}
METHODS = {
    "reid": ("triplet", "simclr"),
    "omniglot": ("triplet", "simclr"),
    "transfer": ("simclr",),
    "finetune": ("simclr",),
}
TUNING_STEPS = 150
UNSEEN = ("retrieval", "cluster", "fewshot")


def reid(name: str, seed: int, examples: int) -> dict[str, Any]:
    source = _opened("identity/orl_faces.zip")
    others, held = hold_out_classes(source, fraction=0.25, seed=seed)
    return _unseen(name, others, held, seed=seed, examples=examples, size=64)


def omniglot(name: str, seed: int, examples: int) -> dict[str, Any]:
    source = _opened("identity/omniglot_images_background_small1.zip")
    alphabets = np.random.default_rng(seed).permutation(len(source.class_names))[:2]
    held = np.isin(source.labels, alphabets)
    parts = [_characters(source, rows) for rows in (np.flatnonzero(~held), np.flatnonzero(held))]
    return _unseen(name, *parts, seed=seed, examples=examples, size=32, without=("flip",))


def _characters(source: Pictures, rows: np.ndarray) -> Pictures:
    """The pictures of some rows, each labelled by its alphabet and character."""
    names = ["/".join(source.ids[row].split("/")[:2]) for row in rows]
    labelled = open_source((source.pixels(rows).numpy()[:, 0], names))
    assert isinstance(labelled, Pictures)
    return labelled


def _unseen(
    name: str, others: Any, held: Any, *, seed: int, examples: int, size: int, without: tuple[str, ...] = ()
) -> dict[str, Any]:
    """What a method learns of some classes that helps with others."""
    with tempfile.TemporaryDirectory() as folder:
        run = nearfar.pretrain(
            name,
            others,
            backbone="small",
            size=size,
            epochs=examples / len(others),
            batch_size=min(256, len(others)),
            without=without,
            seed=seed,
            out=Path(folder) / "run",
        )
        facts = {"seconds": _seconds()}
        scores, baselines, _ = judge(run.encoder, None, held, probes=UNSEEN, seed=seed)
        found = {"encoder": (scores, run.encoder), "untrained": (baselines["untrained"], run.encoder.untrained())}
        records = {role: _flat(each) | _five_way(encoder, held, seed) for role, (each, encoder) in found.items()}
        return records | {"raw": _flat(baselines["raw"])} | facts


def _flat(scores: dict[str, Score]) -> dict[str, float]:
    return {
        "R@1": scores["retrieval"].accuracy,
        "mAP": scores["retrieval"].more["map"],
        "cluster": scores["cluster"].accuracy,
        "ARI": scores["cluster"].more["ari"],
        "NMI": scores["cluster"].more["nmi"],
        "few": scores["fewshot"].accuracy,
    }


def _five_way(encoder: Encoder, held: Pictures, seed: int, *, draws: int = 100) -> dict[str, float]:
    """One labelled row of each of five classes; the mean over draws of the five."""
    table, random = encoder.embed(held), np.random.default_rng(seed)
    assert table.labels is not None
    accuracies = []
    for draw in range(draws):
        rows = np.flatnonzero(np.isin(table.labels, random.permutation(np.unique(table.labels))[:5]))
        x, labels = table.vectors[rows], table.labels[rows]
        score = fewshot(x, labels, x, labels, labels_per_class=1, episodes=2, seed=draw, same_rows=True)
        accuracies.append(score.accuracy)
    return {"5-way 1-shot": statistics.fmean(accuracies)}


def _pretrained(name: str, folder: str, seed: int, examples: int) -> nearfar.Run:
    source = cifar10("train").select(np.arange(10_000))
    source.labels = None
    return nearfar.pretrain(name, source, epochs=examples / 10_000, seed=seed, out=Path(folder) / "run")


def finetune(name: str, seed: int, examples: int) -> dict[str, Any]:
    train = cifar10("train").select(np.arange(10_000))
    with tempfile.TemporaryDirectory() as folder:
        encoder = _pretrained(name, folder, seed, examples).encoder
        found = finetuned(encoder, train, cifar10("test"), seed=seed, steps=TUNING_STEPS)
        roles = zip(("encoder", "scratch"), found, strict=True)
        scores = {role: {part: score.accuracy for part, score in each.items()} for role, each in roles}
        return scores | {"seconds": _seconds()}


def transfer(name: str, seed: int, examples: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        run = _pretrained(name, folder, seed, examples)
        facts: dict[str, Any] = {"seconds": _seconds()}
        for title, place in {
            "CIFAR-10": "cifar10",
            "Fashion-MNIST": "fashion-mnist",
            "sign language": "imagefolder/sign_language_digits_1000.zip",
        }.items():
            train, test = (_few(_opened(place, split=split), min(10_000, examples)) for split in ("train", "test"))
            scores, baselines, _ = judge(run.encoder, train, test, probes=("knn", "linear", "fewshot"), seed=seed)
            each = {"encoder": scores} | baselines
            facts[title] = {
                role: {probe: score.accuracy for probe, score in found.items()} for role, found in each.items()
            }
        return facts


def _few(source: Pictures, count: int) -> Pictures:
    some = with_few_examples(source, count=min(len(source), max(200, count)))
    assert isinstance(some, Pictures)
    return some


def _opened(place: str, *, split: str | None = None) -> Pictures:
    if not (DATA / place).exists():
        sys.exit(f"benchmarks: NEARFAR_DATA must be a folder with {place}. Got {DATA}. Set it and run again.")
    source = open_source(DATA / place, split=split)
    assert isinstance(source, Pictures)
    return source


def _seconds() -> float:
    """Processor time of this process so far, and of its loader workers that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


PARTS: dict[str, Callable[[str, int, int], dict[str, Any]]] = {
    "reid": reid,
    "omniglot": omniglot,
    "transfer": transfer,
    "finetune": finetune,
}


def run_one(key: str) -> dict[str, Any]:
    part, name, seed, number = key.split("|")
    if part == "speed":
        torch.set_num_threads(THREADS)
        from threadpoolctl import threadpool_limits

        with threadpool_limits(THREADS):
            return {"threads": THREADS, "processor": processor(), "contestants": SPEED[name](int(number))}
    return PARTS[part](name, int(seed), int(number))


def wanted(arguments: argparse.Namespace) -> list[str]:
    """The keys of the records that were asked for."""
    keys = []
    for part in arguments.part:
        if part == "speed":
            keys += [f"speed|{name}|0|{arguments.rows}" for name in SPEED]
            continue
        examples = arguments.examples or EXAMPLES[part]
        keys += [f"{part}|{name}|{seed}|{examples}" for name in METHODS[part] for seed in arguments.seeds]
    return keys


def run_all(keys: list[str], records: dict[str, Any], path: Path) -> None:
    for key in keys:
        done = subprocess.run([sys.executable, __file__, "--one", key], stdout=subprocess.PIPE, check=True)
        records[key] = json.loads(done.stdout.decode().splitlines()[-1]) | {"torch": torch.__version__}
        path.write_text(json.dumps(dict(sorted(records.items())), indent=1) + "\n")
        print(key, flush=True)


def tables(records: dict[str, Any]) -> str:
    """The records as Markdown."""
    found = [_speed_table(name, records) for name in SPEED]
    found += [_unseen_table(part, records) for part in ("reid", "omniglot")]
    return "\n\n".join(table for table in [*found, _transfer_table(records), _tuning_table(records)] if table)


def _speed_table(name: str, records: dict[str, Any]) -> str:
    rows = []
    for key, record in sorted(records.items()):
        part, probe, _, number = key.split("|")
        if (part, probe) != ("speed", name):
            continue
        first = next(iter(record["contestants"].values()))["processor_seconds"]
        for contestant, entry in record["contestants"].items():
            right = "" if entry["accuracy"] is None else f"{entry['accuracy']:.4f}"
            times = (
                f"{entry['seconds']:.1f} | {entry['processor_seconds']:.1f} | {entry['processor_seconds'] / first:.2f}"
            )
            rows.append(f"| {contestant} | {int(number):,} | {times} | {entry['peak_mib']:,.0f} | {right} |")
    head = "| contestant | rows | seconds | of the processor | beside the first | peak MiB | accuracy |\n"
    head += "|---|---:|---:|---:|---:|---:|---:|"
    return "\n".join([head, *rows]).replace("|  |", "| |") if rows else ""


def _unseen_table(part: str, records: dict[str, Any]) -> str:
    columns = ("R@1", "mAP", "cluster", "ARI", "NMI", "few", "5-way 1-shot")
    groups: dict[tuple[str, str], list[dict[str, float]]] = {}
    for key, record in records.items():
        kind, method, _, examples = key.split("|")
        if kind == part:
            for role in ("encoder", "raw", "untrained"):
                name = {"encoder": method, "raw": "raw pixels", "untrained": "untrained"}[role]
                groups.setdefault((name, f"{int(examples):,}" if role == "encoder" else ""), []).append(record[role])
    if not groups:
        return ""
    rows = []
    for (name, examples), entries in groups.items():
        cells = [_spread([entry[column] for entry in entries if column in entry]) for column in columns]
        rows.append(f"| {part} | {name} | {examples} | {' | '.join(cells)} |")
    head = f"| | contestant | examples | {' | '.join(columns)} |\n|---|---|---:|{'---:|' * len(columns)}"
    return "\n".join([head, *rows]).replace("|  |", "| |")


def _transfer_table(records: dict[str, Any]) -> str:
    rows = []
    for key, record in sorted(records.items()):
        part, method, seed, examples = key.split("|")
        if part == "transfer":
            for title, roles in record.items():
                if isinstance(roles, dict):
                    cells = [
                        f"{scores[probe]:.3f}"
                        for probe in ("knn", "linear", "fewshot")
                        for scores in (roles[role] for role in ("encoder", "raw", "untrained"))
                    ]
                    rows.append(f"| {title} | {method} | {seed} | {int(examples):,} | {' | '.join(cells)} |")
    probes = " | ".join(f"{probe} | raw | untrained" for probe in ("k-NN", "linear", "10 labels a class"))
    head = f"| data | learned by | seed | examples | {probes} |\n|---|---|---:|---:|{'---:|' * 9}"
    return "\n".join([head, *rows]) if rows else ""


def _tuning_table(records: dict[str, Any]) -> str:
    found = [(key.split("|"), record) for key, record in sorted(records.items()) if key.startswith("finetune|")]
    rows = []
    for (_, method, seed, examples), record in found:
        for role in ("encoder", "scratch"):
            cells = " | ".join(f"{accuracy:.3f}" for accuracy in record[role].values())
            rows.append(f"| {role} | {method} | {seed} | {int(examples):,} | {cells} |")
    labels = "1 % of the labels | 10 % | 100 %"
    head = f"| begun from | learned by | seed | examples | {labels} |\n|---|---|---:|---:|---:|---:|---:|"
    return "\n".join([head, *rows]) if rows else ""


def _spread(values: list[float]) -> str:
    """The mean, and half of the range over seeds."""
    if not values:
        return ""
    half = (max(values) - min(values)) / 2
    return f"{statistics.mean(values):.3f}" + (f" ± {half:.3f}" if len(set(values)) > 1 else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", nargs="+", choices=("speed", *PARTS), default=("speed", *PARTS))
    parser.add_argument("--rows", type=int, default=ROWS, help="of the embeddings whose cost is measured")
    parser.add_argument("--examples", type=int, help="seen in training")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--records", type=Path, default=RECORDS, help="where results are kept")
    parser.add_argument("--table", action="store_true", help="only print what is recorded")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(run_one(arguments.one)))
        return
    records = json.loads(arguments.records.read_text()) if arguments.records.exists() else {}
    if not arguments.table:
        run_all([key for key in wanted(arguments) if key not in records], records, arguments.records)
    print(tables(records))


if __name__ == "__main__":
    main()
