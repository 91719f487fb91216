"""Every stage of an encoder of texts judged: padding and company change nothing, and each as if it were alone."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from squares import squares, towers_spec

from nearfar.data import Sentences, Tokenizer
from nearfar.engine import Encoder, TextSpec, embed_layers, judge_layers
from nearfar.networks.text_stages import text_stages
from nearfar.probes import knn, linear

pytest.importorskip("tokenizers")


@pytest.fixture(scope="module")
def source() -> Sentences:
    """Texts of very different lengths; one word in each tells the class."""
    random, labels = np.random.default_rng(0), np.arange(60) % 2
    filling = ["the", "a", "was", "seen", "near", "it", "and", "old", "small"]
    kinds = (["cod", "eel", "pike"], ["oak", "elm", "ash"])
    texts = [" ".join([*random.choice(filling, random.integers(1, 20)), random.choice(kinds[each])]) for each in labels]
    return Sentences({"text": texts}, name="kinds", labels=labels, class_names=("fish", "tree"))


@pytest.fixture(scope="module")
def spec(source: Sentences) -> TextSpec:
    tokenizer = Tokenizer.train(source.texts(), vocab_size=320)
    return TextSpec(backbone="transformer", seed=0, tokenizer=tokenizer.to_json(), max_length=32, dim=32, depth=2)


NAMES = {"transformer": ["token", "blocks.0", "blocks.1"], "gru": ["token", "layers"]}


@pytest.mark.parametrize("name", NAMES)
def test_layers_are_means_over_the_tokens_of_each_text_alone(name: str, spec: TextSpec, source: Sentences) -> None:
    encoder = Encoder(own := replace(spec, backbone=name), own.build())
    found = embed_layers(encoder, source, batch_size=16)
    assert list(found) == NAMES[name]
    last = found[NAMES[name][-1]]
    if name == "transformer":  # whose representation is the norm of that mean
        last = encoder.backbone.norm(torch.from_numpy(last)).detach().numpy()
    np.testing.assert_allclose(last, encoder.embed(source).vectors, atol=1e-5)
    for row in (0, 17):
        alone = embed_layers(encoder, source.select(np.array([row])))
        for stage, vectors in found.items():
            np.testing.assert_allclose(alone[stage][0], vectors[row], atol=1e-5, err_msg=stage)
    text = own.tokens.encode(source.texts()[:1], max_length=32).batch(np.array([0]))
    words = encoder.backbone.token.weight.detach()[text.ids[0, : int(text.lengths[0])]]
    np.testing.assert_allclose(found["token"][0], words.mean(0).numpy(), atol=1e-6)


def test_each_layer_has_the_scores_that_its_vectors_have(spec: TextSpec, source: Sentences) -> None:
    encoder = Encoder(spec, spec.build())
    train, test = source.select(np.arange(40)), source.select(np.arange(40, 60))
    fitted, judged = embed_layers(encoder, train), embed_layers(encoder, test)
    layers = judge_layers(encoder, train, test, seed=1)
    assert [layer.name for layer in layers] == list(fitted)
    for layer in layers:
        data = fitted[layer.name], train.labels, judged[layer.name], test.labels
        assert (layer.linear, layer.knn) == (linear(*data, seed=1), knn(*data))
    assert layers[0].as_dict()["token"]["accuracy"] == layers[0].token.accuracy


def test_a_single_token_knows_its_sentence_only_after_attention(spec: TextSpec) -> None:
    """Texts of one kind of word each: a word alone tells its class, and a word that is in both does not."""
    own = ["cod eel pike", "oak elm ash"] * 40
    labels = np.arange(80) % 2
    told = _single(spec, own, labels)
    assert told["token"] == 1.0
    mixed = [f"cod eel pike {'oak' if label else 'carp'} cod eel pike cod eel pike cod eel" for label in labels]
    hidden = _single(spec, mixed, labels)
    assert hidden["token"] < 0.8
    assert hidden["blocks.0"] == 1.0


def _single(spec: TextSpec, texts: list[str], labels: np.ndarray) -> dict[str, Any]:
    whole = Sentences({"text": texts}, name="t", labels=labels, class_names=("a", "b"))
    network = spec.build()
    for block in network.blocks:  # attention that adds something, and is not drowned by the token's own vector
        torch.nn.init.normal_(block.attention.out.weight, std=0.5)
    layers = judge_layers(Encoder(spec, network), whole.select(np.arange(40)), whole.select(np.arange(40, 80)))
    return {layer.name: layer.token.accuracy for layer in layers}


def test_the_tower_that_reads_the_examples_is_looked_into() -> None:
    spec = towers_spec()
    encoder = Encoder(spec, spec.build())
    assert list(embed_layers(encoder, squares().captions)) == ["token", "layers"]
    assert list(embed_layers(encoder, squares())) == ["blocks.0", "blocks.1", "blocks.2", "expansion"]


def test_models_of_the_library_transformers_have_their_layers() -> None:
    transformers = pytest.importorskip("transformers")
    from nearfar.networks import PretrainedText

    config = transformers.BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16
    )
    network = PretrainedText(config.to_json_string())
    assert list(text_stages(network)) == ["net.embeddings", "net.encoder.layer.0", "net.encoder.layer.1"]
