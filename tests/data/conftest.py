"""Six tiny gray pictures of two classes, and ways to lay them out."""

import io
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Write = Callable[..., None]


def png(pixels: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **options)
    return file.getvalue()


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """`encode(pixels)` is a PNG."""
    return png


@pytest.fixture
def pixels() -> np.ndarray:
    """(6, 5, 7) uint8."""
    return np.random.default_rng(0).integers(0, 256, (6, 5, 7), dtype=np.uint8)


@pytest.fixture
def files(pixels: np.ndarray) -> dict[str, bytes]:
    """Path -> PNG of `pixels`, in order: three cats, then three dogs."""
    names = [f"{kind}/{number}.png" for kind in ("cat", "dog") for number in range(3)]
    return {name: png(each) for name, each in zip(names, pixels, strict=True)}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    """`write(files)` puts files below a new folder and returns it."""

    def write_files(files: dict[str, bytes], name: str = "pictures") -> Path:
        for path, data in files.items():
            target = tmp_path / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return tmp_path / name

    return write_files


@pytest.fixture
def varied(write: Callable[..., Path]) -> Path:
    """A folder of twelve RGB JPEGs, each of another size, in two classes."""
    generator = np.random.default_rng(1)

    def jpeg(side: int) -> bytes:
        file = io.BytesIO()
        small = Image.fromarray(generator.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((side + 9, side), Image.Resampling.BICUBIC).save(file, "JPEG", quality=95)
        return file.getvalue()

    numbers: Iterable[int] = range(12)
    return write({f"{'ab'[number % 2]}/{number:02d}.jpg": jpeg(40 + 5 * number) for number in numbers}, "varied")
