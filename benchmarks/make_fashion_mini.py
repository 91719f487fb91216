"""Builds `src/nearfar/data/assets/fashion-mini.parquet` from the four official files of Fashion-MNIST.

    python benchmarks/make_fashion_mini.py FOLDER_WITH_THE_IDX_GZ_FILES

From each official split an equal number of pictures of each class is drawn with a fixed seed, kept in the official
order and named by its official row. Each PNG is the smallest of 30: six ways to filter its lines times five ways to
deflate them. It takes less than a minute.
"""

import gzip
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
PER_CLASS = {"train": 1_000, "test": 200}
OFFICIAL = {"train": "train", "test": "t10k"}
SEED = 2017
TARGET = Path(__file__).parents[1] / "src/nearfar/data/assets/fashion-mini.parquet"


def read_official(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """All pictures (n, 28, 28) and labels (n,) of an official split."""
    prefix = folder / OFFICIAL[split]
    images = gzip.decompress(Path(f"{prefix}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress(Path(f"{prefix}-labels-idx1-ubyte.gz").read_bytes())
    pictures = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28)
    return pictures, np.frombuffer(labels, np.uint8, offset=8)


def filtered_lines(picture: np.ndarray) -> list[bytes]:
    """The picture's lines under each of PNG's five filters, and under the filter with the least sum for each line."""
    x = picture.astype(int)
    padded = np.pad(x, ((1, 0), (1, 0)))
    left, up, corner = padded[1:, :-1], padded[:-1, 1:], padded[:-1, :-1]
    estimate = left + up - corner
    by_left, by_up, by_corner = abs(estimate - left), abs(estimate - up), abs(estimate - corner)
    paeth = np.where((by_left <= by_up) & (by_left <= by_corner), left, np.where(by_up <= by_corner, up, corner))
    guesses = np.stack([np.zeros_like(x), left, up, (left + up) // 2, paeth])
    lines = ((x - guesses) % 256).astype(np.uint8)
    lines = np.concatenate(
        [np.broadcast_to(np.arange(5, dtype=np.uint8)[:, None, None], (5, len(x), 1)), lines], axis=2
    )
    cost = np.minimum(lines[:, :, 1:].astype(int), 256 - lines[:, :, 1:].astype(int)).sum(2)
    adaptive = lines[cost.argmin(0), np.arange(len(x))]
    return [*(each.tobytes() for each in lines), adaptive.tobytes()]


def deflate(data: bytes, strategy: int) -> bytes:
    """One zlib stream at the highest level."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 15, 9, strategy)
    return packer.compress(data) + packer.flush()


def smallest_png(picture: np.ndarray) -> bytes:
    """An 8-bit gray PNG of the picture, as small as zlib makes it."""
    body = min((deflate(lines, strategy) for lines in filtered_lines(picture) for strategy in range(5)), key=len)
    header = struct.pack(">IIBBBBB", picture.shape[1], picture.shape[0], 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    packed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def balanced_rows(labels: np.ndarray, per_class: int) -> np.ndarray:
    """Rows of an equal number of examples of each class, in ascending order."""
    generator = np.random.default_rng(SEED)
    drawn = [
        generator.choice(np.flatnonzero(labels == label), per_class, replace=False) for label in range(len(CLASSES))
    ]
    return np.sort(np.concatenate(drawn))


def table(folder: Path) -> pa.Table:
    """All rows of the asset."""
    rows = []
    for split, per_class in PER_CLASS.items():
        pictures, labels = read_official(folder, split)
        for row in balanced_rows(labels, per_class):
            image = {"bytes": smallest_png(pictures[row]), "path": f"{split}/{row:05d}.png"}
            label = int(labels[row])
            rows.append({"image": image, "label": label, "label_name": CLASSES[label], "split": split})
    image_type = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    fields = [("image", image_type), ("label", pa.int64()), ("label_name", pa.string()), ("split", pa.string())]
    return pa.Table.from_pylist(rows, pa.schema(fields))


if __name__ == "__main__":
    pq.write_table(table(Path(sys.argv[1])), TARGET, compression="zstd", compression_level=19)
    print(f"{TARGET}: {TARGET.stat().st_size / 1e6:.2f} MB")
