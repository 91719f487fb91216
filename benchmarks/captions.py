"""Pictures with captions: what CLIP, ALIGN and SigLIP learn from 3,377 emoji.

    python benchmarks/captions.py [--part clip align siglip align-shuffled] [--seeds 0] [--steps 300]
    python benchmarks/captions.py --table                           prints the records

Trained on the train split of OpenMoji, on one thread, and asked of the test split, whose emoji are in no training
picture: recall at 5 both ways and zero-shot over the nine groups, on OpenMoji and on Noto's drawings of the same emoji,
beside chance and the untrained network. `align-shuffled` has 30 % of its captions exchanged among one another.

Every result is kept in `records/captions.json`; what is there is not run again. Each is a process of its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from data import DATA
from machine import processor
from texts import table

import nearfar
from nearfar.data import Captioned, Reading, Sentences, open_captioned

RECORDS = Path(__file__).with_name("records") / "captions.json"
PARTS = ("clip", "align", "siglip", "align-shuffled")
SHUFFLED = 0.3
PROMPTS = ("{}", "an emoji of {}", "a picture of {}")


def run_one(key: str) -> dict[str, Any]:
    part, seed, steps = key.split("|")
    train = open_captioned(_there("emoji/openmoji_72.parquet"), split="train")
    if part == "align-shuffled":
        train = _shuffled(train, int(seed))
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        run = nearfar.pretrain(
            part.partition("-")[0],
            train,
            size=48,
            steps=int(steps),
            seed=int(seed),
            workers=0,
            out=Path(folder) / "run",
        )
        seconds = time.monotonic() - begun
        found: dict[str, Any] = {"seconds": seconds}
        for name, place in {"openmoji": "openmoji_72.parquet", "noto": "noto_64.parquet"}.items():
            scores = nearfar.evaluate(
                run.encoder,
                _there(f"emoji/{place}"),
                split="test",
                reading=Reading(label_column="group"),
                prompts=PROMPTS,
            ).as_dict()
            roles = {"encoder": scores["scores"]} | scores["baselines"]
            found[name] = {role: _flat(each) for role, each in roles.items()}
        return found | {"processor": processor(), "torch": torch.__version__}


def _flat(scores: dict[str, Any]) -> dict[str, float]:
    both = {way: scores["retrieval"][way] for way in ("image_to_text", "text_to_image")}
    return {f"{way} R@5": each["recall@5"] for way, each in both.items()} | {
        "zero-shot": scores["zeroshot"]["accuracy"]
    }


def _shuffled(source: Captioned, seed: int) -> Captioned:
    """The captions of some pictures in another order."""
    random, order = np.random.default_rng(seed), np.arange(len(source))
    some = random.permutation(len(source))[: round(SHUFFLED * len(source))]
    order[some] = np.roll(some, 1)
    texts = source.captions.texts()
    return Captioned(source.pictures, Sentences({"text": [texts[row] for row in order]}, name=source.name))


def _there(place: str) -> Path:
    if not (DATA / place).exists():
        sys.exit(f"benchmarks: NEARFAR_DATA must be a folder with {place}. Got {DATA}. Set it and run again.")
    return DATA / place


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--records", type=Path, default=RECORDS)
    parser.add_argument("--table", action="store_true", help="print the records and run nothing")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        torch.set_num_threads(1)
        print(json.dumps(run_one(arguments.one)))
        return
    records = json.loads(arguments.records.read_text()) if arguments.records.exists() else {}
    for key in [f"{part}|{seed}|{arguments.steps}" for part in arguments.part for seed in arguments.seeds]:
        if arguments.table or key in records:
            continue
        done = subprocess.run([sys.executable, __file__, "--one", key], stdout=subprocess.PIPE, check=True)
        records[key] = json.loads(done.stdout.decode().splitlines()[-1])
        arguments.records.write_text(json.dumps(dict(sorted(records.items())), indent=1) + "\n")
        print(key, flush=True)
    print(table(records))


if __name__ == "__main__":
    main()
