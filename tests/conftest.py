"""What every test stands on: one thread, fixed seeds, no network, and the way to real data."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything asks a hub for weights

from collections.abc import Callable, Iterator
from pathlib import Path

import jaxtyping
import numpy as np
import pytest
import torch

torch.set_num_threads(1)

DATA = Path(os.environ.get("NEARFAR_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(autouse=True)
def _seeds() -> None:
    """The same random numbers for each test, alone or in company."""
    torch.manual_seed(0)
    np.random.seed(0)


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """`shared_data("cifar10/test.parquet")` is the path of a real data set; the test is skipped where there is none."""

    def find(name: str) -> Path:
        if not (DATA / name).exists():
            pytest.skip(f"no {name} in {DATA}; NEARFAR_DATA names the folder of real data sets")
        return DATA / name

    return find


@pytest.fixture
def as_users_call() -> Iterator[None]:
    """Turns the shape checks of the test run off, so that a wrong call meets the package's own words."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
