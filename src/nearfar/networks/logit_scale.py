"""A temperature that is learned."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.errors import complaint

__all__ = ["LogitScale"]


class LogitScale(nn.Module):
    """What cosines are multiplied by: one over a temperature, learned as a logarithm, which keeps it above 0.

    Args:
        temperature: where it starts.
        where: who asks, for error sentences.
        greatest: of the scale; `limit` holds it between 1 and this.

    Raises:
        ValueError: the temperature is not above 0, or beyond the limits.

    Source: CLIP, Radford et al. 2021, arXiv 2103.00020, section 2.5.
    """

    def __init__(self, temperature: float, *, where: str, greatest: float = math.inf) -> None:
        super().__init__()
        is_limited = math.isfinite(greatest)
        if not temperature > 0 or (is_limited and not 1 / greatest <= temperature <= 1):
            constraint = f"from {1 / greatest:g} to 1" if is_limited else "above 0"
            raise ValueError(complaint(where, "temperature", constraint, temperature, "Try 0.1"))
        self.log = nn.Parameter(torch.tensor(-math.log(temperature)))
        self.greatest = greatest

    def forward(self) -> Float[Tensor, ""]:
        """The scale, to which gradients flow."""
        return self.log.exp()

    @torch.no_grad()
    def limit(self) -> None:
        """Brings a scale that a step has moved beyond its limits back to the nearer one."""
        self.log.clamp_(0.0, math.log(self.greatest))
