"""What a recipe is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nearfar.views.policies import simclr
from nearfar.views.policy import Policy

__all__ = ["Recipe"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings that a method takes for a modality and a size, wherever the user states none.

    Attributes:
        backbone: its name.
        batch_size: examples per optimizer step.
        optimizer: its name.
        learning_rate: at the stated batch size.
        weight_decay: not applied to biases and norms.
        warmup: part of the run over which the rate rises.
        epochs: length of a run for which nothing else is stated.
        least_steps: such a run is no shorter, however few examples there are.
        stages: the resolution schedule: pairs (progress, factor on the size).
        start_stem: whether the first layer starts from the training pictures' patches.
        options: keyword arguments of the method.
        policy: makes the views, of a size, `mean` and `std`.
        views: further keyword arguments of the policy.
        rate_rule: how the rate follows the batch size: "linear" (Goyal et al. 2017, arXiv 1706.02677) or "square root".
    """

    backbone: str
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
    policy: Callable[..., Policy] = simclr
    views: Mapping[str, Any] = field(default_factory=dict)
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
