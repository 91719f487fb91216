"""The label-free diagnostics of an encoder: what they are of, and that views and order are their own."""

import numpy as np
import pytest
import torch
from torch import nn

from nearfar.data import Pictures, open_source
from nearfar.diagnostics import effective_rank, uniformity
from nearfar.engine import Encoder, ImageSpec, label_free

SPEC = ImageSpec(backbone="small", stem=None, size=16, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3, seed=0)


class Averages(nn.Module):
    """Four numbers of a picture: the light of its quarters."""

    dim = 4

    def __init__(self, *, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.gain * nn.functional.adaptive_avg_pool2d(x.mean(1, keepdim=True), 2).flatten(1) + (1 - self.gain)


@pytest.fixture
def source() -> Pictures:
    pictures = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 3), dtype=np.uint8)
    opened = open_source(pictures.repeat(4, 1).repeat(4, 2), where="test")
    assert isinstance(opened, Pictures)
    return opened


def test_the_diagnostics_are_those_of_the_embeddings(source: Pictures) -> None:
    encoder = Encoder(SPEC, Averages())
    found, h = label_free(encoder, source), torch.from_numpy(encoder.embed(source).vectors)
    assert found["effective_rank"] == pytest.approx(float(effective_rank(h)))
    assert found["uniformity"] == pytest.approx(float(uniformity(h)))
    assert set(found) == {
        "effective_rank", "participation_ratio", "alpha_req", "embedding_spread", "uniformity", "alignment", "lidar",
    }  # fmt: skip


def test_one_point_has_one_direction_no_spread_and_perfect_alignment(source: Pictures) -> None:
    found = label_free(Encoder(SPEC, Averages(gain=0.0)), source)
    landmarks = {"effective_rank": 1.0, "embedding_spread": 0.0, "uniformity": 0.0, "alignment": 0.0}
    assert {name: found[name] for name in landmarks} == pytest.approx(landmarks, abs=1e-5)
    assert "alpha_req" not in found  # which a point does not have


def test_views_are_drawn_from_the_seed_alone(source: Pictures) -> None:
    encoder = Encoder(SPEC, Averages())
    assert label_free(encoder, source, seed=1) == label_free(encoder, source, seed=1)
    assert label_free(encoder, source, seed=1)["alignment"] != label_free(encoder, source, seed=2)["alignment"]


def test_the_network_stays_as_it_is(source: Pictures) -> None:
    encoder = Encoder(SPEC, SPEC.build())
    before = {name: value.clone() for name, value in encoder.backbone.state_dict().items()}
    label_free(encoder, source)
    assert all(torch.equal(before[name], value) for name, value in encoder.backbone.state_dict().items())
    assert not encoder.backbone.training
