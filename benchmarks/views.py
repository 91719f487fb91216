"""How many pairs of views a second one core makes: nearfar's batched SimCLR policy beside lightly's transform.

    python benchmarks/views.py [--repeats 7] [--json]

Both make SimCLR's two views with the settings of lightly's `SimCLRTransform(input_size=size)`: crops from 8 % of the
area, full colour strength, and above 64 px a blur of every other view. Both start from the same decoded pictures,
lightly from PIL images, nearfar from one batch of bytes. Each repeat times both in turn by the processor time of one
thread, and the table shows the median of the repeats.
"""

import argparse
import io
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from nearfar.views import Draws, simclr

CASES = ((32, 32, 512), (96, 96, 256), (224, 256, 128))  # size of a view, side of a picture, number of pictures
TARGETS = {32: 10.0, 96: 3.0, 224: 2.0}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def pictures(side: int, number: int) -> tuple[list[Image.Image], str]:
    """CIFAR-10 pictures brought to `side`, and what they are; smooth noise where there is no data."""
    data = Path(os.environ.get("NEARFAR_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    file = data / "cifar10" / "train.parquet"
    if not file.exists():
        noise = np.random.default_rng(0).integers(0, 256, (number, 8, 8, 3), dtype=np.uint8)
        return [Image.fromarray(x).resize((side, side), Image.Resampling.BICUBIC) for x in noise], "smooth noise"
    import pyarrow.parquet as pq

    rows = pq.read_table(file, columns=["image"])["image"].slice(0, number).to_pylist()
    decoded = (Image.open(io.BytesIO(row["bytes"])).convert("RGB") for row in rows)
    return [picture.resize((side, side), Image.Resampling.BICUBIC) for picture in decoded], "CIFAR-10"


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def compare(size: int, side: int, number: int, *, repeats: int) -> dict[str, float | str]:
    from lightly.transforms import SimCLRTransform

    images, source = pictures(side, number)
    batch = torch.from_numpy(np.stack([np.asarray(image) for image in images])).permute(0, 3, 1, 2)
    blur = 0.5 if size > 64 else 0.0
    peer = SimCLRTransform(input_size=size, gaussian_blur=blur)
    policy = simclr(size, mean=MEAN, std=STD, strength=1.0, crop_scale=(0.08, 1.0), blur=blur)
    index = torch.arange(number)
    policy(batch, Draws.of(0, 0, index)), peer(images[0])
    ours, theirs = [], []
    for step in range(repeats):
        ours.append(seconds(lambda step=step: policy(batch, Draws.of(0, step, index))))
        theirs.append(seconds(lambda: [peer(image) for image in images]))
    rate, peer_rate = (number / statistics.median(times) for times in (ours, theirs))
    return {
        "size_px": size,
        "picture_px": side,
        "pictures": source,
        "nearfar_pairs_per_second": round(rate, 1),
        "lightly_pairs_per_second": round(peer_rate, 1),
        "ratio": round(rate / peer_rate, 2),
        "target_ratio": TARGETS[size],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = [compare(*case, repeats=arguments.repeats) for case in CASES]
    if arguments.json:
        print(json.dumps({"views": rows}))
        return
    print("| view px | picture px | nearfar pairs/s | lightly pairs/s | ratio | target |")
    print("|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        print(
            f"| {row['size_px']} | {row['picture_px']} | {row['nearfar_pairs_per_second']:,.0f} "
            f"| {row['lightly_pairs_per_second']:,.0f} | {row['ratio']:.1f} | {row['target_ratio']:.0f} |"
        )
    print(f"\nPictures: {rows[0]['pictures']}. One core, median of {arguments.repeats}, torch {torch.__version__}.")


if __name__ == "__main__":
    main()
