"""The variational autoencoder."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.distributed import world
from nearfar.methods.method import Batch, Method, Step
from nearfar.networks.backbone import dim_of
from nearfar.networks.decoder import ConvDecoder, check_fit
from nearfar.objectives.reconstruction import elbo, gaussian_kl, gaussian_nll, gaussian_nll_chance
from nearfar.views.panels import Panel, sample_panel, walk_panel, words

__all__ = ["VAE"]


class VAE(Method):
    """A variational autoencoder; with another beta than 1, a beta-VAE.

    A picture or a series is told by a Gaussian in the latent space, from a draw of which it is rebuilt. What telling it
    costs is how far that Gaussian is from the standard one, so that draws from the standard one give such views too.

    The loss is the negative evidence lower bound in nats, divided by the numbers of a view; what is rebuilt is the mean
    of Gaussians of deviation 1 around it, in the unit of normalised views.

    Landmarks: 1.419 nats a number when the latent says nothing, where a collapsed posterior sits; 0.919 for a perfect
    copy at no cost, which is out of reach.

    Args:
        backbone: the network that is kept.
        latent_dim: width of the latent.
        beta: weighs the cost of the latent; another than 1 is also another deviation of what is rebuilt.
        free_bits: what each number of the latent may tell for nothing, in nats.
        decoder_width: channels of the decoder's last map.
        shape: of a view: channels, height and width of pictures, or channels and length of series; the recipe knows it.

    Source: VAE, Kingma and Welling 2013, arXiv 1312.6114; beta-VAE, Higgins et al. 2017; free bits, Kingma et al. 2016,
        arXiv 1606.04934.
    """

    paper: ClassVar[str] = "VAE, Kingma and Welling 2013, arXiv 1312.6114"
    summary: ClassVar[str] = (
        "a picture or series is rebuilt from a draw of what is said of it, and saying it has a price"
    )
    modalities: ClassVar[tuple[str, ...]] = ("image", "series")
    accumulates: ClassVar[bool] = True
    can_collapse: ClassVar[bool] = False

    def __init__(
        self,
        backbone: nn.Module,
        *,
        latent_dim: int = 128,
        beta: float = 1.0,
        free_bits: float = 0.0,
        decoder_width: int = 32,
        shape: tuple[int, ...] = (3, 32, 32),
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.latent = nn.Linear(dim_of(backbone), 2 * latent_dim)
        self.decoder = ConvDecoder(latent_dim, shape=shape, width=decoder_width)
        self.beta, self.free_bits = beta, free_bits

    def encode(self, view: Float[Tensor, "n c *sides"]) -> Float[Tensor, "n d"]:
        """The mean of each view's Gaussian, which the decoder makes a view of; draws of the standard one too."""
        return self._gaussians(view)[0]

    def _gaussians(self, view: Tensor) -> tuple[Tensor, ...]:
        """Mean and logarithm of the variances."""
        return self.latent(self.backbone(view)).chunk(2, dim=1)

    def forward(self, batch: Batch) -> Step:
        (view,) = batch.views
        mu, log_var = self._gaussians(view)
        z = mu + torch.exp(log_var / 2) * batch.draws().normal(mu.shape[1]).to(mu.dtype)
        rebuilt = self.decoder(z)
        check_fit("VAE", rebuilt, view)
        nll = gaussian_nll(rebuilt, view, group=world())
        loss = elbo(nll, mu, log_var, beta=self.beta, free_bits=self.free_bits, group=world())
        logs = {"reconstruction_nats": nll.detach(), "kl_nats": gaussian_kl(mu, log_var, group=world()).detach()}
        return Step(loss / view[0].numel(), logs)

    def pictures(self, batch: Batch) -> Sequence[Panel]:
        (view,) = batch.views
        mean = self.encode(view)
        said = words(view)
        note = (
            f"Each {said.one} is rebuilt from the mean of its Gaussian in {mean.shape[1]} dimensions, not from a draw."
        )
        return (
            Panel("rebuilt", {"original": view, "rebuilt": self.decoder(mean)}, note),
            sample_panel(
                self.decoder, batch.draws(), dim=mean.shape[1],
                note="Each is decoded from a draw of the standard Gaussian, the prior.",
            ),
            walk_panel(self.decoder, mean, view, note=f"Between the means of the Gaussians of two {said.many}."),
        )  # fmt: skip

    def floor(self, batch_size: int) -> float:
        return gaussian_nll_chance(1, variance=0.0)

    def chance(self, batch_size: int) -> float:
        return gaussian_nll_chance(1)
