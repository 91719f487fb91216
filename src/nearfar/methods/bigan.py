"""BiGAN."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.decoder import ConvDecoder, check_fit
from nearfar.networks.discriminator import PairDiscriminator
from nearfar.networks.heads import mlp
from nearfar.objectives.adversarial import bigan_encoder_generator, gan_discriminator
from nearfar.views.panels import Panel, sample_panel, walk_panel

__all__ = ["BiGAN"]


class BiGAN(Method):
    """A bidirectional generative adversarial network.

    A generator makes pictures of random latents, an encoder finds latents for given pictures, and a discriminator tells
    the two kinds of pairs apart. To be mistaken for one another, generator and encoder have to undo each other.

        loss = discriminator's loss on pairs that do not learn from it + theirs through a discriminator that does not

    Landmarks: 4 ln 2 = 2.77 nats, 2 ln 2 a side, when the discriminator cannot tell. Neither side's loss falls when all
    is well: what one wins the other loses.

    Args:
        backbone: the network that is kept; a linear layer on it gives the latent, whose every number is brought to the
            prior's mean 0 and variance 1 over the batch.
        latent_dim: width of the latent, which is drawn from the standard Gaussian.
        generator_width: channels of the generator's last map.
        discriminator_width: channels of the discriminator's first map.
        shape: of a view: channels, height and width; the recipe knows it.

    Source: BiGAN, Donahue et al. 2016, arXiv 1605.09782. Both sides take a step from the same pairs at once, where
        GAN's algorithm takes turns; pictures are not bounded, as they are normalised here. The paper leaves it to the
        game that latents which are found come to lie as the prior; without batch norm they drift together, much
        further than they differ.
    """

    paper: ClassVar[str] = "BiGAN, Donahue et al. 2016, arXiv 1605.09782"
    summary: ClassVar[str] = "pairs of picture and latent look alike whether the picture or the latent came first"
    accumulates: ClassVar[bool] = True
    can_collapse: ClassVar[bool] = False
    parts: ClassVar[tuple[str, ...]] = ("generator", "discriminator")
    adam_beta: ClassVar[float] = 0.5

    def __init__(
        self,
        backbone: nn.Module,
        *,
        latent_dim: int = 64,
        generator_width: int = 32,
        discriminator_width: int = 32,
        shape: tuple[int, int, int] = (3, 32, 32),
    ) -> None:
        super().__init__()
        self.backbone, self.latent_dim = backbone, latent_dim
        self.latent = mlp(dim_of(backbone), latent_dim, last_norm=True)
        self.generator = ConvDecoder(latent_dim, width=generator_width, shape=shape)
        self.discriminator = PairDiscriminator(latent_dim, width=discriminator_width, shape=shape)

    def encode(self, view: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """The latent of each picture, of which the generator makes a picture again."""
        return self.latent(self.backbone(view))

    def forward(self, batch: Batch) -> Step:
        (view,) = batch.views
        z = batch.draws().normal(self.latent_dim).to(view.dtype)
        made, found = self.generator(z), self.encode(view)
        check_fit("BiGAN", made, view)
        pairs = torch.cat([view, made]), torch.cat([found, z])
        still = {name: weight.detach() for name, weight in self.discriminator.named_parameters()}
        real, fake = self.discriminator(*(half.detach() for half in pairs)).chunk(2)
        telling = gan_discriminator(real, fake, group=world())
        real, fake = functional_call(self.discriminator, still, pairs).chunk(2)
        deceiving = bigan_encoder_generator(real, fake, group=world())
        logs = {"discriminator_nats": telling.detach(), "encoder_generator_nats": deceiving.detach()}
        return Step(telling + deceiving, logs)

    def pictures(self, batch: Batch) -> Sequence[Panel]:
        (view,) = batch.views
        z = self.encode(view)
        note = (
            f"The encoder finds a latent of {self.latent_dim} numbers for a picture, of which the generator makes a"
            " picture again. The loss never compares the two: their likeness is what the game brings about."
        )
        return (
            Panel("rebuilt", {"original": view, "rebuilt": self.generator(z)}, note),
            sample_panel(
                self.generator, batch.draws(), dim=self.latent_dim,
                note="Generated from draws of the standard Gaussian, the prior.",
            ),
            walk_panel(self.generator, z, view, note="Between the latents that the encoder finds for two pictures."),
        )  # fmt: skip
