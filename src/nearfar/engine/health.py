"""A run's health: when to look, what is looked at, and what the guard says of it."""

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.diagnostics import Verdict, effective_rank, embedding_std, guard
from nearfar.methods.method import Method

__all__ = ["Checkup", "health"]

SHARE = 0.01
"""The part of the training time that looking may take."""
LOOKS = (0.31, 0.33, 0.6)
"""Parts of a run at which it is looked whatever it takes, as at its first record and at its last."""


class Checkup:
    """Looks at a run now and then, in a hundredth of its time, and asks the guard.

    It first looks before the first step: what the network was untrained is what it is compared with, and goes into the
    first record.

    Args:
        diagnose: label-free diagnostics of the method as it is.
        steps: of the run.
        history: the records so far, of a run that goes on; the list is kept and grows.
        can_collapse: what `guard` is told of the method.
    """

    def __init__(
        self,
        diagnose: Callable[[], dict[str, float]],
        *,
        steps: int,
        history: list[dict[str, Any]],
        can_collapse: bool = True,
    ) -> None:
        self.diagnose, self.steps, self.history, self.can_collapse = diagnose, steps, history, can_collapse
        begun = time.monotonic()
        self.untrained = {} if history else diagnose()
        self.begun = time.monotonic()
        self.taken = self.begun - begun

    def __call__(self, record: dict[str, Any]) -> Verdict | None:
        """Takes the next record into the history.

        Args:
            record: of one step; where it is time to look, the diagnostics, `guard` and `guard_says` are added to it.

        Returns:
            What the guard says; None where it was not asked.
        """
        first, due = not self.history, self._is_due(record["step"])
        self.history.append(record)
        if not first and not due:
            return None
        begun = time.monotonic()
        record |= self.untrained if first else self.diagnose()
        verdict = guard(self.history, steps=self.steps, can_collapse=self.can_collapse)
        record |= {"guard": verdict.state, "guard_says": verdict.sentence}
        self.taken += time.monotonic() - begun
        return verdict

    def _is_due(self, step: int) -> bool:
        before = self.history[-1]["step"] if self.history else 0
        is_passed = any(before < part * self.steps <= step for part in (*LOOKS, 1.0))
        return is_passed or self.taken <= SHARE * (time.monotonic() - self.begun)

    @property
    def last(self) -> str | None:
        """The state that the guard found last."""
        return next((record["guard"] for record in reversed(self.history) if "guard" in record), None)


@torch.no_grad()
def health(method: Method, h: Float[Tensor, "n d"]) -> dict[str, float]:
    """The diagnostics that go into a run's records.

    Projections are those of the module `projector`, in evaluation mode; it is left in the mode in which it was.

    Args:
        method: whose projections are looked at, where it has a projector.
        h: its representation of some examples.

    Returns:
        `effective_rank` of h; `embedding_spread`, the deviation on the unit sphere as a part of that of an even spread;
        `weight_norm`, the length of the backbone's weights, without biases and norms; and where there is a projector,
        `projection_spread` likewise and `projection_rank`, the effective rank of the centred projections. What is not
        finite is left out.
    """
    found = {"effective_rank": float(effective_rank(h)), "embedding_spread": _spread(h)}
    found["weight_norm"] = math.hypot(*(float(w.norm()) for w in method.backbone.parameters() if w.ndim > 1))
    projector = getattr(method, "projector", None)
    if isinstance(projector, nn.Module):
        trains = projector.training
        z = projector.eval()(h.to(next(projector.parameters()).device)).float()
        projector.train(trains)
        found |= {"projection_rank": float(effective_rank(z - z.mean(dim=0))), "projection_spread": _spread(z)}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _spread(x: Float[Tensor, "n d"]) -> float:
    """0 where all rows point one way, 1 where they point everywhere alike."""
    return float(embedding_std(x)) * math.sqrt(x.shape[1])
