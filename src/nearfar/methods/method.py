"""The contract between a method and the loop that trains it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from jaxtyping import Float, Int
from torch import Tensor, nn

__all__ = ["Batch", "Method", "Step"]


class Batch(NamedTuple):
    """n examples, ready for one step: what each encoder pass sees, and what is known about the examples.

    Attributes:
        views: one entry per encoder pass, each with n rows.
        label: the class of each example, -1 where it is unknown; None where the source has no labels.
        index: the row of each example in its source.
    """

    views: tuple[Any, ...]
    label: Int[Tensor, "n"] | None = None
    index: Int[Tensor, "n"] | None = None  # type: ignore[assignment]  # nobody searches a batch by tuple.index


class Step(NamedTuple):
    """What one forward pass of a method gives the loop.

    Attributes:
        loss: the scalar to descend, in the unit that the method states (nats for the contrastive ones).
        logs: detached scalars to record; the unit is part of the key.
        carry: what `Method.update` needs from this forward pass, and nothing else.
    """

    loss: Float[Tensor, ""]
    logs: Mapping[str, Tensor] = {}
    carry: Any = None


class Method(nn.Module, ABC):
    """A way to learn a representation: modules, and the loss of a batch.

    A constructor's positional parameters are modules and its keyword-only parameters are plain values; the command
    line offers the latter as flags. A concrete method is a leaf: it composes networks and objectives and is never
    inherited from. It knows nothing of the loop, so any training loop may drive it.

    Class attributes describe the method to `nearfar methods`:
        paper: authors' name of the method, year and arXiv number.
        summary: one line that says what is pulled near and what is pushed far.
        modalities: what it is ready to learn from; any whose policy gives the views it wants.
        min_batch: the smallest global batch the loss means something for.
    """

    paper: ClassVar[str]
    summary: ClassVar[str]
    modalities: ClassVar[tuple[str, ...]] = ("image",)
    min_batch: ClassVar[int] = 2

    backbone: nn.Module

    @abstractmethod
    def forward(self, batch: Batch) -> Step:
        """The loss of one batch. Reads state and never moves it, batch-norm statistics aside."""

    def update(self, steps: Sequence[Step], progress: float) -> None:
        """Moves what no optimizer moves: twins, queues, banks. Called once after each optimizer step.

        Args:
            steps: the results of the micro-steps that made up the optimizer step.
            progress: the part of the run that is done, in (0, 1].
        """
        return None

    def embed(self, view: Any) -> Float[Tensor, "n d"]:
        """The representation h of n examples, not the projection z that the loss sees."""
        return self.backbone(view)

    def floor(self, batch_size: int) -> float | None:
        """The loss of perfect views at this global batch size; None where it is not known."""
        return None

    def chance(self, batch_size: int) -> float | None:
        """The loss when all similarities are equal, at this global batch size; None where it is not known."""
        return None
