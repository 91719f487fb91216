"""What a recipe is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nearfar.data.source import Source
from nearfar.views.plan import AnyPolicy
from nearfar.views.policies import simclr

__all__ = ["Recipe", "with_counts"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings that a method takes for a modality and a size, wherever the user states none.

    Attributes:
        backbone: its name.
        network: what else an encoder's spec says of the network, where the user may say it.
        batch_size: examples per optimizer step.
        optimizer: its name.
        learning_rate: at the stated batch size.
        weight_decay: not applied to biases and norms.
        warmup: part of the run over which the rate rises.
        epochs: length of a run for which nothing else is stated.
        least_steps: such a run is no shorter, however few examples there are.
        stages: the resolution schedule: pairs (progress, factor on the size).
        start_stem: whether the first layer starts from the training data: of pictures from their patches, of texts from
            what stands near each token.
        options: keyword arguments of the method.
        policy: makes the views: of pictures, of a size, `mean` and `std`; of texts, of what it takes of the tokenizer.
        views: further keyword arguments of the policy.
        shared: the method's options that the policy takes too.
        rate_rule: how the rate follows the batch size: "linear" (Goyal et al. 2017, arXiv 1706.02677) or "square root".
    """

    backbone: str
    network: Mapping[str, Any] = field(default_factory=dict)
    batch_size: int
    optimizer: str
    learning_rate: float
    weight_decay: float
    warmup: float
    epochs: int
    least_steps: int = 1
    stages: tuple[tuple[float, float], ...] = ((0.0, 1.0),)
    start_stem: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    policy: Callable[..., AnyPolicy] = simclr
    views: Mapping[str, Any] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    rate_rule: str = "square root"

    def scaled_rate(self, batch_size: int) -> float:
        """The learning rate for another batch size."""
        ratio = batch_size / self.batch_size
        return self.learning_rate * (ratio if self.rate_rule == "linear" else ratio**0.5)

    @property
    def rate_line(self) -> str:
        """The learning rate and how it follows the batch, for people."""
        rule = "in proportion to" if self.rate_rule == "linear" else "with the square root of"
        return f"learning rate {self.scaled_rate(256):.3g} per 256 examples, growing {rule} the batch"


def with_counts(recipe: Recipe, source: Source, **facts: Any) -> Recipe:
    """A recipe with the options that the data decides; a method takes those that it has.

    Args:
        recipe: for data of this kind.
        source: the training examples.
        **facts: what else was counted in them.
    """
    facts |= {"num_examples": len(source), "num_classes": len(source.class_names)}
    if "queue_size" in recipe.options:
        # A queue longer than an epoch would hold older keys of the very example that is asked for.
        facts["queue_size"] = min(recipe.options["queue_size"], max(1, len(source) // 2))
    return replace(recipe, options={**recipe.options, **facts})
