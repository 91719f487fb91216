"""From what the user said, the data and a recipe to the settings of a run."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nearfar.data.modality import KINDS
from nearfar.data.source import Source
from nearfar.engine.settings import Settings
from nearfar.engine.spec import EncoderSpec
from nearfar.errors import DataError, complaint
from nearfar.methods.method import COUNTED, Method
from nearfar.recipes.book import Book
from nearfar.recipes.image import PictureBook
from nearfar.recipes.image_text import ImageTextBook
from nearfar.recipes.ranges import check_options, check_said, method_options
from nearfar.recipes.recipe import Recipe
from nearfar.recipes.series import SeriesBook
from nearfar.recipes.text import TextBook
from nearfar.views.plan import AnyPolicy

__all__ = ["described", "policy", "resolve"]

BOOKS: Mapping[str, Book] = {
    "image": PictureBook(),
    "text": TextBook(),
    "image-text": ImageTextBook(),
    "series": SeriesBook(),
}
"""The recipes of each modality."""
OF_SOME = sorted({flag for book in BOOKS.values() for flag in book.flags})
"""What a user may say for some modalities alone."""


def resolve(
    name: str,
    method: type[Method],
    source: Source,
    *,
    said: Mapping[str, Any],
    options: Mapping[str, Any],
    seed: int,
    precision: str,
    like: EncoderSpec | None = None,
) -> Settings:
    """Every setting as a plain value: the user's where there is one, else the recipe's, else the method's.

    Args:
        name: the method's name on the command line.
        method: the method.
        source: the training data, of which the examples are drawn already.
        said: what the user said of the settings that the recipe fills in, after `check_said`; None for nothing.
        options: what the user said of the method's keyword arguments.
        seed: of the run.
        precision: as Fabric names it.
        like: the encoder that the run is to go on with, or to begin anew; None for one that the recipe makes.

    Raises:
        DataError: the method or the encoder does not take such data.
        ValueError: an option is unknown, or a number does not fit the data or the method.
    """
    nothing: dict[str, Any] = dict.fromkeys(OF_SOME)
    said = nothing | {name: value.item() if isinstance(value, np.generic) else value for name, value in said.items()}
    book = BOOKS[source.modality]
    _check_flags(said, source)
    recipe = book.recipe(name, said, source)
    batch_size = _batch_size(said["batch_size"], said["accumulate"], method, source, recipe)
    return Settings(
        method=name,
        options=_options(method, recipe, options),
        spec=book.spec(recipe, said, source, int(seed)) if like is None else book.alike(like, source, int(seed)),
        init=said["init"],
        examples=said["examples"],
        views=dict(recipe.views),
        without=tuple(said["without"] or ()),
        stages=recipe.stages,
        start_stem=recipe.start_stem and said["init"] is None,
        batch_size=batch_size,
        accumulate=said["accumulate"],
        **_optimizer(said, recipe, batch_size),
        warmup=recipe.warmup,
        clip=said["clip"],
        steps=_steps(said, recipe, len(source) // batch_size),
        precision=precision,
    )


def policy(settings: Settings) -> AnyPolicy:
    """The views of a run, at full resolution.

    Raises:
        ValueError: an augmentation that is to be left out is unknown.
    """
    return BOOKS[settings.spec.modality].policy(settings)


def described(settings: Settings) -> str:
    """The settings that decide most, and how the learning rate follows the batch: one line for people."""
    book = BOOKS[settings.spec.modality]
    recipe = book.again(settings)
    usual = settings.optimizer, settings.learning_rate
    is_recipe = usual == (recipe.optimizer, recipe.scaled_rate(settings.batch_size))
    rate = recipe.rate_line if is_recipe else f"learning rate {settings.learning_rate:.3g}"
    length = f"{settings.steps:,} steps of {settings.batch_size:,} examples"
    return f"Settings: {book.shape(settings)}, {length}, {settings.optimizer}, {rate}."


def _check_flags(said: Mapping[str, Any], source: Source) -> None:
    """Refuses what means nothing for the data's modality."""
    for name in OF_SOME:
        if said.get(name) and name not in BOOKS[source.modality].flags:
            constraint = f"left out for {KINDS[source.modality].many}"
            raise ValueError(complaint("pretrain", name, constraint, said[name], "Leave it out"))


def _steps(said: Mapping[str, Any], recipe: Recipe, steps_per_epoch: int) -> int:
    if said["steps"] is not None:
        return int(said["steps"])
    if said["epochs"] is None:
        return max(recipe.least_steps, recipe.epochs * steps_per_epoch)
    steps = max(1, round(said["epochs"] * steps_per_epoch))
    check_said("pretrain", steps=steps)
    return steps


def _optimizer(said: Mapping[str, Any], recipe: Recipe, batch_size: int) -> dict[str, Any]:
    """Another optimizer than the recipe's starts from its own usual rate and decay per 256 examples."""
    usual = {"muon": (0.02, 0.0), "adamw": (2e-3, 0.05), "sgd": (0.06, 5e-4), "lars": (0.3, 1e-6)}
    name = said["optimizer"] or recipe.optimizer
    rate, decay = said["learning_rate"], said["weight_decay"]
    if name == recipe.optimizer:
        scaled, recipe_decay = recipe.scaled_rate(batch_size), recipe.weight_decay
    else:
        base, recipe_decay = usual.get(name, (1e-3, 0.0))
        scaled = base * batch_size / 256
    return {
        "optimizer": name,
        "learning_rate": scaled if rate is None else rate,
        "weight_decay": recipe_decay if decay is None else decay,
    }


def _options(method: type[Method], recipe: Recipe, given: Mapping[str, Any]) -> dict[str, Any]:
    check_options(method, given)
    for name in COUNTED:
        if name in given and given[name] != recipe.options.get(name):
            constraint = f"{recipe.options.get(name)}, as counted in the data"
            raise ValueError(complaint(method.__name__, name, constraint, given[name], "Leave it out"))
    known = method_options(method)
    values = {name: entry.default for name, entry in known.items()}
    values |= {name: value for name, value in recipe.options.items() if name in known}
    return values | {name: value.item() if isinstance(value, np.generic) else value for name, value in given.items()}


def _batch_size(asked: int | None, accumulate: int, method: type[Method], source: Source, recipe: Recipe) -> int:
    least, most = method.min_batch * accumulate, len(source) // accumulate * accumulate
    if len(source) < method.min_batch:
        kind = KINDS[source.modality].many
        constraint = f"at least {method.min_batch} {kind}, the smallest batch of {method.__name__}"
        raise DataError(complaint("pretrain", "data", constraint, f"{len(source)} in {source.name}", f"Add {kind}"))
    if least > most:
        constraint = f"at most {len(source) // method.min_batch} for {len(source)} examples"
        raise ValueError(complaint("pretrain", "accumulate", constraint, accumulate, "Try 1"))
    batch_size = min(recipe.batch_size // accumulate * accumulate or least, most) if asked is None else asked
    if not least <= batch_size <= most or batch_size % accumulate:
        parts = f"a multiple of {accumulate} " if accumulate > 1 else ""
        constraint = f"{parts}between {least} and {len(source)}, the number of examples"
        nearest = int(np.clip(batch_size, least, most)) // accumulate * accumulate
        raise ValueError(complaint(method.__name__, "batch_size", constraint, batch_size, f"Try {nearest}"))
    return batch_size
