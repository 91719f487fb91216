"""Recurrent networks without packed sequences, which graphs do not have."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.networks.pooling import TokenRows, real_tokens
from nearfar.networks.recurrent import TextRecurrent

__all__ = ["Unrolled"]


class Unrolled(nn.Module):
    """A recurrent network of texts, layer by layer and direction by direction.

    The second direction reads each text backwards from its own end, so that padding is always read last and changes
    nothing.

    Args:
        network: what is to be written otherwise; its weights are copied.
    """

    def __init__(self, network: TextRecurrent) -> None:
        super().__init__()
        self.token, self.pooling, self.bidirectional = network.token, network.pooling, network.bidirectional
        self.layers = nn.ModuleList(
            nn.ModuleList(_layer(network.layers, layer, end) for end in self._ends())
            for layer in range(network.layers.num_layers)
        )

    def _ends(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def forward(self, view: TokenRows) -> Float[Tensor, "n d"]:
        """The representation of each text."""
        real, x = real_tokens(view), self.token(view.ids)
        place = torch.arange(view.ids.shape[1], device=view.ids.device)
        backwards = torch.where(real, view.lengths[:, None] - 1 - place, place)
        for directions in self.layers:
            made = [directions[0](x)[0]]  # type: ignore[index]
            if self.bidirectional:
                made.append(_turned(directions[1](_turned(x, backwards))[0], backwards))  # type: ignore[index]
            x = torch.cat(made, dim=2)
        if self.pooling == "mean":
            return (x * real[:, :, None]).sum(dim=1) / view.lengths.clamp(min=1)[:, None]
        last = torch.where(real.any(1), view.lengths - 1, 0)
        forwards = x.gather(1, last[:, None, None].expand(-1, 1, x.shape[2]))[:, 0]
        if self.bidirectional:
            half = x.shape[2] // 2
            forwards = torch.cat([forwards[:, :half], x[:, 0, half:]], dim=1)
        return forwards * real.any(1, keepdim=True)


def _layer(whole: nn.RNNBase, layer: int, end: str) -> nn.RNNBase:
    """One direction of one layer."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    weights = {f"{name}_l0": getattr(whole, f"{name}_l{layer}{end}") for name in names}
    kind: Any = type(whole)
    single: nn.RNNBase = kind(weights["weight_ih_l0"].shape[1], whole.hidden_size, batch_first=True)
    single.load_state_dict(weights)
    return single


def _turned(x: Tensor, places: Tensor) -> Tensor:
    return x.gather(1, places[:, :, None].expand(-1, -1, x.shape[2]))
