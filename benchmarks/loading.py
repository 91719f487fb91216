"""How many pictures a second two workers load, from JPEGs of 500 px to views of 224 px, beside torchvision.

    python benchmarks/loading.py [--quick] [--rounds 3] [--json]

Both sides read the same folder in shuffled batches of 64 with two loader workers, started anew each epoch, and give
one view of each picture an epoch: a random resized crop (8 to 100 % of the area, bilinear with antialiasing) to
224 x 224 px, a mirror for every other one, float32 in [0, 1], in the main process. torchvision does it as documented:
`DataLoader(ImageFolder(folder, Compose([RandomResizedCrop(224), RandomHorizontalFlip(), ToTensor()])), ...)`.
nearfar's workers hand over batches of bytes, which its main process mirrors and converts into one batch of floats, in
channels-last memory as networks here have it, that is used again. It reads once from the files ("files"), and through
an empty cache: the epoch that fills it ("filling") and the one after ("cache"). The cache holds pictures of 336 px, so
its smallest crops show less detail; the last table says how much. Contestants take turns; the tables show medians over
rounds.

The pictures are squares cut at random out of real photographs and brought to 500 px: `detection/bccd.zip` and
`messy/messy_images.zip` of the folder of real data, saved as JPEG of quality 95. Memory is that of the loading process
and its workers: resident (RSS) of the main process, and proportional (PSS: shared pages are counted once) of all.
"""

import argparse
import copy
import io
import json
import multiprocessing
import os
import shutil
import statistics
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from data import DATA
from machine import installed, processor
from PIL import Image

from nearfar.data import PictureFeed, Pictures, Reading, open_source
from nearfar.data.cache import cached
from nearfar.views import ImageView, Policy, ViewPlan

SIZE, SIDE, BATCH, WORKERS = 224, 500, 64, 2
TARGETS = {"files": 1.5, "cache": 4.0}
RECORD = Path(__file__).parent / "records" / "loading.json"


def photographs() -> list[Image.Image]:
    """Real photographs of at least 300 px, RGB."""
    found = []
    for archive, wanted in (("detection/bccd.zip", 200), ("messy/messy_images.zip", 60)):
        with zipfile.ZipFile(DATA / archive) as files:
            names = [name for name in files.namelist() if name.lower().endswith((".jpg", ".png", ".webp"))]
            for name in names[:wanted]:
                try:
                    picture = Image.open(io.BytesIO(files.read(name)))
                    if picture.mode == "RGB" and 300 <= min(picture.size) <= 2000:
                        found.append(picture.convert("RGB"))
                except Exception:  # the messy archive holds broken files on purpose
                    continue
    return found


def make_folder(root: Path, number: int) -> None:
    """Writes JPEGs in ten class folders."""
    generator, sources = np.random.default_rng(0), photographs()
    for label in range(10):
        (root / f"{label}").mkdir(parents=True)
    for each in range(number):
        picture = sources[int(generator.integers(len(sources)))]
        side = int(generator.integers(min(picture.size) * 3 // 5, min(picture.size) + 1))
        left, top = (int(generator.integers(edge - side + 1)) for edge in picture.size)
        square = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side))
        square.save(root / f"{each % 10}" / f"{each:05d}.jpg", quality=95)


def torchvision_epoch(folder: Path, epoch: int, *, workers: int = WORKERS) -> Iterator[torch.Tensor]:
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import Compose, RandomHorizontalFlip, RandomResizedCrop, ToTensor

    transform = Compose([RandomResizedCrop(SIZE), RandomHorizontalFlip(), ToTensor()])
    torch.manual_seed(epoch)
    data = ImageFolder(folder, transform)
    loader = torch.utils.data.DataLoader(data, batch_size=BATCH, shuffle=True, num_workers=workers, drop_last=True)
    for pictures, _ in loader:
        yield pictures


def our_plan() -> ViewPlan:
    view = ImageView(size=SIZE, mean=(0.0,) * 3, std=(1.0,) * 3, crop_scale=(0.08, 1.0), jitter=0.0, grayscale=0.0)
    return ViewPlan(Policy((view,)), seed=0, micro_steps=10**6)


def our_epoch(source: Pictures, epoch: int, *, workers: int = WORKERS) -> Iterator[torch.Tensor]:
    feed = PictureFeed(source, batch_size=BATCH, seed=0, workers=workers, boxes=our_plan())
    first = epoch * feed.steps_per_epoch
    views = torch.empty(BATCH, 3, SIZE, SIZE).to(memory_format=torch.channels_last)
    for raw in feed.batches(first, first + feed.steps_per_epoch):
        for view, crop, mirrored in zip(views, raw.examples[0], (torch.rand(BATCH) < 0.5).tolist(), strict=True):
            torch.mul(crop.flip(2) if mirrored else crop, 1 / 255, out=view)
        yield views


def rate(batches: Iterator[torch.Tensor]) -> tuple[float, float]:
    """Pictures a second of an epoch, the start of its workers included, and processor time in ms for each picture."""
    begun, used, seen = time.perf_counter(), processor_seconds(), 0
    for views in batches:
        assert views.shape == (BATCH, 3, SIZE, SIZE)
        assert views.dtype == torch.float32
        seen += len(views)
    seconds = time.perf_counter() - begun
    return seen / seconds, 1000 * (processor_seconds() - used) / seen


def processor_seconds() -> float:
    """Of this process and of the workers it had."""
    while multiprocessing.active_children():  # they count once they have ended
        time.sleep(0.01)
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def through_cache(source: Pictures, folder: Path) -> Pictures:
    return cached(source, side=SIZE * 3 // 2, reading=Reading(cache=str(folder)), say=print)


def round_of(folder: Path, source: Pictures, place: Path, number: int) -> dict[str, tuple[float, float]]:
    rates = {"torchvision": rate(torchvision_epoch(folder, number)), "files": rate(our_epoch(source, number))}
    shutil.rmtree(place, ignore_errors=True)
    small = through_cache(source, place)
    rates["filling"] = rate(our_epoch(small, 2 * number))
    rates["cache"] = rate(our_epoch(small, 2 * number + 1))
    return rates


def tree() -> list[int]:
    """This process and its workers."""
    own = os.getpid()
    children = [
        int(child) for task in Path(f"/proc/{own}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return [own, *children]


def kibibytes(process: int, key: str) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{key}:")), 0)


class MemoryWatch(threading.Thread):
    """Notes the most memory in use while it runs, in MiB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.main, self.all, self._ended = 0.0, 0.0, threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.2):
            self.main = max(self.main, kibibytes(os.getpid(), "Rss") / 1024)
            self.all = max(self.all, sum(kibibytes(process, "Pss") for process in tree()) / 1024)

    def __enter__(self) -> "MemoryWatch":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self.join()


def memory(source: Pictures, place: Path, epochs: int) -> list[dict[str, float]]:
    """The most MiB in use in each of some epochs from the cache, with 0, 2 and 4 workers."""
    small = through_cache(source, place)
    rows = []
    for workers in (0, 2, 4):
        row: dict[str, Any] = {"workers": workers, "main_rss_mib": [], "all_pss_mib": []}
        for epoch in range(epochs):
            with MemoryWatch() as watch:
                rate(our_epoch(small, epoch, workers=workers))
            row["main_rss_mib"].append(round(watch.main))
            row["all_pss_mib"].append(round(watch.all))
        rows.append(row)
    return rows


def detail(source: Pictures, place: Path) -> list[dict[str, float]]:
    """How far views out of the cache are from views of the originals, by the crop's part of the area, in levels."""
    small, rows = through_cache(source, place), []
    count = min(64, len(source))
    for area in (0.08, 0.2, 4 / 9, 1.0):
        view = ImageView(
            size=SIZE, mean=(0.0,) * 3, std=(1.0,) * 3, crop_scale=(area, area), crop_ratio=(1.0, 1.0), flip=0.0,
            jitter=0.0, grayscale=0.0,
        )  # fmt: skip
        plan = ViewPlan(Policy((view,)), seed=0, micro_steps=10**6)
        one, other = (
            next(PictureFeed(each, batch_size=count, seed=0, boxes=plan).batches(0, 1)).examples[0].float()
            for each in (source, small)
        )
        rows.append({"area": round(area, 3), "mean_difference_levels": round(float((one - other).abs().mean()), 2)})
    return rows


def measure(folder: Path, scratch: Path, *, number: int, rounds: int) -> dict[str, Any]:
    maker = multiprocessing.Process(target=make_folder, args=(folder, number))  # whose memory is not ours
    maker.start()
    maker.join()
    size = statistics.mean(file.stat().st_size for file in folder.glob("*/*.jpg")) / 1024
    source = open_source(folder)
    assert isinstance(source, Pictures)
    source = copy.copy(source)  # without decoded pictures: a small number of one size would be kept in memory
    place = scratch / "cache"
    turns = [round_of(folder, source, place, turn) for turn in range(rounds)]
    rates = {name: statistics.median(turn[name][0] for turn in turns) for name in turns[0]}
    costs = {name: statistics.median(turn[name][1] for turn in turns) for name in turns[0]}
    ratios = {name: statistics.median(turn[name][0] / turn["torchvision"][0] for turn in turns) for name in turns[0]}
    return {
        "pictures": number,
        "mean_kib": round(size, 1),
        "rounds": rounds,
        "pictures_per_second": {name: round(value, 1) for name, value in rates.items()},
        "processor_ms_per_picture": {name: round(value, 2) for name, value in costs.items()},
        "times_torchvision": {name: round(value, 2) for name, value in ratios.items()},
        "cache_gib": round(sum(file.stat().st_size for file in place.iterdir()) / 2**30, 2),
        "memory": memory(source, place, 3),
        "detail": detail(source, place),
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "versions": {name: installed(name) for name in ("nearfar", "torch", "torchvision", "pillow")},
    }


def show(result: dict[str, Any]) -> None:
    print(f"{result['pictures']:,} JPEGs of {SIDE} px, {result['mean_kib']} KiB each; median of {result['rounds']}\n")
    print("| | pictures/s | times torchvision | target | processor ms a picture |\n|---|---:|---:|---:|---:|")
    for name, value in result["pictures_per_second"].items():
        ratio, cost = result["times_torchvision"][name], result["processor_ms_per_picture"][name]
        print(f"| {name} | {value:,.0f} | {ratio:.2f} | {TARGETS.get(name, '')} | {cost:.2f} |")
    print("\n| workers | main RSS by epoch, MiB | all PSS by epoch, MiB |\n|---:|---|---|")
    for row in result["memory"]:
        print(f"| {row['workers']} | {row['main_rss_mib']} | {row['all_pss_mib']} |")
    print("\n| crop's part of the area | mean difference of views from the cache, levels of 255 |\n|---:|---:|")
    for row in result["detail"]:
        print(f"| {row['area']} | {row['mean_difference_levels']} |")
    print(f"\nThe cache takes {result['cache_gib']} GiB. {result['machine']}; {result['versions']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="640 pictures, nothing recorded")
    parser.add_argument("--rounds", type=int, default=3, help="turns that each contestant takes")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        number = 640 if arguments.quick else 5000
        result = measure(Path(scratch, "pictures"), Path(scratch), number=number, rounds=arguments.rounds)
    if not arguments.quick:
        RECORD.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result)) if arguments.json else show(result)


if __name__ == "__main__":
    main()
