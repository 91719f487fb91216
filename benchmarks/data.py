"""Where benchmarks find real pictures."""

import os
import sys
from functools import cache
from pathlib import Path

import numpy as np

from nearfar.data import Pictures, open_source

DATA = Path(os.environ.get("NEARFAR_DATA", Path(__file__).parents[2] / "shared" / "data"))


@cache
def cifar10(split: str) -> Pictures:
    """CIFAR-10 pictures, in a fixed random order, from cifar10/train.parquet or test.parquet in the folder of data."""
    path = DATA / "cifar10" / f"{split}.parquet"
    if not path.exists():
        sys.exit(
            f"benchmarks: NEARFAR_DATA must be a folder with cifar10/{split}.parquet. Got {DATA}. Set it and run again."
        )
    source = open_source(path)
    assert isinstance(source, Pictures)
    return source.select(np.random.default_rng(0).permutation(len(source)))  # whose first rows are of all classes
