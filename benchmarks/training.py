"""Speed and memory of a training step and of embedding, beside the bare network and beside lightly, in one run.

    python benchmarks/training.py [--steps 6] [--rounds 2] [--json]

The network is a ResNet-18 with a 3x3 stem on 32 px CIFAR-10 pictures at batch 256. "Bare" is forward and backward of
that network alone on one ready batch, in the same precision and memory layout. lightly runs the loop of its
documentation (its transform in two loader workers, its projection head, NT-Xent at 0.5, SGD, float32). Times are
medians over steps, and the contestants take turns, because machines are noisy.
"""

import argparse
import itertools
import json
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from data import cifar10
from peer import lightly_loop

from nearfar.data import PictureFeed, Pictures, channel_statistics
from nearfar.engine import Encoder, ImageSpec, build_optimizer, choose_precision, make_fabric, train
from nearfar.methods import SimCLR
from nearfar.networks import backbone
from nearfar.views import ViewPlan, simclr

BATCH = 256


def bare(steps: int, *, backward: bool, half: bool) -> list[float]:
    """Seconds of the network alone for each batch of one view."""
    network = backbone("resnet18", size=32, channels=3).to(memory_format=torch.channels_last)
    network.train(backward)
    pictures = torch.randn(BATCH, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    times = []
    for _ in range(steps + 1):
        begun = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=half), torch.set_grad_enabled(backward):
            out = network(pictures)
        if backward:
            out.float().square().mean().backward()
            network.zero_grad()
        times.append(time.perf_counter() - begun)
    return times[1:]


def between(moments: list[float]) -> list[float]:
    """The times from one moment to the next, without the first, which warms up."""
    return [later - earlier for earlier, later in itertools.pairwise(moments)][1:]


def ours(source: Pictures, steps: int, *, seconds_after: Callable[[int], None] | None = None) -> list[float]:
    """Seconds of each step of the one loop: reading, views, network, head, loss, optimizer."""
    fabric = make_fabric()
    torch.manual_seed(0)
    method = SimCLR(backbone("resnet18", size=32, channels=3), hidden_dim=512).to(memory_format=torch.channels_last)
    mean, std = channel_statistics(source, 3)
    plan = ViewPlan(simclr(32, mean=mean, std=std), seed=0, micro_steps=steps + 2)
    feed = PictureFeed(source, batch_size=BATCH, seed=0)
    optimizer = build_optimizer("muon", method, learning_rate=0.02, weight_decay=0.0)
    moments = []

    def note(step: int, results: object) -> None:
        moments.append(time.perf_counter())
        if seconds_after:
            seconds_after(step)

    train(method, feed, plan, optimizer, steps=steps + 2, schedule=lambda progress: 1.0, fabric=fabric, watch=note)
    return between(moments)


def lightly(source: Pictures, steps: int) -> list[float]:
    """Seconds of each step of lightly's documented SimCLR on the same network."""
    loop = lightly_loop(backbone("resnet18", size=32, channels=3), source)
    return between([time.perf_counter() for _ in itertools.islice(loop, steps + 2)])


def embedding(source: Pictures) -> float:
    """Seconds for each picture of `Encoder.embed`."""
    mean, std = channel_statistics(source, 3)
    spec = ImageSpec(backbone="resnet18", stem=None, size=32, channels=3, mean=mean, std=std, seed=0)
    encoder = Encoder(spec, spec.build().to(memory_format=torch.channels_last))
    begun = time.perf_counter()
    encoder.embed(source, batch_size=BATCH)
    return (time.perf_counter() - begun) / len(source)


def memory_over_epochs(source: Pictures, epochs: int = 6) -> list[float]:
    """MiB resident at the end of each epoch of a run with a small network."""
    part = source.select(np.arange(BATCH * 4))
    resident: list[float] = []

    def note(step: int) -> None:
        if step % 4 == 0:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            resident.append(pages * resource.getpagesize() / 2**20)

    ours(part, 4 * epochs - 2, seconds_after=note)
    return resident


def measure(steps: int, rounds: int) -> dict[str, object]:
    source = cifar10("train").select(np.arange(4096))
    half = choose_precision() == "bf16-mixed"
    times: dict[str, list[float]] = {"bare": [], "ours": [], "lightly": [], "forward": [], "embed": []}
    for _ in range(rounds):
        times["bare"] += bare(steps, backward=True, half=half)
        times["ours"] += ours(source, steps)
        times["lightly"] += lightly(source, steps)
        times["forward"] += [seconds / BATCH for seconds in bare(steps, backward=False, half=False)]
        times["embed"].append(embedding(source.select(np.arange(BATCH * (steps + 1)))))
    middle = {name: statistics.median(values) for name, values in times.items()}
    pairs = {"bare": BATCH / middle["bare"] / 2, "ours": BATCH / middle["ours"], "lightly": BATCH / middle["lightly"]}
    return {
        "precision": choose_precision(),
        "pairs_per_second": pairs,
        "of_bare": pairs["ours"] / pairs["bare"],
        "times_lightly": pairs["ours"] / pairs["lightly"],
        "embedded_per_second": 1 / middle["embed"],
        "of_bare_forward": middle["forward"] / middle["embed"],
        "resident_mib": memory_over_epochs(source),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=6, help="measured steps a round")
    parser.add_argument("--rounds", type=int, default=2, help="turns that each contestant takes")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    result = measure(arguments.steps, arguments.rounds)
    if arguments.json:
        print(json.dumps(result))
        return
    pairs = result["pairs_per_second"]
    print(f"ResNet-18 with a 3x3 stem, 32 px, batch {BATCH}, {result['precision']}")
    print(f"  bare network       {pairs['bare']:8.1f} pairs/s")
    print(f"  nearfar SimCLR     {pairs['ours']:8.1f} pairs/s   {result['of_bare']:.1%} of the bare network")
    print(
        f"  lightly SimCLR     {pairs['lightly']:8.1f} pairs/s   nearfar has {result['times_lightly']:.2f} times that"
    )
    rate, part = result["embedded_per_second"], result["of_bare_forward"]
    print(f"  embedding          {rate:8.1f} pictures/s   {part:.1%} of the bare forward rate")
    print(
        "  resident memory at the end of each epoch, MiB: " + " ".join(f"{mib:,.0f}" for mib in result["resident_mib"])
    )


if __name__ == "__main__":
    main()
