"""Context over a grid of patches, from the top row down."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["RowContext"]


class RowContext(nn.Module):
    """A summary, at each place of a grid, of the rows down to its own: a PixelCNN by rows.

    Each layer sees its own row left and right by one and the row above; no layer sees a row below, so what is predicted
    for the rows below is a prediction.

    Args:
        dim: width of the latents and of the context.
        hidden_dim: width inside a layer.
        num_layers: residual layers; five, as in CPC, see five rows up.

    Source: CPC, van den Oord et al. 2018 (arXiv 1807.03748), section 3.3; the layers are those of Henaff et al. 2019
        (arXiv 1905.09272), appendix A.2.
    """

    def __init__(self, dim: int, *, hidden_dim: int = 256, num_layers: int = 5) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer(dim, hidden_dim) for _ in range(num_layers))

    def forward(self, z: Float[Tensor, "n rows columns d"]) -> Float[Tensor, "n rows columns d"]:
        """The context at each place."""
        context = z.permute(0, 3, 1, 2)
        for layer in self.layers:
            context = context + layer(context)
        return torch.relu(context).permute(0, 2, 3, 1)


class _Layer(nn.Module):
    def __init__(self, dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(dim, hidden_dim, 1)
        self.sideways = nn.Conv2d(hidden_dim, hidden_dim, (1, 3), padding=(0, 1))
        self.downwards = nn.Conv2d(hidden_dim, hidden_dim, (2, 1))
        self.widen = nn.Conv2d(hidden_dim, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.sideways(F.relu(self.narrow(x)))
        x = self.downwards(F.pad(x, (0, 0, 1, 0)))
        return self.widen(F.relu(x))
