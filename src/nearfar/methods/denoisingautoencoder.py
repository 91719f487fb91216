"""The denoising autoencoder."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.decoder import ConvDecoder, check_fit
from nearfar.objectives.reconstruction import mse
from nearfar.views.corruptions import corrupt
from nearfar.views.draws import Draws
from nearfar.views.panels import Panel, words

__all__ = ["DenoisingAutoencoder"]

SPOILT = {
    "masking": "{part:g} % of the {words.places} are set to the mean",
    "salt_and_pepper": "{part:g} % of the {words.places} are set to the greatest or the least value",
    "gaussian": "Gaussian noise of deviation {strength:g} is added, where that of the {words.many} is 1",
    "blur": "the {words.one} is blurred by a window of deviation {least:g} to {strength:g} {words.places}",
}
"""What each noise does, for people."""


class DenoisingAutoencoder(Method):
    """An autoencoder that is shown a spoilt picture or series and is to give the clean one.

    What was spoilt can only be put back by what all have in common, so the latent has to hold that.

    Landmarks: 1 for the best constant, since views are normalised; 0 when perfect.

    Args:
        backbone: the network that is kept; when it is used it sees clean views.
        noise: "masking" (pixels or steps set to the mean), "gaussian", "salt_and_pepper" or "blur".
        strength: the part of the pixels or steps for "masking" and "salt_and_pepper", a standard deviation for
            "gaussian" (that of the views is 1) and "blur" (in pixels or steps).
        latent_dim: width of the latent.
        decoder_width: channels of the decoder's last map.
        shape: of a view: channels, height and width of pictures, or channels and length of series; the recipe knows it.

    Source: Vincent et al. 2008 (Extracting and composing robust features with denoising autoencoders) and 2010 (Stacked
        denoising autoencoders), as one network without its layer-wise start.
    """

    paper: ClassVar[str] = "denoising autoencoder, Vincent et al. 2008"
    summary: ClassVar[str] = "a clean picture or series is rebuilt from a spoilt one; nothing is near or far"
    modalities: ClassVar[tuple[str, ...]] = ("image", "series")
    accumulates: ClassVar[bool] = True
    can_collapse: ClassVar[bool] = False

    def __init__(
        self,
        backbone: nn.Module,
        *,
        noise: Literal["masking", "gaussian", "salt_and_pepper", "blur"] = "masking",
        strength: float = 0.5,
        latent_dim: int = 256,
        decoder_width: int = 32,
        shape: tuple[int, ...] = (3, 32, 32),
    ) -> None:
        super().__init__()
        corrupt(torch.zeros(1, 1, 2, 2), Draws(torch.zeros(1, dtype=torch.long)), noise=noise, strength=strength)
        self.backbone = backbone
        self.latent = nn.Linear(dim_of(backbone), latent_dim)
        self.decoder = ConvDecoder(latent_dim, shape=shape, width=decoder_width)
        self.noise, self.strength = noise, strength

    def encode(self, view: Float[Tensor, "n c *sides"]) -> Float[Tensor, "n d"]:
        """The latent of each view, clean or spoilt, from which the decoder gives the clean one."""
        return self.latent(self.backbone(view))

    def forward(self, batch: Batch) -> Step:
        (view,) = batch.views
        spoilt = self._spoilt(batch)
        rebuilt = self.decoder(self.encode(spoilt))
        check_fit("DenoisingAutoencoder", rebuilt, view)
        return Step(mse(rebuilt, view, group=world()))

    def _spoilt(self, batch: Batch) -> Tensor:
        return corrupt(batch.views[0], batch.draws(), noise=self.noise, strength=self.strength)

    def pictures(self, batch: Batch) -> Sequence[Panel]:
        (view,) = batch.views
        spoilt = self._spoilt(batch)
        z, strength, said = self.encode(spoilt), self.strength, words(view)
        does = SPOILT[self.noise].format(part=100 * strength, strength=strength, least=strength / 2, words=said)
        note = f"Before the network sees a {said.one}, {does}; of {z.shape[1]} numbers, its latent, it is rebuilt."
        return (Panel("rebuilt", {"original": view, "what it saw": spoilt, "rebuilt": self.decoder(z)}, note),)

    def floor(self, batch_size: int) -> float:
        return 0.0

    def chance(self, batch_size: int) -> float:
        return 1.0
