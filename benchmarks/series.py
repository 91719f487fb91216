"""Methods on series: a watch, accelerometers, heartbeats, beside the same networks untrained and raw numbers.

    python benchmarks/series.py ['METHOD DATA' ...]    fills records/series.json, three quarters of an hour on one core
    python benchmarks/series.py --table          prints the record

The recipes as they ship, the sets' own splits, labels for the probes alone, seed 0. Each run is a process of its own on
one thread.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from data import DATA
from recorded import filled

import nearfar

RECORDS = Path(__file__).with_name("records") / "series.json"
SETS = {
    "ShoulderWatch": "exercises from a watch, 6 channels of 200 steps",
    "Epilepsy_train137": "movements, 3 channels of 206 steps",
    "ECG5000_train500": "heartbeats, 1 channel of 140 steps",
}
METHODS = ("autoencoder", "denoisingautoencoder", "vae", "mae", "simclr", "vicreg")
PROBES = {"knn": "k-NN", "linear": "linear", "fewshot": "10 labels a class"}


def measured(method: str, name: str) -> dict[str, Any]:
    """The scores of a method's encoder, of its network untrained, and of raw numbers; how many seconds it learned."""
    path = DATA / "timeseries" / f"{name}.npz"
    if not path.exists():
        place = path.relative_to(DATA)
        sys.exit(f"benchmarks: NEARFAR_DATA must be a folder with {place}. Got {DATA}. Set it and run again.")
    with tempfile.TemporaryDirectory() as place:
        begun = time.monotonic()
        run = nearfar.pretrain(method, path, seed=0, out=Path(place) / "run")
        seconds = time.monotonic() - begun
        found, steps = nearfar.evaluate(run, path).as_dict(), run.record["steps"]
    rows = {"encoder": found["scores"], **found["baselines"]}
    accuracies = {role: {probe: scores[probe]["accuracy"] for probe in PROBES} for role, scores in rows.items()}
    counts = {fact: found["scores"]["knn"]["settings"][fact] for fact in ("train_rows", "test_rows", "classes")}
    return accuracies | counts | {"seconds": seconds, "steps": steps}


def table(records: dict[str, Any]) -> str:
    """The records as Markdown: a table for each data set, of each method the encoder and its network untrained."""
    lines = [f"{next(iter(records.values()))['processor']}, one thread:"]
    for name, words in SETS.items():
        found = {method: records[f"{method} {name}"] for method in METHODS if f"{method} {name}" in records}
        if not found:
            continue
        first = next(iter(found.values()))
        sizes = f"{first['train_rows']:,} for training, {first['test_rows']} for testing, {first['classes']} classes"
        lines += ["", f"{name}: {words}; {sizes}.", ""]
        lines += [f"| | {' | '.join(PROBES.values())} | seconds |", f"|---|{'---:|' * (len(PROBES) + 1)}"]
        lines.append(f"| raw numbers | {_cells(first['raw'])} | |")
        for method, entry in found.items():
            lines.append(f"| {method} | {_cells(entry['encoder'], entry['untrained'])} | {entry['seconds']:.0f} |")
    return "\n".join(lines)


def _cells(scores: dict[str, float], untrained: dict[str, float] | None = None) -> str:
    beside = {probe: f" ({untrained[probe]:.3f})" if untrained else "" for probe in PROBES}
    return " | ".join(f"{scores[probe]:.3f}{beside[probe]}" for probe in PROBES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("keys", nargs="*", help="a method and a data set in one word: 'mae ShoulderWatch'; else all")
    parser.add_argument("--table", action="store_true", help="print the record and run nothing")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        torch.set_num_threads(1)
        print(json.dumps(measured(*arguments.one.split())))
        return
    every = [f"{method} {name}" for name in SETS for method in METHODS]
    records = filled(RECORDS, [] if arguments.table else arguments.keys or every, script=__file__)
    if not records:
        sys.exit(f"benchmarks: {RECORDS.name} must be in {RECORDS.parent}. Run `python {sys.argv[0]}` first.")
    print(table(records))


if __name__ == "__main__":
    main()
