"""Recipes for texts.

    nearfar pretrain METHOD TEXTS

learns a vocabulary from the texts, and a small Transformer that takes minutes on a CPU.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nearfar.data.sentences import Sentences
from nearfar.data.source import Source
from nearfar.data.tokenizer import Tokenizer
from nearfar.engine.encoder import Encoder
from nearfar.engine.pretrained import read_pretrained
from nearfar.engine.settings import Settings
from nearfar.engine.spec import EncoderSpec
from nearfar.engine.text_spec import TextSpec
from nearfar.errors import DataError, complaint
from nearfar.networks.published import PUBLISHED
from nearfar.recipes.book import Book
from nearfar.recipes.image import SMALL_ONES
from nearfar.recipes.recipe import Recipe, with_counts
from nearfar.records import RunFolder
from nearfar.views.text_policy import (
    TextPolicy,
    given_texts,
    masked_text,
    next_sentences,
    sentence_orders,
    shuffled_text,
    span_crops,
    twins,
)

__all__ = ["TextBook", "begun", "for_texts", "learned"]

SHAPE = ("dim", "depth", "max_length", "pooling")
"""What a user may say of the network."""

SHARED = Recipe(
    backbone="transformer",
    network={"dim": 256, "depth": 4, "max_length": 64, "pooling": "mean", "vocab_size": 8000},
    batch_size=128,
    optimizer="adamw",
    learning_rate=1e-3,
    weight_decay=0.01,
    warmup=0.05,
    epochs=10,
    least_steps=300,
    start_stem=True,
    policy=span_crops,
)
"""What the methods share. Methods of two views see two spans of a text, or both texts of a pair."""

OWN: Mapping[str, Mapping[str, Any]] = {
    "simcse": {"policy": twins, "views": {"deleted": 0.5}},
    "supervised": {"policy": twins, "views": {"times": 1}},
    "instdisc": {"views": {"num_views": 1}},
    "maskedlanguage": {"policy": masked_text, "shared": ("fraction", "whole_words")},
    "nexttoken": {
        "policy": twins,
        "views": {"times": 1},
        "backbone": "causal",
        "optimizer": "muon",
        "learning_rate": 0.02,
        "weight_decay": 0.0,
        "start_stem": False,
    },
    "permutation": {"policy": shuffled_text, "shared": ("num_spans",), "start_stem": False},
    "nextsentence": {"policy": next_sentences, "start_stem": False},
    "sentenceorder": {"policy": sentence_orders, "start_stem": False},
}
"""What a method takes otherwise.

Muon's loss falls faster than AdamW's, which is all that a network that writes is for; of an encoder that hides tokens
it makes worse vectors (banking77 from the books at 600 steps: 0.727 and 0.773).
"""

ALONE = ("maskedlanguage", "nexttoken", "permutation", "nextsentence", "sentenceorder", "supervised", "instdisc")
"""Methods that read one text at a time."""
WITH_NEGATIVES = ("simcse", "dualencoder")
"""Methods that push the third text of a triplet away; others read its pair alone."""

FINER = 0.2
"""Of the rate, in a run that begins from trained weights; such a run is half as long."""


def for_texts(method: str, *, begun: bool = False) -> Recipe:
    """The recipe of a method for texts.

    Args:
        method: its name on the command line; one without settings of its own has the shared ones.
        begun: whether the network begins from trained weights.
    """
    heads = {"options": SMALL_ONES[method]["options"]} if method in SMALL_ONES else {}
    recipe = replace(SHARED, **{**heads, **OWN.get(method, {})})
    if not begun:
        return recipe
    rate = recipe.learning_rate * FINER
    return replace(recipe, learning_rate=rate, epochs=recipe.epochs // 2)


class TextBook(Book):
    """Recipes for texts, and the encoders and views that they are of."""

    flags = (*SHAPE, "vocab_size")

    def recipe(self, method: str, said: Mapping[str, Any], source: Source) -> Recipe:
        assert isinstance(source, Sentences)
        _check_roles(method, source)
        roles = source.roles[: 3 if method in WITH_NEGATIVES else 2]
        recipe = for_texts(method, begun=said["init"] is not None)
        views = {"roles": roles} if len(roles) > 1 else _views(recipe, said["init"])
        recipe = replace(recipe, views=views)
        return with_counts(recipe, source, hard_negatives=len(roles) > 2)

    def spec(self, recipe: Recipe, said: Mapping[str, Any], source: Source, seed: int) -> TextSpec:
        assert isinstance(source, Sentences)
        if said["init"] is not None:
            return begun(said, seed)
        return learned(said, recipe, source, backbone=said["backbone"] or recipe.backbone, seed=seed)

    def alike(self, spec: EncoderSpec, source: Source, seed: int) -> TextSpec:
        assert isinstance(spec, TextSpec)
        return replace(spec, seed=seed)

    def again(self, settings: Settings) -> Recipe:
        return for_texts(settings.method, begun=settings.init is not None)

    def policy(self, settings: Settings) -> TextPolicy:
        spec = settings.spec
        assert isinstance(spec, TextSpec)
        if "roles" in settings.views:
            return given_texts(settings.views["roles"])
        recipe = self.again(settings)
        known = inspect.signature(recipe.policy).parameters
        facts = {name: get(spec) for name, get in _FACTS.items() if name in known}
        shared = {name: settings.options[name] for name in recipe.shared}
        made = recipe.policy(**facts, **shared, **settings.views)
        assert isinstance(made, TextPolicy)
        return made

    def shape(self, settings: Settings) -> str:
        spec = settings.spec
        assert isinstance(spec, TextSpec)
        return f"{spec.backbone} of {len(spec.tokens):,} tokens"


_FACTS: Mapping[str, Callable[[TextSpec], int]] = {
    "mask_id": lambda spec: spec.tokens.mask_id,
    "cls_id": lambda spec: spec.tokens.cls_id,
    "sep_id": lambda spec: spec.tokens.sep_id,
    "vocab_size": lambda spec: len(spec.tokens),
    "max_length": lambda spec: spec.max_length,
}
"""What views take of an encoder."""


def learned(said: Mapping[str, Any], recipe: Recipe, source: Sentences, *, backbone: str, seed: int) -> TextSpec:
    """An encoder from chance, with a tokenizer that is learned from the texts: of small letters, unless it writes.

    Args:
        said: what the user said; None for nothing.
        recipe: of the run.
        source: the texts, in any roles.
        backbone: the network's name.
        seed: of the run.
    """
    shape = {name: recipe.network[name] if said[name] is None else said[name] for name in TextBook.flags}
    texts = [text for role in source.roles for text in source.texts(role)]
    tokenizer = Tokenizer.train(texts, vocab_size=shape.pop("vocab_size"), lowercase=backbone != "causal")
    return TextSpec(backbone=backbone, seed=seed, tokenizer=tokenizer.to_json(), **shape)


def _views(recipe: Recipe, init: str | None) -> dict[str, Any]:
    """Of single texts: a published encoder knows its language, and its dropout is enough."""
    is_published = init is not None and init.startswith(PUBLISHED)
    return {name: value for name, value in recipe.views.items() if not (is_published and name == "deleted")}


def _check_roles(method: str, source: Sentences) -> None:
    """Refuses pairs where single texts are read, single texts where pairs are, and pairs that may not belong together.

    Raises:
        DataError: the method does not learn from such texts.
    """
    got = f"{source.name}, of {' and '.join(source.roles)}"
    if len(source.roles) > 1 and method in ALONE:
        constraint = f"single texts, which {method} learns from"
        raise DataError(complaint("pretrain", "data", constraint, got, "Name one column by --text-column"))
    if len(source.roles) == 1 and method == "dualencoder":
        constraint = "questions with the passages that answer them"
        next_step = "Name their columns by --anchor-column and --positive-column"
        raise DataError(complaint("pretrain", "data", constraint, got, next_step))
    if len(source.roles) > 1 and source.scores is not None:
        constraint = "pairs that belong together, and these have scores"
        next_step = "Name one column by --text-column, or keep the pairs that are alike"
        raise DataError(complaint("pretrain", "data", constraint, got, next_step))


def begun(said: Mapping[str, Any], seed: int) -> TextSpec:
    """The encoder of a run, or a published one, with its tokenizer and its shape.

    Args:
        said: what the user said; None for nothing.
        seed: of the run.

    Raises:
        RunError: there are no such published weights.
        ValueError: it is not one of texts, or the user said another shape.
    """
    is_published = said["init"].startswith(PUBLISHED)
    free = ("pooling", "max_length") if is_published else ()
    for name in (*TextBook.flags, "backbone"):
        if said[name] is not None and name not in free:
            constraint = f"left out beside init, whose {name} holds"
            raise ValueError(complaint("pretrain", name, constraint, said[name], "Leave out one of the two"))
    if is_published:
        return read_pretrained(said["init"], seed=seed, pooling=said["pooling"], max_length=said["max_length"])
    folder = Path(said["init"])
    if not RunFolder(folder).encoder.exists():
        constraint, next_step = "a run with an encoder, or hf:NAME", "Name the folder of a run on texts"
        raise ValueError(complaint("pretrain", "init", constraint, said["init"], next_step))
    spec = Encoder.load(folder).spec
    if not isinstance(spec, TextSpec):
        next_step = "Name a run on texts"
        raise ValueError(complaint("pretrain", "init", "an encoder of texts", f"one of {spec.modality}", next_step))
    return replace(spec, seed=seed)
