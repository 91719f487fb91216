import gc
import pickle
from pathlib import Path

import numpy as np
import pytest

from nearfar.data import open_source
from nearfar.data._containers.array import ArrayStore


def test_what_is_sent_to_another_process_is_small_and_shares_a_file() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (500, 20, 20, 3), dtype=np.uint8)
    store = ArrayStore(pixels)
    sent = pickle.dumps(store)
    assert len(sent) < 1000
    assert pickle.dumps(store) == sent
    copy = pickle.loads(sent)
    assert copy.content(7) == store.content(7)
    path = copy._file.file.path
    del store
    gc.collect()
    assert not path.exists()


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_npy_file_is_mapped(order: str, tmp_path: Path, pixels: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", np.asarray(pixels, order=order))
    source = open_source(tmp_path / "a.npy")
    copy = pickle.loads(pickle.dumps(source))
    assert copy.fingerprint == source.fingerprint == open_source(pixels).fingerprint
    assert (copy._container.store._file.file == tmp_path / "a.npy") == (order == "C")


def test_the_shape_belongs_to_the_content(pixels: np.ndarray) -> None:
    assert open_source(pixels).fingerprint != open_source(pixels.reshape(6, 7, 5)).fingerprint
    assert open_source(pixels).fingerprint == open_source(pixels[..., None]).fingerprint
