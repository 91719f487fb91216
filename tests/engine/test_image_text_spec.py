"""An encoder of pictures and texts: rebuilt as it was, and fed with either, or with both at once."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from squares import pair_policy, squares, towers_spec

from nearfar.data import CaptionedFeed
from nearfar.engine import Encoder, ImageTextSpec, Settings, label_free, make_batch, tf_idf
from nearfar.errors import RunError
from nearfar.records import read_json
from nearfar.views import Tokens, ViewPlan

pytest.importorskip("tokenizers")


@pytest.fixture(scope="module")
def spec() -> ImageTextSpec:
    return towers_spec()


@pytest.fixture(scope="module")
def encoder(spec: ImageTextSpec) -> Encoder:
    return Encoder(spec, spec.build())


def test_it_comes_back_as_it_was_saved(spec: ImageTextSpec, tmp_path: Path) -> None:
    network = spec.network()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.01 * torch.randn_like(weight))
    moved = Encoder(spec, network.to(memory_format=torch.channels_last))  # as a loaded one
    moved.save(tmp_path)
    again = Encoder.load(tmp_path)
    assert again.spec == spec
    assert again.dim == 32
    for source in (squares().pictures, squares().captions):
        np.testing.assert_array_equal(again.embed(source).vectors, moved.embed(source).vectors)
        assert not np.allclose(again.embed(source).vectors, again.untrained().embed(source).vectors, atol=1e-4)
    assert read_json(tmp_path / "encoder.json")["modality"] == "image-text"


def test_the_untrained_network_is_a_function_of_the_spec(spec: ImageTextSpec, encoder: Encoder) -> None:
    vectors = encoder.embed(squares()).vectors
    torch.manual_seed(99)
    np.testing.assert_array_equal(Encoder(spec, spec.build()).embed(squares()).vectors, vectors)
    assert not np.allclose(Encoder(spec, replace(spec, seed=1).build()).embed(squares()).vectors, vectors)


def test_a_tower_starts_as_an_encoder_of_its_kind_alone(spec: ImageTextSpec, encoder: Encoder) -> None:
    for tower, alone in ((encoder.backbone.image, spec.image.build()), (encoder.backbone.text, spec.text.build())):
        for key, value in alone.state_dict().items():
            assert torch.equal(tower.state_dict()[key], value), key


def test_it_embeds_pictures_and_texts_and_of_both_the_pictures(encoder: Encoder) -> None:
    pictures, captions = squares().pictures, squares().captions
    of_pictures, of_texts, of_both = (encoder.embed(source) for source in (pictures, captions, squares()))
    assert of_pictures.vectors.shape == of_texts.vectors.shape == (64, 32)
    np.testing.assert_array_equal(of_both.vectors, of_pictures.vectors)
    assert of_both.ids == squares().ids
    assert list(of_both.labels) == list(pictures.labels)
    seen = encoder.spec.image.view(pictures.pixels(np.arange(64)))
    with torch.no_grad():
        by_hand = encoder.backbone.image_projection(encoder.backbone.image(seen))
    np.testing.assert_allclose(of_pictures.vectors, by_hand.numpy(), atol=1e-5)
    few = captions.select(np.array([5, 60]))
    np.testing.assert_allclose(encoder.embed(few).vectors, of_texts.vectors[[5, 60]], atol=1e-5)


def test_pictures_are_judged_beside_pixels_and_texts_beside_tf_idf(spec: ImageTextSpec) -> None:
    both, captions = squares(), squares().captions
    pixels = spec.image.raw(None)(both.pictures).vectors
    np.testing.assert_array_equal(spec.raw(both)(both).vectors, pixels)
    np.testing.assert_array_equal(spec.raw(None)(both.pictures).vectors, pixels)
    part = captions.select(np.arange(20))
    np.testing.assert_array_equal(spec.raw(part)(captions).vectors, tf_idf(part, captions).vectors)


def test_what_is_known_without_labels_is_read_from_pictures(encoder: Encoder) -> None:
    assert label_free(encoder, squares()) == label_free(encoder, squares().pictures)
    assert label_free(encoder, squares().captions)["effective_rank"] > 1


@pytest.mark.parametrize("world_size", [1, 2])
def test_it_feeds_pictures_with_their_own_captions(spec: ImageTextSpec, world_size: int) -> None:
    plan, source = ViewPlan(pair_policy(), seed=0, micro_steps=8), squares()
    seen = []
    for rank in range(world_size):
        feed = spec.feed(source, plan=plan, batch_size=16, seed=0, rank=rank, world_size=world_size)
        assert isinstance(feed, CaptionedFeed)
        for number, raw in enumerate(feed.batches(0, 4)):
            picture, caption = make_batch(plan, number, raw, device=torch.device("cpu")).views
            assert picture.shape == (16 // world_size, 3, 8, 8)
            assert isinstance(caption, Tokens)
            texts = [source.captions.texts()[row] for row in raw.index]
            alone = spec.text.tokens.encode(texts, max_length=48).batch(np.arange(len(texts)))
            assert torch.equal(caption.ids, alone.ids)
            assert torch.equal(raw.examples[0], source.pictures.pixels(raw.index.numpy()))
            seen += raw.index.tolist()
    assert sorted(seen) == list(range(64))


def settings(spec: ImageTextSpec) -> Settings:
    return Settings(
        method="clip", options={"temperature": 0.07}, spec=spec, init=None, batch_size=16, optimizer="adamw",
        learning_rate=0.001, weight_decay=0.1, warmup=0.1, steps=10, precision="32-true",
    )  # fmt: skip


def kept(spec: ImageTextSpec) -> dict[str, Any]:
    return json.loads(json.dumps(settings(spec).as_dict()))


def test_a_run_s_settings_survive_json(spec: ImageTextSpec) -> None:
    assert Settings.from_dict(kept(spec)) == settings(spec)
    assert Settings.from_dict(kept(spec)).spec.image.mean == (0.5,) * 3


@pytest.mark.parametrize(
    ("tower", "name", "value", "words"),
    [
        ("image", "size", "big", "of type int"), ("image", "mean", [0.5, "a"], "of type tuple"),
        ("text", "depth", 1.5, "of type int"), ("text", "pooling", "max", "one of mean, cls, last"),
    ],
)  # fmt: skip
def test_another_type_inside_a_tower_is_refused(
    spec: ImageTextSpec, tower: str, name: str, value: Any, words: str
) -> None:
    wrong = kept(spec)
    wrong[tower][name] = value
    with pytest.raises(RunError, match=rf"^run\.json: {tower}\.{name} must be {words}"):
        Settings.from_dict(wrong)


def test_what_is_missing_or_unknown_inside_a_tower_is_named(spec: ImageTextSpec) -> None:
    wrong = kept(spec)
    del wrong["image"]["size"]
    wrong["image"]["sizes"] = 16
    with pytest.raises(RunError, match=r"settings must be those of this version\. Got \['image\.size', 'image\.sizes'"):
        Settings.from_dict(wrong)
    with pytest.raises(RunError, match=r"run\.json: text must be of type TextSpec\. Got 5"):
        Settings.from_dict(kept(spec) | {"text": 5})


def test_the_name_is_that_of_both_towers(spec: ImageTextSpec, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ImageTextSpec: backbone must be 'small\+gru'\. Got 'resnet18\+lstm'"):
        replace(spec, backbone="resnet18+lstm")
    with pytest.raises(RunError, match=r"run\.json: settings must be undamaged\. Got .ImageTextSpec: backbone"):
        Settings.from_dict(kept(spec) | {"backbone": "small"})


@pytest.mark.parametrize("damage", [{"image": 3}, {"text": {}}, {"backbone": "small"}, {"dim": 31}])
def test_a_damaged_encoder_is_refused(encoder: Encoder, tmp_path: Path, damage: dict[str, Any]) -> None:
    encoder.save(tmp_path)
    file = tmp_path / "encoder.json"
    file.write_text(json.dumps(read_json(file) | damage))
    with pytest.raises(RunError, match=r"must be an undamaged encoder"):
        Encoder.load(tmp_path)
