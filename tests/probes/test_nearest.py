"""The nearest rows, against slow loops and scikit-learn."""

import sys

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from nearfar.probes import nearest, nearest_by_chunk

QUERIES, KEYS = torch.randn(23, 8), torch.randn(200, 8) * torch.rand(200, 1)


def test_nearest_agree_with_scikit_learn() -> None:
    similarity, row = nearest(QUERIES, KEYS, 7)
    distances, rows = NearestNeighbors(n_neighbors=7, metric="cosine").fit(KEYS.numpy()).kneighbors(QUERIES.numpy())
    np.testing.assert_array_equal(row.numpy(), rows)
    np.testing.assert_allclose(similarity.numpy(), 1 - distances, atol=1e-6)


def test_landmarks_are_met() -> None:
    keys = torch.stack([3 * QUERIES[0], -QUERIES[0], torch.zeros(8)])
    similarity, row = nearest(QUERIES[:1], keys, 5)
    assert row.tolist() == [[0, 2, 1]], "all keys where there are fewer than k"
    torch.testing.assert_close(similarity, torch.tensor([[1.0, 0.0, -1.0]]))


def test_chunks_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    similarity, row = nearest(QUERIES, KEYS, 7)
    monkeypatch.setattr(sys.modules["nearfar.probes.nearest"], "_SIMILARITIES", 1000)
    parts = list(nearest_by_chunk(QUERIES, KEYS, 7))
    assert [len(part) for part, _ in parts] == [5, 5, 5, 5, 3]
    torch.testing.assert_close(torch.cat([part for part, _ in parts]), similarity)
    assert torch.equal(torch.cat([part for _, part in parts]), row)
