"""From what the user said, the data and a recipe to the settings of a run."""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from nearfar.data.pictures import Pictures
from nearfar.data.plain import channel_statistics
from nearfar.engine.settings import Settings
from nearfar.errors import complaint, suggestion
from nearfar.methods.method import Method
from nearfar.recipes.image import for_pictures, view_size
from nearfar.recipes.recipe import Recipe
from nearfar.views.policies import Policy, simclr

__all__ = ["method_options", "policy", "resolve"]


def method_options(method: type[Method]) -> dict[str, inspect.Parameter]:
    """The keyword-only parameters of a method's constructor: what a user may set."""
    parameters = inspect.signature(method.__init__).parameters
    return {name: entry for name, entry in parameters.items() if entry.kind is inspect.Parameter.KEYWORD_ONLY}


def resolve(
    name: str,
    method: type[Method],
    source: Pictures,
    *,
    said: Mapping[str, Any],
    options: Mapping[str, Any],
    seed: int,
    precision: str,
) -> Settings:
    """Every setting as a plain value: the user's where there is one, else the recipe's, else the method's.

    Args:
        name: the method's name on the command line.
        method: the method.
        source: the training data.
        said: what the user said of `backbone`, `stem`, `init`, `size`, `batch_size`, `accumulate`, `optimizer`,
            `learning_rate`, `weight_decay`, `clip`, `epochs`, `steps`; None for nothing.
        options: what the user said of the method's keyword arguments.
        seed: of the run.
        precision: as Fabric names it.

    Raises:
        ValueError: an option is unknown or a number is out of range.
    """
    size = said["size"] if said["size"] is not None else view_size(source)
    recipe = for_pictures(name, size=size)
    batch_size = _batch_size(said["batch_size"], said["accumulate"], method, source, recipe)
    mean, std = channel_statistics(source, source.channels)
    return Settings(
        method=name,
        options=_options(method, recipe, options),
        backbone=_backbone(said, recipe),
        stem=said["stem"],
        init=said["init"],
        size=size,
        channels=source.channels,
        mean=mean,
        std=std,
        views=dict(recipe.views),
        stages=recipe.stages,
        start_stem=recipe.start_stem and said["init"] is None,
        batch_size=batch_size,
        accumulate=said["accumulate"],
        **_optimizer(said, recipe, batch_size),
        warmup=recipe.warmup,
        clip=said["clip"],
        steps=_steps(said, recipe, len(source) // batch_size),
        seed=seed,
        precision=precision,
    )


def policy(settings: Settings) -> Policy:
    """The views of a run, at full resolution."""
    return simclr(settings.size, mean=settings.mean, std=settings.std, **settings.views)


def _backbone(said: Mapping[str, Any], recipe: Recipe) -> str:
    init = said["init"]
    if init is None or not init.startswith("timm:"):
        return said["backbone"] or recipe.backbone
    name = init.removeprefix("timm:")
    if said["backbone"] not in (None, name):
        raise ValueError(
            complaint(
                "pretrain",
                "backbone",
                f"left out, or {name!r} as --init says",
                said["backbone"],
                "Leave out one of the two",
            )
        )
    return name


def _steps(said: Mapping[str, Any], recipe: Recipe, steps_per_epoch: int) -> int:
    if said["steps"] is not None:
        return int(said["steps"])
    epochs = recipe.epochs if said["epochs"] is None else said["epochs"]
    return max(1, round(epochs * steps_per_epoch))


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
    if rate is not None and rate <= 0:
        raise ValueError(complaint("pretrain", "learning_rate", "above 0", rate, f"Try {scaled:g}"))
    if decay is not None and decay < 0:
        raise ValueError(complaint("pretrain", "weight_decay", "at least 0", decay, f"Try {recipe_decay:g}"))
    if said["clip"] is not None and said["clip"] <= 0:
        raise ValueError(complaint("pretrain", "clip", "above 0", said["clip"], "Try 1, or leave it out"))
    return {
        "optimizer": name,
        "learning_rate": scaled if rate is None else rate,
        "weight_decay": recipe_decay if decay is None else decay,
    }


def _options(method: type[Method], recipe: Recipe, given: Mapping[str, Any]) -> dict[str, Any]:
    known = method_options(method)
    for name in given:
        if name not in known:
            raise ValueError(
                complaint(method.__name__, "option", f"one of {', '.join(known)}", name, suggestion(name, known))
            )
    values = {name: entry.default for name, entry in known.items()}
    values |= {name: value for name, value in recipe.options.items() if name in known}
    return values | dict(given)


def _batch_size(asked: int | None, accumulate: int, method: type[Method], source: Pictures, recipe: Recipe) -> int:
    if accumulate < 1:
        raise ValueError(complaint("pretrain", "accumulate", "at least 1", accumulate, "Try 1"))
    least, most = method.min_batch * accumulate, len(source)
    batch_size = min(recipe.batch_size, most // accumulate * accumulate) if asked is None else asked
    if not least <= batch_size <= most or batch_size % accumulate:
        constraint = f"a multiple of {accumulate} between {least} and {most}, the number of examples"
        if accumulate == 1:
            constraint = f"between {least} and {most}, the number of examples"
        raise ValueError(
            complaint(
                method.__name__, "batch_size", constraint, batch_size, f"Try {int(np.clip(batch_size, least, most))}"
            )
        )
    return batch_size
