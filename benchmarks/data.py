"""Where benchmarks find real pictures."""

import os
import sys
from functools import cache
from pathlib import Path

from nearfar.data import Pictures, open_source

DATA = Path(os.environ.get("NEARFAR_DATA", Path(__file__).parents[2] / "shared" / "data"))


@cache
def cifar10(split: str) -> Pictures:
    """CIFAR-10 pictures from cifar10/train.parquet or cifar10/test.parquet in the folder of real data."""
    path = DATA / "cifar10" / f"{split}.parquet"
    if not path.exists():
        sys.exit(
            f"benchmarks: NEARFAR_DATA must be a folder with cifar10/{split}.parquet. Got {DATA}. Set it and run again."
        )
    source = open_source(path)
    assert isinstance(source, Pictures)
    return source
