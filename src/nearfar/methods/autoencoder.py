"""The autoencoder."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.distributed import world
from nearfar.errors import complaint
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.decoder import ConvDecoder, check_fit
from nearfar.objectives.reconstruction import mse
from nearfar.views.panels import Panel, words

__all__ = ["Autoencoder"]


class Autoencoder(Method):
    """An undercomplete autoencoder, on request a sparse one.

    A picture or a series is to be rebuilt from a latent that is much smaller than it, or of which only some numbers,
    the largest, are let through.

    Landmarks: 1 for the best constant, since views are normalised; 0 when perfect.

    Args:
        backbone: the network that is kept.
        latent_dim: width of the latent.
        num_active: how many numbers of the latent, the largest, reach the decoder; all when it is not given.
        decoder_width: channels of the decoder's last map.
        shape: of a view: channels, height and width of pictures, or channels and length of series; the recipe knows it.

    Source: Hinton and Salakhutdinov 2006 (Reducing the dimensionality of data with neural networks), without its
        layer-wise start; sparsity is that of k-sparse autoencoders, Makhzani and Frey 2013, arXiv 1312.5663.
    """

    paper: ClassVar[str] = "autoencoder, Hinton and Salakhutdinov 2006"
    summary: ClassVar[str] = "a picture or series is rebuilt from a small latent; nothing is near or far"
    modalities: ClassVar[tuple[str, ...]] = ("image", "series")
    accumulates: ClassVar[bool] = True
    can_collapse: ClassVar[bool] = False

    def __init__(
        self,
        backbone: nn.Module,
        *,
        latent_dim: int = 128,
        num_active: int | None = None,
        decoder_width: int = 32,
        shape: tuple[int, ...] = (3, 32, 32),
    ) -> None:
        super().__init__()
        if num_active is not None and not 1 <= num_active <= latent_dim:
            constraint = f"from 1 to {latent_dim}, the width of the latent"
            next_step = f"Try {max(1, latent_dim // 8)}, or leave it out"
            raise ValueError(complaint("Autoencoder", "num_active", constraint, num_active, next_step))
        self.backbone = backbone
        self.latent = nn.Linear(dim_of(backbone), latent_dim)
        self.decoder = ConvDecoder(latent_dim, shape=shape, width=decoder_width)
        self.num_active = num_active

    def encode(self, view: Float[Tensor, "n c *sides"]) -> Float[Tensor, "n d"]:
        """The latent of each view, from which the decoder rebuilds it."""
        z = self.latent(self.backbone(view))
        if self.num_active is None:
            return z
        value, place = z.topk(self.num_active, dim=1)
        return torch.zeros_like(z).scatter(1, place, value)

    def forward(self, batch: Batch) -> Step:
        (view,) = batch.views
        rebuilt = self.decoder(self.encode(view))
        check_fit("Autoencoder", rebuilt, view)
        return Step(mse(rebuilt, view, group=world()))

    def pictures(self, batch: Batch) -> Sequence[Panel]:
        (view,) = batch.views
        z = self.encode(view)
        part = "" if self.num_active is None else f", of which the {self.num_active} largest are let through"
        note = f"Each {words(view).one} is rebuilt from the {z.shape[1]} numbers of its latent{part}."
        return (Panel("rebuilt", {"original": view, "rebuilt": self.decoder(z)}, note),)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return 1.0
