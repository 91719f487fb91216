"""What a run leaves for the report: of pictures thumbnails, of texts their words, and views as the network saw them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nearfar.data import open_source
from nearfar.data.captioned import Captioned
from nearfar.data.pictures import Pictures
from nearfar.data.sentences import Places, Sentences
from nearfar.data.tokenizer import Tokenizer
from nearfar.engine import ImageSpec, TextSpec, write_sample, write_views
from nearfar.engine.gallery_texts import SHOWN_CHARACTERS, shortened
from nearfar.engine.image_text_spec import ImageTextSpec
from nearfar.records import EmbeddingTable, RunFolder
from nearfar.views.draws import Draws
from nearfar.views.pair_policy import PairPolicy
from nearfar.views.plan import ViewPlan
from nearfar.views.policies import simclr, weak
from nearfar.views.text_policy import (
    TextPolicy,
    given_texts,
    masked_text,
    next_sentences,
    sentence_orders,
    shuffled_text,
    span_crops,
    token_masks,
    twins,
)

pytest.importorskip("tokenizers")

TEXTS = (
    "The old cat sat on the mat.",
    "Don't stop: <b>now</b>!",
    '</script> is a word, "too".',
    "All the small birds were seen near the old tree, and none of them was afraid of the cat.",
)


def sentences(count: int = 12, **facts: Any) -> Sentences:
    return Sentences({"text": [f"{TEXTS[row % 4]} {row}" for row in range(count)]}, name="birds", **facts)


def pairs(count: int = 12) -> Sentences:
    texts = {role: [f"the {role} of {row}" for row in range(count)] for role in ("anchor", "positive")}
    return Sentences(texts, name="pairs")


def documents() -> Sentences:
    """Two documents of five sentences."""
    place = np.arange(10)
    return sentences(10, places=Places(place // 5, place, place + place // 5))


@pytest.fixture(scope="module", params=["bpe", "wordpiece"])
def spec(request: pytest.FixtureRequest) -> TextSpec:
    texts = [*sentences(40).texts(), *pairs(40).texts(), *pairs(40).texts("positive")]
    tokenizer = Tokenizer.train(texts, kind=request.param, vocab_size=340)
    return TextSpec(backbone="transformer", seed=3, tokenizer=tokenizer.to_json(), max_length=48, dim=16, depth=1)


def known(files: RunFolder) -> dict[str, Any]:
    return json.loads((files.gallery / "gallery.json").read_text())


def views(path: Path, source: Any, policy: Any, spec: Any) -> list[dict[str, Any]]:
    write_views(RunFolder(path), source, ViewPlan(policy, seed=spec.seed, micro_steps=10), spec)
    return known(RunFolder(path))["views"]


def said(parts: list[Any], *, before: bool) -> str:
    """What stands in a view or, where that is known, what stood there."""
    return "".join(part if isinstance(part, str) else part["was" if before else "text"] for part in parts)


def squeezed(text: str) -> str:
    """Without the spaces, of which decoding does not know where they stood."""
    return "".join(text.split())


def test_twins_are_the_text_twice(tmp_path: Path, spec: TextSpec) -> None:
    shown = views(tmp_path, sentences(), twins(), spec)
    assert len({entry["id"] for entry in shown}) == 6
    for entry in shown:
        [(name, text)] = entry["texts"]
        assert (name, text) == ("original", sentences().texts()[int(entry["id"])])
        assert [read["name"] for read in entry["read"]] == ["view 1", "view 2"]
        for read in entry["read"]:
            assert squeezed(said(read["parts"], before=False)) == squeezed(text)


def test_of_hidden_tokens_what_stood_there_is_known(tmp_path: Path, spec: TextSpec) -> None:
    policy = masked_text(mask_id=spec.tokens.mask_id, vocab_size=len(spec.tokens), fraction=0.3)
    marks = []
    for entry in views(tmp_path, sentences(), policy, spec):
        [read] = entry["read"]
        assert squeezed(said(read["parts"], before=True)) == squeezed(entry["texts"][0][1])
        marks += [part for part in read["parts"] if isinstance(part, dict)]
    assert {"[MASK]"} < {mark["text"] for mark in marks}
    assert any(mark["text"] == mark["was"] for mark in marks)


def test_masks_of_joint_embedding_are_told_by_comparison_where_the_text_is_whole(
    tmp_path: Path, spec: TextSpec
) -> None:
    masks = {"mask_id": spec.tokens.mask_id, "vocab_size": len(spec.tokens), "masked": 0.3}
    whole = token_masks(**masks)
    part = TextPolicy(tuple(type(view)(**{**vars(view), "crop_scale": (0.4, 0.6)}) for view in whole.views))
    for entry in views(tmp_path, sentences(), whole, spec):
        for read in entry["read"]:
            assert squeezed(said(read["parts"], before=True)) == squeezed(entry["texts"][0][1])
    found = [read["parts"] for entry in views(tmp_path, sentences(), part, spec) for read in entry["read"]]
    hidden = [piece for parts in found for piece in parts if isinstance(piece, dict)]
    assert hidden
    assert all(piece == {"text": "[MASK]", "was": None} for piece in hidden)


def test_a_span_is_a_part_of_the_text_and_shuffled_spans_say_their_order(tmp_path: Path, spec: TextSpec) -> None:
    for entry in views(tmp_path, sentences(), span_crops(crop_scale=(0.3, 0.6)), spec):
        for read in entry["read"]:
            part, whole = squeezed(said(read["parts"], before=False)), squeezed(entry["texts"][0][1])
            assert part in whole
            assert len(part) < len(whole)
    notes = [entry["read"][0]["note"] for entry in views(tmp_path, sentences(), shuffled_text(num_spans=2), spec)]
    assert set(notes) == {"spans 1, 2", "spans 2, 1"}
    one = Sentences({"text": ["cat"] * 3}, name="one")
    assert views(tmp_path, one, shuffled_text(num_spans=8), spec)[0]["read"][0]["note"].startswith("too short")


def test_pairs_show_both_texts_and_what_was_read_of_them(tmp_path: Path, spec: TextSpec) -> None:
    for entry in views(tmp_path, pairs(), given_texts(), spec):
        assert [name for name, _ in entry["texts"]] == ["anchor", "positive"]
        for (role, text), read in zip(entry["texts"], entry["read"], strict=True):
            assert text == f"the {role} of {entry['id']}"
            assert squeezed(said(read["parts"], before=False)) == squeezed(text)


def test_sentence_pairs_are_shown_in_the_order_in_which_they_were_read(tmp_path: Path, spec: TextSpec) -> None:
    ids = {"cls_id": spec.tokens.cls_id, "sep_id": spec.tokens.sep_id}
    texts, notes = documents().texts(), set()
    for entry in views(tmp_path, documents(), sentence_orders(**ids), spec):
        first, second = entry["read"]
        own, behind = (squeezed(text) for _, text in entry["texts"])
        assert (own, behind) == (squeezed(texts[int(entry["id"])]), squeezed(texts[int(entry["id"]) + 1]))
        read = [squeezed(said(each["parts"], before=False)) for each in (first, second)]
        assert read == ([own, behind] if second["note"] == "as in their document" else [behind, own])
        notes.add(second["note"])
    assert notes == {"as in their document", "not as in their document"}
    for entry in views(tmp_path, documents(), next_sentences(**ids), spec):
        own, behind, stranger = (squeezed(text) for _, text in entry["texts"])
        first, second = entry["read"]
        assert squeezed(said(first["parts"], before=False)) == own
        follows = second["note"] == "as in their document"
        assert squeezed(said(second["parts"], before=False)) == (behind if follows else stranger)


def test_what_the_vocabulary_does_not_have_is_shown_as_it_was_read(tmp_path: Path, spec: TextSpec) -> None:
    source = Sentences({"text": ["the old \N{SNOWMAN} of the cat"]}, name="snow")
    [entry] = views(tmp_path, source, twins(1), spec)
    known = spec.tokens.decode(spec.tokens.encode(["\N{SNOWMAN}"]).ids.tolist())
    assert said(entry["read"][0]["parts"], before=False) == f"the old {known or '[UNK]'} of the cat"


def test_a_long_text_is_shown_as_far_as_a_reader_reads(tmp_path: Path, spec: TextSpec) -> None:
    assert shortened("a" * SHOWN_CHARACTERS) == "a" * SHOWN_CHARACTERS
    assert shortened("ab " * 200) == "ab " * 99 + "ab\N{HORIZONTAL ELLIPSIS}"
    long = Sentences({"text": ["of the cat " * 300]}, name="long")
    [entry] = views(tmp_path, long, twins(), replace(spec, max_length=1000))
    assert len(entry["texts"][0][1]) <= SHOWN_CHARACTERS
    parts = entry["read"][0]["parts"]
    assert parts[-1] == "\N{HORIZONTAL ELLIPSIS}"
    assert len(said(parts, before=False)) < 1000


def table(source: Any) -> EmbeddingTable:
    vectors = np.random.default_rng(0).normal(size=(len(source), 4)).astype(np.float32)
    return EmbeddingTable(vectors, tuple(source.ids), source.labels, source.class_names)


def test_a_sample_of_texts_has_words_and_no_thumbnails(tmp_path: Path) -> None:
    files, source = RunFolder(tmp_path), sentences()
    write_sample(files, source, table(source), name="birds, test")
    assert known(files) == {"schema": 1, "source": "birds, test", "texts": list(source.texts())}
    write_sample(files, pairs(), table(pairs()), name="pairs, test")
    assert known(files)["texts"] == list(pairs().texts("anchor"))


def gray() -> Pictures:
    source = open_source(np.random.default_rng(0).integers(0, 256, (12, 8, 8), dtype=np.uint8))
    assert isinstance(source, Pictures)
    return source


IMAGE = ImageSpec(backbone="small", stem=None, size=8, channels=1, mean=(0.5,), std=(0.5,), seed=3)


def test_pictures_with_captions_have_views_of_both(tmp_path: Path, spec: TextSpec) -> None:
    source = Captioned(gray(), sentences())
    both = ImageTextSpec(backbone="small+transformer", seed=3, image=IMAGE, text=spec, dim=16)
    policy = PairPolicy(weak(8, mean=(0.5,), std=(0.5,)), twins(1))
    write_views(RunFolder(tmp_path), source, ViewPlan(policy, seed=3, micro_steps=10), both)
    for entry in known(RunFolder(tmp_path))["views"]:
        row = source.ids.index(entry["id"])
        with Image.open(RunFolder(tmp_path).gallery / entry["original"]) as original:
            assert np.array_equal(np.asarray(original), np.asarray(source.pictures.read(row)).squeeze())
        assert [len(entry["views"]), len(entry["read"])] == [1, 1]
        assert entry["texts"] == [["original", source.captions.texts()[row]]]


def test_a_sample_of_pictures_with_captions_has_both_and_the_captions_embeddings(tmp_path: Path) -> None:
    files, source = RunFolder(tmp_path), Captioned(gray(), sentences())
    write_sample(files, source, table(source.pictures), name="birds", captions=table(source.captions))
    assert set(known(files)) == {"schema", "source", "sprite", "tile", "columns", "texts"}
    assert len(EmbeddingTable.read(files.gallery / "sample-text.parquet")) == 12
    write_sample(files, gray(), table(gray()), name="birds")
    assert set(known(files)) == {"schema", "source", "sprite", "tile", "columns"}
    assert not (files.gallery / "sample-text.parquet").exists()


def test_views_of_pictures_are_those_that_the_policy_makes(tmp_path: Path) -> None:
    policy = simclr(8, mean=(0.5,), std=(0.5,))
    for entry in views(tmp_path, gray(), policy, IMAGE):
        row = gray().ids.index(entry["id"])
        picture = torch.from_numpy(np.asarray(gray().read(row)).copy()).reshape(1, 1, 8, 8)
        for name, view in zip(entry["views"], policy(picture, Draws.of(3, 0, torch.tensor([row]))), strict=True):
            with Image.open(tmp_path / "gallery" / name) as drawn:
                np.testing.assert_allclose(np.asarray(drawn), 255 * (view[0, 0] * 0.5 + 0.5).clamp(0, 1), atol=0.6)
