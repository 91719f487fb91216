"""CPC on pictures."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from nearfar.distributed import world
from nearfar.errors import complaint
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.context import RowContext
from nearfar.objectives.information import cpc, cpc_chance
from nearfar.views.patches import patch_grid

__all__ = ["CPC"]


class CPC(Method):
    """Contrastive predictive coding over the rows of a grid of patches.

    Each patch of a picture is encoded by itself. From the rows down to one, a context predicts the patches some rows
    further below in its column, and shall find each among the patches of that row distance of all pictures and places.

    Landmarks: the loss starts near the mean over distances of ln(number of candidates) nats, where a collapsed network
    sits too.

    Args:
        backbone: the network that is kept; it sees patches here and whole pictures when it is used.
        grid: patches beside and below each other.
        patch: side of a patch as a fraction of the picture's; they overlap by as much as they must.
        num_rows: how many rows ahead are predicted, at most `grid` - 1.
        latent_dim: width of latents, context and predictions.

    Source: CPC, van den Oord et al. 2018, arXiv 1807.03748, section 3.3. A linear layer brings the backbone's output to
        the width of the latents, where the paper takes it as it is; the paper represents a picture by the mean over its
        patches, where this backbone sees the whole.
    """

    paper: ClassVar[str] = "CPC, van den Oord et al. 2018, arXiv 1807.03748"
    summary: ClassVar[str] = "what the upper rows of a picture predict is near its lower rows, and far from others"

    def __init__(
        self,
        backbone: nn.Module,
        *,
        grid: int = 7,
        patch: float = 0.25,
        num_rows: int = 5,
        latent_dim: int = 256,
    ) -> None:
        super().__init__()
        if not 1 <= num_rows < grid:
            constraint = f"from 1 to {grid - 1}, one less than the grid"
            raise ValueError(complaint("CPC", "num_rows", constraint, num_rows, f"Try {max(1, grid - 2)}"))
        self.backbone = backbone
        self.latent = nn.Linear(dim_of(backbone), latent_dim)
        self.context = RowContext(latent_dim)
        self.predictors = nn.ModuleList(nn.Linear(latent_dim, latent_dim, bias=False) for _ in range(num_rows))
        self.grid, self.patch = grid, patch

    def forward(self, batch: Batch) -> Step:
        (view,) = batch.views
        z = self._latents(view)
        context = self.context(z)
        nats = [
            cpc(_rows(predict(context[:, :-ahead])), _rows(z[:, ahead:]), group=world())
            for ahead, predict in enumerate(self.predictors, start=1)
        ]
        return Step(torch.stack(nats).mean())

    def _latents(self, view: Tensor) -> Tensor:
        """What each patch is encoded to, by row and column."""
        side = max(1, round(self.patch * min(view.shape[2:])))
        patches = patch_grid(view, patch=side, grid=self.grid)
        flat = patches.flatten(0, 2).contiguous(memory_format=torch.channels_last)
        return self.latent(self.backbone(flat)).view(*patches.shape[:3], -1)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        ahead = range(1, len(self.predictors) + 1)
        return sum(cpc_chance(batch_size * (self.grid - k) * self.grid) for k in ahead) / len(ahead)


def _rows(x: Tensor) -> Tensor:
    """Pictures, rows and columns one below the other, each with one step ahead."""
    return x.flatten(0, 2)[:, None]
