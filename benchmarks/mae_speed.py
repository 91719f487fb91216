"""Speed of a training step of MAE beside the same method with nothing to save, and beside transformers, in one run.

    python benchmarks/mae_speed.py [--steps 8] [--rounds 5]   fills records/mae_speed.json, about five minutes
    python benchmarks/mae_speed.py --table                     prints the table of the record

A ViT-Tiny (192 wide, 12 blocks, 3 heads) with patches of 4 pixels on 32 px pictures, a decoder of 2 blocks 128 wide,
AdamW. "Masked" hides 48 of the 64 patches, so that 16 and the class token pass through the encoder. "Unmasked" is the
same method that hides one patch, the fewest of which there is a loss: 63 and the class token pass through the encoder.
transformers' `ViTMAEForPreTraining` has the same shape, hides as much and attends by torch's fused attention, as its
documentation has it. All make the same step, of forward, backward and optimizer, on the same ready batch and in the
same precision; each draws its own masks. The contestants take turns, because machines are noisy: a round is some steps
of each, and ratios are medians over rounds of those within a round. "Everything" is nearfar's one loop, reading and
views among it. All of it in float32, and in bfloat16 where the processor multiplies it.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from data import cifar10
from machine import installed, processor

from nearfar.data import PictureFeed, channel_statistics
from nearfar.engine import build_optimizer, choose_precision, make_fabric, train
from nearfar.methods import MAE, Batch
from nearfar.networks import backbone
from nearfar.views import Draws, ViewPlan, weak

RECORD = Path(__file__).with_name("records") / "mae_speed.json"
PACKAGES = ("nearfar", "torch", "timm", "transformers")
SIZE, PATCH = 32, 4
PATCHES = (SIZE // PATCH) ** 2
DECODER = {"decoder_dim": 128, "decoder_depth": 2, "decoder_heads": 4}
MASKED, UNMASKED = 0.75, 1 / PATCHES
CONTESTANTS = {
    "masked": "nearfar, 75 % masked",
    "unmasked": "nearfar, unmasked",
    "transformers": "transformers, 75 % masked",
    "everything": "nearfar, 75 % masked, everything",
}
PRECISIONS = {"float32": "32-true", "bfloat16": "bf16-mixed"}
Turn = Callable[[int], float]
"""Seconds of some steps."""


def ours(pictures: torch.Tensor, *, mask_ratio: float, half: bool) -> Turn:
    """The method's own step."""
    torch.manual_seed(0)
    method = MAE(backbone("vit_tiny_patch16_224", size=SIZE, channels=3), mask_ratio=mask_ratio, **DECODER)
    method = method.to(memory_format=torch.channels_last).train()
    assert method.patch == (PATCH, PATCH)
    rows = torch.arange(len(pictures))

    def loss(step: int) -> torch.Tensor:
        return method(Batch((pictures,), keys=Draws.of(0, step, rows).keys)).loss

    return _turn(method, loss, half=half)


def transformers(pictures: torch.Tensor, *, half: bool) -> Turn:
    """The same step of transformers' model."""
    from transformers import ViTMAEConfig, ViTMAEForPreTraining

    torch.manual_seed(0)
    config = ViTMAEConfig(
        image_size=SIZE, patch_size=PATCH, hidden_size=192, num_hidden_layers=12, num_attention_heads=3,
        intermediate_size=768, decoder_hidden_size=128, decoder_num_hidden_layers=2, decoder_num_attention_heads=4,
        decoder_intermediate_size=512, norm_pix_loss=True, mask_ratio=MASKED, attn_implementation="sdpa",
    )  # fmt: skip
    model = ViTMAEForPreTraining(config).train()
    return _turn(model, lambda step: model(pictures).loss, half=half)


def _turn(model: torch.nn.Module, loss: Callable[[int], torch.Tensor], *, half: bool) -> Turn:
    optimizer = build_optimizer("adamw", model, learning_rate=1e-3, weight_decay=0.05)
    done = 0

    def turn(steps: int) -> float:
        nonlocal done
        begun = time.perf_counter()
        for _ in range(steps):
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                value = loss(done)
            value.backward()
            optimizer.step()
            optimizer.zero_grad()
            done += 1
        return time.perf_counter() - begun

    return turn


def everything(batch_size: int, *, half: bool) -> Turn:
    """The one loop: reading, views, method, optimizer."""
    source = cifar10("train").select(np.arange(4096))
    mean, std = channel_statistics(source, 3)
    feed = PictureFeed(source, batch_size=batch_size, seed=0)
    fabric = make_fabric(precision=PRECISIONS["bfloat16" if half else "float32"])

    def turn(steps: int) -> float:
        torch.manual_seed(0)
        method = MAE(backbone("vit_tiny_patch16_224", size=SIZE, channels=3), mask_ratio=MASKED, **DECODER)
        method = method.to(memory_format=torch.channels_last)
        optimizer = build_optimizer("adamw", method, learning_rate=1e-3, weight_decay=0.05)
        plan = ViewPlan(weak(SIZE, mean=mean, std=std, crop_scale=(0.2, 1.0)), seed=0, micro_steps=steps + 2)
        moments: list[float] = []
        train(
            method, feed, plan, optimizer, steps=steps + 2, schedule=lambda progress: 1.0, fabric=fabric,
            watch=lambda step, results: moments.append(time.perf_counter()),
        )  # fmt: skip
        return moments[-1] - moments[1]  # the first two steps warm up

    return turn


def measure(steps: int, rounds: int, batch_size: int, *, half: bool) -> dict[str, Any]:
    """The median rate of each contestant in pictures per second, and the ratios within a round."""
    pictures = torch.randn(batch_size, 3, SIZE, SIZE)
    ready = pictures.contiguous(memory_format=torch.channels_last)
    turns = {
        "masked": ours(ready, mask_ratio=MASKED, half=half),
        "unmasked": ours(ready, mask_ratio=UNMASKED, half=half),
        "transformers": transformers(pictures, half=half),
        "everything": everything(batch_size, half=half),
    }
    for name in ("masked", "unmasked", "transformers"):
        turns[name](2)  # libraries and the optimizer's state are ready
    found: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, turn in turns.items():
            found[name].append(steps * batch_size / turn(steps))
    within = {
        name: statistics.median(own / other for own, other in zip(found["masked"], found[name], strict=True))
        for name in ("unmasked", "transformers")
    }
    return {
        "pictures_per_second": {name: statistics.median(rates) for name, rates in found.items()},
        "least_and_most": {name: [min(rates), max(rates)] for name, rates in found.items()},
        "times": within,
    }


def table(record: dict[str, Any]) -> str:
    lines = [
        f"{record['processor']}, {record['threads']} threads, batch {record['batch_size']}:",
        "",
        "| precision | | pictures/s | least and most | 75 % masked has |",
        "|---|---|---:|---:|---:|",
    ]
    for precision, found in record["precisions"].items():
        for name, words in CONTESTANTS.items():
            rate, (least, most) = found["pictures_per_second"][name], found["least_and_most"][name]
            times = f"{found['times'][name]:.2f} times that" if name in found["times"] else ""
            lines.append(f"| {precision} | {words} | {rate:,.0f} | {least:,.0f}-{most:,.0f} | {times} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=8, help="steps of a turn")
    parser.add_argument("--rounds", type=int, default=5, help="turns that each contestant takes")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--table", action="store_true", help="print the table of the record")
    arguments = parser.parse_args()
    if not arguments.table:
        halves = [False, True] if choose_precision() == "bf16-mixed" else [False]
        precisions = {
            list(PRECISIONS)[half]: measure(arguments.steps, arguments.rounds, arguments.batch_size, half=half)
            for half in halves
        }
        record = {"precisions": precisions, "processor": processor(), "threads": torch.get_num_threads()}
        record |= {"batch_size": arguments.batch_size, "steps": arguments.steps, "rounds": arguments.rounds}
        record |= {"versions": {name: installed(name) for name in PACKAGES}}
        RECORD.write_text(json.dumps(record, indent=1) + "\n")
    elif not RECORD.exists():
        sys.exit(f"benchmarks: {RECORD.name} must be in {RECORD.parent}. Run `python {sys.argv[0]}` first.")
    print(table(json.loads(RECORD.read_text())))


if __name__ == "__main__":
    main()
