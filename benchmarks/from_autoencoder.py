"""SimCLR that starts from an autoencoder, beside SimCLR from scratch that takes as long.

    python benchmarks/from_autoencoder.py [--seeds 0 1 2]    fills records/from_autoencoder.json, six minutes a seed
    python benchmarks/from_autoencoder.py --table            prints the record

10,000 CIFAR-10 pictures without labels, the `small` backbone, the recipes as they ship, one thread. First the
autoencoder sees 30,000 pictures, then SimCLR goes on from its encoder for 30,000; from scratch SimCLR is given as many
minutes as both took together. Probes as in methods.py. Each seed is a process of its own.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from methods import TRAIN_ROWS, scores, spread, training_pictures
from recorded import filled

import nearfar

RECORDS = Path(__file__).with_name("records") / "from_autoencoder.json"
EPOCHS = 3
CONTESTANTS = {"both": "autoencoder, then SimCLR", "scratch": "SimCLR from scratch", "autoencoder": "autoencoder alone"}


def run_seed(seed: int) -> dict[str, Any]:
    """The scores of each contestant, the seconds it learned for, and how many pictures it saw."""
    source, found = training_pictures(labelled=False), {}
    with tempfile.TemporaryDirectory() as place:
        folder, seconds = Path(place), 0.0

        def learned(name: str, method: str, **said: Any) -> nearfar.Run:
            nonlocal seconds
            begun = time.monotonic()
            run = nearfar.pretrain(method, source, seed=seed, out=folder / name, **said)
            took = time.monotonic() - begun
            seen = run.record["steps"] * run.record["settings"]["batch_size"]
            found[name] = scores(run.encoder.embed) | {"seconds": took, "examples": seen}
            seconds += took
            return run

        start = learned("autoencoder", "autoencoder", epochs=EPOCHS)
        learned("both", "simclr", epochs=EPOCHS, init=start.path)
        found["both"] |= {"seconds": seconds, "examples": found["both"]["examples"] + found["autoencoder"]["examples"]}
        learned("scratch", "simclr", minutes=seconds / 60)
    return found


def table(records: dict[str, Any]) -> str:
    """The records as Markdown: means over the seeds, with half of the range."""
    lines = [
        f"{next(iter(records.values()))['processor']}, one thread, {TRAIN_ROWS:,} pictures, {len(records)} seeds:",
        "",
        "| | k-NN | linear | 10 labels a class | seconds | pictures seen |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, words in CONTESTANTS.items():
        entries = [record[name] for record in records.values()]
        cells = [spread([entry[probe] for entry in entries]) for probe in ("knn", "linear", "fewshot")]
        cells += [f"{statistics.mean(entry[fact] for entry in entries):,.0f}" for fact in ("seconds", "examples")]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--table", action="store_true", help="print the record and run nothing")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        torch.set_num_threads(1)
        print(json.dumps(run_seed(arguments.one)))
        return
    records = filled(RECORDS, [] if arguments.table else map(str, arguments.seeds), script=__file__)
    if not records:
        sys.exit(f"benchmarks: {RECORDS.name} must be in {RECORDS.parent}. Run `python {sys.argv[0]}` first.")
    print(table(records))


if __name__ == "__main__":
    main()
