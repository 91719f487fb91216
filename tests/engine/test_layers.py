"""Every stage judged: one pass, in order, and each as if it were alone."""

import numpy as np
import pytest
import torch

from nearfar.data import Pictures, open_source
from nearfar.engine import Encoder, ImageSpec, embed_layers, judge_layers
from nearfar.probes import knn, linear

SPEC = ImageSpec(backbone="small", stem=None, size=16, channels=1, mean=(0.5,), std=(0.25,), seed=0)


@pytest.fixture(scope="module")
def halves() -> tuple[Pictures, Pictures]:
    """Pictures that are bright on the left or on the right."""
    random, labels = np.random.default_rng(0), np.arange(60) % 2
    pixels = random.integers(0, 100, (60, 16, 16))
    for row, label in enumerate(labels):
        pixels[row, :, 8 * label : 8 * label + 8] += 150
    source = open_source((pixels.astype(np.uint8), labels), where="test")
    assert isinstance(source, Pictures)
    return source.select(np.arange(40)), source.select(np.arange(40, 60))


def test_layers_are_those_of_one_pass_in_the_order_of_the_source(halves: tuple[Pictures, Pictures]) -> None:
    encoder = Encoder(SPEC, SPEC.build())
    seen = []
    encoder.backbone.register_forward_hook(lambda module, given, output: seen.append(len(output)))
    found = embed_layers(encoder, halves[0], batch_size=16)
    assert seen == [16, 16, 8]
    assert {name: vectors.shape for name, vectors in found.items()} == {
        "blocks.0": (40, 64), "blocks.1": (40, 128), "blocks.2": (40, 256), "expansion": (40, 512),
    }  # fmt: skip
    whole = encoder.embed(halves[0]).vectors
    np.testing.assert_allclose(found["expansion"], whole[:, -512:], atol=1e-5)
    quarters = torch.from_numpy(whole[:, : 4 * 128]).view(40, 128, 4).mean(2)
    np.testing.assert_allclose(found["blocks.1"], quarters, atol=1e-5)


def test_each_layer_has_the_scores_that_its_vectors_have(halves: tuple[Pictures, Pictures]) -> None:
    encoder, (train, test) = Encoder(SPEC, SPEC.build()), halves
    layers = judge_layers(encoder, train, test, seed=1)
    fitted, judged = embed_layers(encoder, train), embed_layers(encoder, test)
    for layer in layers:
        data = fitted[layer.name], train.labels, judged[layer.name], test.labels
        assert layer.linear == linear(*data, seed=1)
        assert layer.knn == knn(*data)
        assert layer.dim == fitted[layer.name].shape[1]
    assert list(layers[0].as_dict()) == ["name", "dim", "linear", "knn"]
    assert layers[0].as_dict()["linear"]["accuracy"] == layers[0].linear.accuracy
