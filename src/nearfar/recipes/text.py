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
from nearfar.engine.settings import Settings
from nearfar.engine.spec import EncoderSpec
from nearfar.engine.text_spec import TextSpec
from nearfar.errors import DataError, complaint
from nearfar.recipes.book import Book
from nearfar.recipes.image import SMALL_ONES
from nearfar.recipes.recipe import Recipe, with_counts
from nearfar.records import RunFolder
from nearfar.views.text_policy import TextPolicy, given_texts, masked_text, shuffled_text, span_crops, twins

__all__ = ["TextBook", "for_texts"]

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
    policy=span_crops,
)
"""What the methods share. Methods of two views see two spans of a text, or both texts of a pair."""

OWN: Mapping[str, Mapping[str, Any]] = {
    "simcse": {"policy": twins},
    "supervised": {"policy": twins, "views": {"times": 1}},
    "instdisc": {"views": {"num_views": 1}},
    "maskedlanguage": {"policy": masked_text, "shared": ("fraction", "whole_words")},
    "nexttoken": {"policy": twins, "views": {"times": 1}, "backbone": "causal"},
    "permutation": {"policy": shuffled_text, "shared": ("num_spans",)},
}
"""What a method takes otherwise."""

ALONE = ("maskedlanguage", "nexttoken", "permutation", "supervised", "instdisc")
"""Methods that read one text at a time."""

FINE = {"learning_rate": 2e-4, "epochs": 5}
"""What differs in a run that begins from trained weights."""


def for_texts(method: str, *, begun: bool = False) -> Recipe:
    """The recipe of a method for texts.

    Args:
        method: its name on the command line; one without settings of its own has the shared ones.
        begun: whether the network begins from trained weights.
    """
    heads = {"options": SMALL_ONES[method]["options"]} if method in SMALL_ONES else {}
    return replace(SHARED, **{**heads, **OWN.get(method, {}), **(FINE if begun else {})})


class TextBook(Book):
    """Recipes for texts, and the encoders and views that they are of."""

    flags = (*SHAPE, "vocab_size")

    def recipe(self, method: str, said: Mapping[str, Any], source: Source) -> Recipe:
        assert isinstance(source, Sentences)
        recipe = with_counts(for_texts(method, begun=said["init"] is not None), source)
        if len(source.roles) == 1:
            return recipe
        if method in ALONE:
            constraint = f"single texts, which {method} learns from"
            got = f"{source.name}, of {' and '.join(source.roles)}"
            raise DataError(complaint("pretrain", "data", constraint, got, "Name one column by --text-column"))
        return replace(recipe, views={"roles": source.roles})

    def spec(self, recipe: Recipe, said: Mapping[str, Any], source: Source, seed: int) -> TextSpec:
        assert isinstance(source, Sentences)
        if said["init"] is not None:
            return _begun(said, seed)
        shape = {name: recipe.network[name] if said[name] is None else said[name] for name in self.flags}
        vocab_size = shape.pop("vocab_size")
        texts = [text for role in source.roles for text in source.texts(role)]
        tokenizer = Tokenizer.train(texts, vocab_size=vocab_size)
        backbone = said["backbone"] or recipe.backbone
        return TextSpec(backbone=backbone, seed=seed, tokenizer=tokenizer.to_json(), **shape)

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


def _begun(said: Mapping[str, Any], seed: int) -> TextSpec:
    """The encoder of a run goes on with its tokenizer and its shape."""
    for name in (*TextBook.flags, "backbone"):
        if said[name] is not None:
            constraint = f"left out beside init, whose {name} holds"
            raise ValueError(complaint("pretrain", name, constraint, said[name], "Leave out one of the two"))
    folder = Path(said["init"])
    if not RunFolder(folder).encoder.exists():
        next_step = "Name the folder of a run on texts"
        raise ValueError(complaint("pretrain", "init", "a run with an encoder", said["init"], next_step))
    spec = Encoder.load(folder).spec
    if not isinstance(spec, TextSpec):
        next_step = "Name a run on texts"
        raise ValueError(complaint("pretrain", "init", "an encoder of texts", f"one of {spec.modality}", next_step))
    return replace(spec, seed=seed)
