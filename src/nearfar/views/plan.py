"""Which views a run makes at which moment: a policy, a resolution schedule and the draws."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from jaxtyping import Float, Int, Num
from torch import Tensor

from nearfar.views.draws import Draws
from nearfar.views.pair_policy import PairPolicy
from nearfar.views.policy import Policy
from nearfar.views.series import SeriesPolicy
from nearfar.views.text_policy import TextPolicy

__all__ = ["AnyPolicy", "ViewPlan"]

AnyPolicy: TypeAlias = Policy | TextPolicy | PairPolicy | SeriesPolicy
"""The views of examples of some modality."""

_METHOD = 2**20  # what a method's draws are told apart from the views' by, of which there are fewer


@dataclass(frozen=True)
class ViewPlan:
    """The views of every micro-step of a run, as a function of the run's seed, the micro-step and the example.

    Attributes:
        policy: the views at full resolution.
        seed: of the run.
        micro_steps: how many the run has.
        stages: pairs (progress from which it holds, factor on the sizes), rising; smaller pictures early in a run teach
            as much per picture at a fraction of the cost.
    """

    policy: AnyPolicy
    seed: int
    micro_steps: int
    stages: tuple[tuple[float, float], ...] = ((0.0, 1.0),)

    def at(self, micro_step: int) -> AnyPolicy:
        """The policy of a micro-step."""
        progress = micro_step / max(1, self.micro_steps)
        return self.policy.resized([factor for start, factor in self.stages if progress >= start][-1])

    def work(self, micro_step: int) -> float:
        """The part of the run's work that is done before a micro-step."""
        progress = micro_step / max(1, self.micro_steps)
        return self._cost(progress) / self._cost(1.0)

    def _cost(self, progress: float) -> float:
        """The cost up to a progress, in steps of full resolution; small pictures use a machine less well."""
        ends = [*(start for start, _ in self.stages[1:]), 1.0]
        parts = zip(self.stages, ends, strict=True)
        return sum(max(0.0, min(end, progress) - start) * factor**1.5 for (start, factor), end in parts)

    def views(self, micro_step: int, examples: Any, index: Int[Tensor, "n"]) -> tuple[Any, ...]:
        """The views of one micro-step; those of pictures in channels-last memory.

        Args:
            micro_step: counted from the start of the run.
            examples: what the policy takes: of pictures one canvas, or one batch of crops for each view; of texts
                their tokens; of pairs the two.
            index: the row of each example in its source.
        """
        views = self.at(micro_step)(examples, Draws.of(self.seed, micro_step, index))
        return tuple(map(_channels_last, views))

    def keys(self, micro_step: int, index: Int[Tensor, "n"]) -> Int[Tensor, "n"]:
        """What a method draws by in one micro-step, one key for each example, whatever its views draw.

        Args:
            micro_step: counted from the start of the run.
            index: the row of each example in its source.
        """
        return Draws.of(self.seed, micro_step, index).fold(_METHOD).keys

    def __call__(
        self, micro_step: int, rows: np.ndarray, heights: Num[Tensor, "n"], widths: Num[Tensor, "n"]
    ) -> tuple[tuple[Float[Tensor, "n 4"], int], ...]:
        """The crops of one micro-step for a loader that cuts them while it decodes: boxes and size, for each view."""
        draws = Draws.of(self.seed, micro_step, torch.from_numpy(rows))
        policy = self.at(micro_step)
        assert not isinstance(policy, TextPolicy | SeriesPolicy)
        return policy.boxes(heights, widths, draws)


def _channels_last(view: Any) -> Any:
    return view.contiguous(memory_format=torch.channels_last) if isinstance(view, Tensor) and view.ndim == 4 else view
