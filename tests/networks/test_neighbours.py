"""Token vectors that start from the data."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nearfar.networks import start_from_neighbours

VOCAB, SPECIAL, EVERYWHERE = 40, 0, 1
GROUPS = (range(2, 20), range(20, 38))  # tokens that stand beside one another; the last two stand nowhere


def texts(count: int = 400, length: int = 10, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each of one group's tokens, with a special token before and one that all texts have in between."""
    random = np.random.default_rng(seed)
    rows = [
        [SPECIAL, *np.ravel([(EVERYWHERE, token) for token in random.choice(GROUPS[row % 2], length)])]
        for row in range(count)
    ]
    ids = np.array(rows)
    return ids.ravel(), np.repeat(np.arange(count), ids.shape[1]), ids.ravel() != SPECIAL


def started(dim: int = 16) -> tuple[nn.Embedding, nn.Embedding]:
    torch.manual_seed(0)
    before, after = nn.Embedding(VOCAB, dim), nn.Embedding(VOCAB, dim)
    after.load_state_dict(before.state_dict())
    start_from_neighbours(after, *texts())
    return before, after


def test_tokens_of_like_neighbours_are_near_and_no_two_are_equal() -> None:
    _, after = started()
    z = F.normalize(after.weight.detach(), dim=1)
    cosine = z @ z.T
    first, second = ([*group] for group in GROUPS)
    within, between = cosine[first][:, first], cosine[first][:, second]
    assert within.mean() > 0.2 > between.mean() + 0.15
    assert (within - torch.eye(len(first))).max() < 0.95


def test_what_all_texts_have_is_short_and_the_mean_length_stays() -> None:
    before, after = started()
    lengths = after.weight.detach().norm(dim=1)
    assert lengths.mean() == pytest.approx(float(before.weight.detach().norm(dim=1).mean()), rel=1e-5)
    part = 10 / 21  # of all tokens
    assert lengths[EVERYWHERE] / lengths[-1] == pytest.approx(0.001 / (0.001 + part), rel=1e-4)


def test_what_stands_nowhere_keeps_its_direction() -> None:
    before, after = started()
    torch.testing.assert_close(F.normalize(after.weight[-2:], dim=1), F.normalize(before.weight[-2:], dim=1))


def test_neighbours_are_of_one_text() -> None:
    """Two texts of one token each have no neighbours, though they stand side by side."""
    token, same = nn.Embedding(4, 8), nn.Embedding(4, 8)
    same.load_state_dict(token.state_dict())
    start_from_neighbours(token, np.array([2, 3]), np.array([0, 1]), np.array([True, True]))
    torch.testing.assert_close(F.normalize(token.weight, dim=1), F.normalize(same.weight, dim=1))


def test_fewer_tokens_than_dimensions_and_no_texts_are_no_error() -> None:
    token = nn.Embedding(3, 64)
    start_from_neighbours(token, np.array([0, 1, 2]), np.zeros(3, int), np.ones(3, bool))
    assert token.weight.isfinite().all()
    nothing = np.array([], dtype=int)
    start_from_neighbours(token, nothing, nothing, nothing.astype(bool))
    assert token.weight.isfinite().all()
