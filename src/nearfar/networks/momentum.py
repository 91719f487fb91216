"""The slow copy of a network."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from nearfar.errors import complaint
from nearfar.schedules import cosine

__all__ = ["MomentumTwin"]


class MomentumTwin(nn.Module):
    """A network's slow copy, whose outputs are targets or keys.

    It starts equal to the network and then follows it, once per optimizer step, at the momentum of the progress:

        twin = m twin + (1 - m) network,   m = end - (end - momentum) (1 + cos(pi progress)) / 2

    Parameters and buffers of floating point move so; other buffers are copied. No gradient enters or leaves it. It
    trains and evaluates with the method it is part of: in training its batch norms take the statistics of its own
    batch, as in the authors' code of MoCo, BYOL and DINO, and so track running statistics of their own too.

    Args:
        network: what is copied; the twin keeps no hold of it.
        momentum: the fraction kept at progress 0; 0.996 keeps 99.6 %.
        end: the fraction kept at progress 1; equal to `momentum` for one that stays, as MoCo's does.

    Raises:
        ValueError: a momentum is outside [0, 1].

    Source: MoCo, He et al. 2019 (arXiv 1911.05722), equation 2; the cosine is BYOL's, Grill et al. 2020
        (arXiv 2006.07733), section 3.3.
    """

    def __init__(self, network: nn.Module, *, momentum: float = 0.996, end: float = 1.0) -> None:
        super().__init__()
        for name, value in (("momentum", momentum), ("end", end)):
            if not 0 <= value <= 1:
                raise ValueError(complaint("MomentumTwin", name, "a fraction in [0, 1]", value, "Try 0.996"))
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.momentum, self.end = momentum, end

    @torch.no_grad()
    def forward(self, x: Any) -> Tensor:
        """What the copy makes of an input; no gradient flows back."""
        return self.network(x)

    def momentum_at(self, progress: float) -> float:
        """The fraction kept by the step that reaches this progress."""
        return self.end - (self.end - self.momentum) * cosine(progress)

    @torch.no_grad()
    def follow(self, network: nn.Module, progress: float) -> None:
        """Moves towards the network.

        Args:
            network: what was copied, as it is after the optimizer's step.
            progress: the part of the run that is done, in (0, 1].
        """
        pairs = list(zip(_tensors(self.network), _tensors(network), strict=True))
        slow = [(own, other) for own, other in pairs if own.is_floating_point()]
        weight = 1.0 - self.momentum_at(progress)
        torch._foreach_lerp_([own for own, _ in slow], [other for _, other in slow], weight)
        for own, other in pairs:
            if not own.is_floating_point():
                own.copy_(other)


def _tensors(network: nn.Module) -> list[Tensor]:
    """Everything that makes up a network's state, each tensor once."""
    return [*(weight.detach() for weight in network.parameters()), *network.buffers()]
