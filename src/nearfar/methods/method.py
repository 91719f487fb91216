"""The contract between a method and the loop that trains it."""

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from nearfar.distributed import Group, all_gather, all_reduce, first_row, world, world_size
from nearfar.views.draws import Draws
from nearfar.views.panels import Panel

__all__ = ["COUNTED", "Attempt", "Batch", "Method", "Partners", "Step", "mean_over_ranks", "partners", "solved"]

COUNTED = ("hard_negatives", "num_classes", "num_examples", "shape")
"""Options of methods that are facts of the data, and no choice of the user's."""
_STRANGERS = 2**40
"""Where the numbers of examples without a class begin: far above any class."""


class Batch(NamedTuple):
    """n examples, ready for one step: what each encoder pass sees, and what is known about the examples.

    Attributes:
        views: one entry per encoder pass, each with n rows.
        label: the class of each example, -1 where it is unknown; None where the source has no labels.
        index: the row of each example in its source.
        keys: one for each example, from which a method draws what it hides, turns or samples.
    """

    views: tuple[Any, ...]
    label: Int[Tensor, "n"] | None = None
    index: Int[Tensor, "n"] | None = None  # type: ignore[assignment]  # nobody searches a batch by tuple.index
    keys: Int[Tensor, "n"] | None = None

    def draws(self) -> Draws:
        """The numbers of each example for what a method hides, turns or samples: the same alone and in any batch."""
        assert self.keys is not None, "what is drawn for an example is drawn by its key"
        return Draws(self.keys)

    def identity(self) -> Int[Tensor, "n"]:
        """Who each example is: its class where that is known, else a number that no other example has.

        Methods that learn from labels take it for the label, so that without labels the views of one example are what
        is alike, and with some labels both holds.
        """
        own = self.index
        if own is None:
            rows = self.views[0]
            own = torch.arange(rows.shape[0], device=rows.device) + first_row(rows, world())
        own = own + _STRANGERS
        return own if self.label is None else torch.where(self.label >= 0, self.label, own)


class Partners(NamedTuple):
    """For each example of this rank the rows, among those of all ranks, that it is compared with.

    Attributes:
        positive: of its own identity: the next such example, or itself where there is no other.
        negative: the next example of another identity; where there is none, a row of its own.
        stranger: the next example of a third identity; where there is none, a row of the first or the second.
        identity: the identities of the examples of all ranks.
    """

    positive: Int[Tensor, "n"]
    negative: Int[Tensor, "n"]
    stranger: Int[Tensor, "n"]
    identity: Int[Tensor, "m"]


def partners(identity: Int[Tensor, "n"], group: Group | None) -> Partners:
    """Whom each example is compared with in losses of pairs, triplets and quadruplets.

    Batches are drawn at random, so the next example of a kind is a random one of that kind; that it is a rule makes a
    batch's loss the same on any number of ranks.

    Args:
        identity: who each example of this rank is, as `Batch.identity` says.
        group: the ranks whose examples are candidates too.
    """
    every = all_gather(identity, group)
    itself = torch.arange(len(identity), device=identity.device) + first_row(identity, group)
    ahead = (torch.arange(len(every), device=identity.device) - itself[:, None] - 1) % len(every)
    same = identity[:, None] == every
    negative = ahead.masked_fill(same, len(every)).argmin(dim=1)
    known = same | (every[negative][:, None] == every)
    return Partners(
        positive=ahead.masked_fill(~same, len(every)).argmin(dim=1),
        negative=negative,
        stranger=ahead.masked_fill(known, len(every)).argmin(dim=1),
        identity=every,
    )


def mean_over_ranks(losses: Float[Tensor, "n"], group: Group | None) -> Float[Tensor, ""]:
    """This rank's share of the mean loss over the rows of all ranks: the mean of the shares is that mean.

    Args:
        losses: one for each of this rank's rows; there may be none.
        group: the ranks; None is this process alone.

    Returns:
        With W ranks, W / N times the sum over this rank's rows, where N counts all rows; 0 where no rank has any.
    """
    number = all_reduce(torch.tensor(len(losses), device=losses.device), group)
    return losses.sum() * world_size(group) / number.clamp_min(1)


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


class Attempt(NamedTuple):
    """n puzzles that a network was set, and what it said.

    Attributes:
        pieces: what it was shown of each.
        answer: the right one of k.
        logits: of each answer.
    """

    pieces: Float[Tensor, "n pieces c s t"]
    answer: Int[Tensor, "n"]
    logits: Float[Tensor, "n k"]


def solved(logits: Float[Tensor, "n k"], answer: Int[Tensor, "n"]) -> Step:
    """The step of a method that asks which of k answers is right: the cross entropy, and `solved_fraction`.

    Args:
        logits: of each answer for this rank's rows.
        answer: the right one of each row.
    """
    fraction = (logits.detach().argmax(dim=1) == answer).float().mean()
    nats = F.cross_entropy(logits, answer, reduction="none")
    return Step(mean_over_ranks(nats, world()), {"solved_fraction": fraction})


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
        can_collapse: whether making all examples alike lowers the loss, so that the guard looks for it.
        parts: the names of modules whose parameters form groups of their own in the optimizer.
        adam_beta: the fraction that AdamW keeps of its first moment; two sides that play a game want less than usual.
        accumulates: whether a batch that is cut into micro-steps gives the gradient of the whole, batch norm aside:
            where examples are not compared with one another. Elsewhere each part is compared within itself.

    A method that trains a linear layer from the representation to classes calls it `classifier`, and one that trains
    scores of the token behind a text calls them `next_scores`; they are kept too. One that rebuilds or makes pictures
    says by `pictures` what of it the report shows, and one that sets puzzles by `attempt` how it does.
    """

    paper: ClassVar[str]
    summary: ClassVar[str]
    modalities: ClassVar[tuple[str, ...]] = ("image",)
    min_batch: ClassVar[int] = 2
    accumulates: ClassVar[bool] = False
    can_collapse: ClassVar[bool] = True
    parts: ClassVar[tuple[str, ...]] = ()
    adam_beta: ClassVar[float] = 0.9

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

    def pictures(self, batch: Batch) -> Sequence[Panel]:
        """What the method makes of some pictures, for people to look at: nothing, unless it rebuilds, makes or puzzles.

        It is called at the end of a run on one rank alone, in evaluation mode and without gradients, and gives the same
        for the same weights and batch.

        Args:
            batch: some pictures, undistorted.
        """
        return ()

    def attempt(self, batch: Batch) -> Attempt | None:
        """The puzzles that the method sets of some pictures, and its answers; None where it sets none of pictures.

        Args:
            batch: the pictures.
        """
        return None

    @classmethod
    def landmarks(cls) -> str:
        """Values of the loss to read it by: the paragraph of the docstring that begins with "Landmarks:"."""
        match = re.search(r"^Landmarks: (.+?)(?:\n\n|\Z)", inspect.getdoc(cls) or "", re.MULTILINE | re.DOTALL)
        return " ".join(match[1].split()) if match else ""

    def floor(self, batch_size: int) -> float | None:
        """The loss of perfect views at this global batch size; None where it is not known."""
        return None

    def chance(self, batch_size: int) -> float | None:
        """The loss when all similarities are equal, at this global batch size; None where it is not known."""
        return None
