"""Time and memory of the contrastive objectives beside their peers: forward and backward of pairs 128 wide.

    python benchmarks/objectives.py                    all sizes; fills records/objectives.json, half an hour
    python benchmarks/objectives.py --pairs 1024 4096  these sizes only; the records of others stay
    python benchmarks/objectives.py --table            prints the table of the records

Each line is measured by a process of its own with two threads. "Extra" is the peak of resident memory during the first
step above what was resident before it; the gradients of the inputs are in it. "Of the products" is the time over that
of the same tile products, forward and backward, without anything between them: both take turns, warm. Peers run up
to 8,192 pairs, and where they fit into half of the memory that is free.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

RECORDS = Path(__file__).parent / "records" / "objectives.json"
PAIRS = (1024, 4096, 8192, 32768, 65536)
DIM, TILE, THREADS = 128, 512, 2
CLASSES = 100


def nearfar(objective: str, n: int) -> Callable[[Tensor, Tensor], Tensor]:
    from nearfar.objectives import clip, nt_xent, sigmoid_pairs, sup_con

    labels = torch.arange(n) % CLASSES
    return {
        "NT-Xent": lambda a, b: nt_xent(a, b, temperature=0.2),
        "CLIP": lambda a, b: clip(a, b, logit_scale=1 / 0.07),
        "CLIP, scale 100": lambda a, b: clip(a, b, logit_scale=100.0),
        "SupCon": lambda a, b: sup_con(torch.stack([a, b], dim=1), labels, temperature=0.2),
        "SigLIP": lambda a, b: sigmoid_pairs(a, b, logit_scale=10.0, logit_bias=-10.0),
    }[objective]


def peer(objective: str, n: int) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of lightly, open_clip or pytorch-metric-learning; open_clip wants rows of length 1."""
    if objective == "NT-Xent":
        from lightly.loss import NTXentLoss

        return NTXentLoss(0.2)
    if objective == "SupCon":
        from pytorch_metric_learning.losses import SupConLoss

        labels, loss = (torch.arange(n) % CLASSES).repeat(2), SupConLoss(0.2)
        return lambda a, b: loss(torch.cat([a, b]), labels)
    from open_clip.loss import ClipLoss, SigLipLoss

    if objective == "SigLIP":
        scale, bias, siglip = torch.tensor(10.0), torch.tensor(-10.0), SigLipLoss()
        return lambda a, b: siglip(F.normalize(a), F.normalize(b), scale, bias)
    scale, clip = torch.tensor(100.0 if "100" in objective else 1 / 0.07), ClipLoss()
    return lambda a, b: clip(F.normalize(a), F.normalize(b), scale)


PEERS = {
    "NT-Xent": "lightly",
    "CLIP": "open_clip",
    "CLIP, scale 100": "open_clip",
    "SupCon": "pytorch-metric-learning",
    "SigLIP": "open_clip",
}
PEER_MATRICES = {"NT-Xent": 18, "CLIP": 8, "CLIP, scale 100": 8, "SupCon": 60, "SigLIP": 10}
"""How many matrices of n^2 numbers a peer may hold at once: a generous guess, to leave out what does not fit."""


def products(objective: str, n: int) -> Callable[[], None]:
    """The matrix products of the tiles, forward and backward, and nothing else."""
    mirrored = objective in ("NT-Xent", "SupCon")
    rows = torch.randn(2 * n if mirrored else n, DIM)
    columns = rows if mirrored else torch.randn(n, DIM)
    s, to_rows = torch.empty(TILE, TILE), torch.zeros_like(rows)
    to_columns = to_rows if mirrored else torch.zeros_like(columns)

    def work() -> None:
        for backward in (False, True):
            for i in range(0, len(rows), TILE):
                for j in range(i if mirrored else 0, len(columns), TILE):
                    a, b = rows[i : i + TILE], columns[j : j + TILE]
                    torch.mm(a, b.T, out=s)
                    if backward:
                        to_rows[i : i + TILE].addmm_(s, b)
                        if not (mirrored and i == j):
                            to_columns[j : j + TILE].addmm_(s.T, a)

    return work


def resident(name: str) -> float:
    """MiB of this process: `VmRSS` now, `VmHWM` at its peak."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def step(loss: Callable[[Tensor, Tensor], Tensor], n: int) -> Callable[[], None]:
    z = torch.randn(n, DIM)
    views = [z.requires_grad_(), (z.detach() + torch.randn(n, DIM)).requires_grad_()]

    def work() -> None:
        for view in views:
            view.grad = None
        loss(*views).backward()

    return work


def seconds(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measure(objective: str, who: str, n: int, repeats: int) -> dict[str, float]:
    """Seconds of a step, its extra memory and, for nearfar, its time over that of the products."""
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    make = nearfar if who == "nearfar" else peer
    step(make(objective, 600), 600)()  # threads, libraries and the tiles' own path are ready
    work = step(make(objective, n), n)
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    times, bare = [seconds(work)], []
    extra = resident("VmHWM") - before
    rival = products(objective, n) if who == "nearfar" else None
    if rival is not None:
        bare.append(seconds(rival))
    for _ in range(repeats):
        times.append(seconds(work))
        if rival is not None:
            bare.append(seconds(rival))
    found = {"seconds": statistics.median(times[1:] or times), "extra_mib": extra}
    if rival is not None:
        found["products_seconds"] = statistics.median(bare[1:] or bare)
        found["of_products"] = statistics.median(
            t / b for t, b in zip(times[1:] or times, bare[1:] or bare, strict=True)
        )
    return found


def fits(objective: str, n: int) -> bool:
    """Whether the peer's matrices fit into half of the memory that is free."""
    line = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable"))
    return n <= 8192 and PEER_MATRICES[objective] * n * n * 4 < int(line.split()[1]) * 1024 / 2


def in_a_process(objective: str, who: str, n: int, repeats: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--case", objective, who, str(n), "--repeats", str(repeats)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])


def run(sizes: list[int], objectives: list[str], repeats: int) -> None:
    """Measures each case, nearfar and its peer one after the other, and keeps each record as soon as it is there."""
    records = json.loads(RECORDS.read_text()) if RECORDS.exists() else {}
    for n in sizes:
        for objective in objectives:
            times = repeats if n <= 8192 else 4 if n <= 32768 else 0
            record = {"nearfar": in_a_process(objective, "nearfar", n, times)}
            if fits(objective, n):
                record["peer"] = in_a_process(objective, "peer", n, min(times, 3))
            records[f"{objective}, {n}"] = {"torch": torch.__version__, "threads": THREADS, **record}
            RECORDS.write_text(json.dumps(records, indent=1) + "\n")
            print(line(objective, n, record), flush=True)


HEAD = (
    "| objective | pairs | seconds | extra MiB | of the products | peer | its seconds | extra MiB | faster | leaner |\n"
    "|---|---:|---:|---:|---:|---|---:|---:|---:|---:|"
)


def line(objective: str, n: int, record: dict[str, dict[str, float]]) -> str:
    ours, theirs = record["nearfar"], record.get("peer")
    cells = [objective, f"{n:,}", f"{ours['seconds']:.3g}", f"{ours['extra_mib']:,.0f}", f"{ours['of_products']:.2f}"]
    if theirs is None:
        return f"| {' | '.join(cells)} | - | | | | |"
    cells += [PEERS[objective], f"{theirs['seconds']:.3g}", f"{theirs['extra_mib']:,.0f}"]
    cells.append(f"{theirs['seconds'] / ours['seconds']:.1f}x")
    cells.append(f"{theirs['extra_mib'] / max(ours['extra_mib'], 1):.0f}x")
    return f"| {' | '.join(cells)} |"


def table() -> str:
    if not RECORDS.exists():
        sys.exit(f"benchmarks: {RECORDS.name} must be in {RECORDS.parent}. Run `python {sys.argv[0]}` first.")
    records = json.loads(RECORDS.read_text())
    keys = [(objective, n) for objective in PEERS for n in PAIRS if f"{objective}, {n}" in records]
    return "\n".join([HEAD, *(line(objective, n, records[f"{objective}, {n}"]) for objective, n in keys)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, nargs="+", default=list(PAIRS))
    parser.add_argument("--objectives", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--repeats", type=int, default=5, help="warm repeats up to 8,192 pairs")
    parser.add_argument("--table", action="store_true", help="print the table of the records")
    parser.add_argument("--case", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        objective, who, n = arguments.case
        print(json.dumps(measure(objective, who, int(n), arguments.repeats)))
    elif arguments.table:
        print(table())
    else:
        print(HEAD, flush=True)
        run(arguments.pairs, arguments.objectives, arguments.repeats)


if __name__ == "__main__":
    main()
