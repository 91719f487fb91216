"""Encoders of series: what they see, what they refuse, and that they come back as they were."""

from pathlib import Path

import numpy as np
import pytest
import torch

from nearfar.data import open_series
from nearfar.engine import Encoder, SeriesSpec, values_table
from nearfar.errors import DataError

X = np.random.default_rng(0).normal(3, 2, size=(10, 2, 24)).astype(np.float32)
CPU = torch.device("cpu")


def spec(backbone: str = "small", **settings: object) -> SeriesSpec:
    made = {"backbone": backbone, "seed": 0, "size": 24, "channels": 2, "mean": (3.0, 3.0), "std": (2.0, 2.0)}
    return SeriesSpec(**(made | settings))


def test_series_are_normalised_and_brought_to_the_length() -> None:
    ((view, rows),) = spec().plain(open_series(X), device=CPU)
    assert rows.tolist() == list(range(10))
    torch.testing.assert_close(view, (torch.from_numpy(X) - 3) / 2)
    parts = list(spec(size=48).plain(open_series(X), device=CPU, batch_size=4))
    assert [part.shape for part, _ in parts] == [(4, 2, 48), (4, 2, 48), (2, 2, 48)]
    assert np.concatenate([rows for _, rows in parts]).tolist() == list(range(10))


@pytest.mark.parametrize("backbone", ["small", "vit"])
def test_an_encoder_comes_back_from_disk(backbone: str, tmp_path: Path) -> None:
    network = spec(backbone, size=20).build()
    encoder = Encoder(spec(backbone, size=20), network)
    encoder.save(tmp_path)
    loaded = Encoder.load(tmp_path)
    assert loaded.spec == encoder.spec
    first, second = encoder.embed(X), loaded.embed(open_series((X, np.arange(10) % 2)))
    assert np.array_equal(first.vectors, second.vectors)
    assert second.labels.tolist() == [0, 1] * 5
    assert np.allclose(encoder.embed(X, batch_size=3).vectors, first.vectors, atol=1e-5)
    assert np.array_equal(encoder.untrained().embed(X).vectors, first.vectors)


def test_other_channels_are_refused() -> None:
    with pytest.raises(DataError, match=r"^embed: data must be series of 2 channels, as .* reads them\. Got 1\."):
        Encoder(spec(), spec().build()).embed(X[:, 0])


def test_views_for_judging_are_drawn_alike_and_differ() -> None:
    ((views, rows),) = spec().in_views(open_series(X), num_views=3, seed=5, device=CPU)
    ((again, _),) = spec(backbone="vit").in_views(open_series(X), num_views=3, seed=5, device=CPU)
    assert len(views) == 3
    assert all(torch.equal(one, other) for one, other in zip(views, again, strict=True))
    assert not torch.equal(views[0], views[1])
    assert len(rows) == 10


def test_raw_numbers_stand_beside() -> None:
    table = spec().raw(None)(open_series(X))
    assert np.allclose(table.vectors, ((X - 3) / 2).reshape(10, -1), atol=1e-6)
    long = np.random.default_rng(0).normal(size=(3, 2, 2000)).astype(np.float32)
    assert values_table(open_series(long), spec=spec(size=2000)).vectors.shape == (3, 2 * 512)
