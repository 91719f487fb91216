"""Adversarial objectives: one network tells what is given from what is made, another makes it hard to tell."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from nearfar.distributed import Group
from nearfar.objectives._batch import mean_over_rows, wide

__all__ = ["bigan_encoder_generator", "gan_discriminator", "gan_generator"]


def gan_discriminator(
    real: Float[Tensor, "n"], fake: Float[Tensor, "m"], *, group: Group | None = None
) -> Float[Tensor, ""]:
    """What the discriminator of a GAN descends: to call given examples real and made ones not.

    In a BiGAN the examples are pairs, (x, encoder(x)) real and (generator(z), z) made. The maker's part is cut off by
    the caller: what was made is detached.

        loss = mean over rows of -ln sigmoid(real)  +  mean over rows of -ln(1 - sigmoid(fake))

    Landmarks: 2 ln 2 nats when it cannot tell, where the game ends if the maker wins; 0 when it always can.

    Args:
        real: the discriminator's logits of n given examples.
        fake: its logits of m made ones.
        group: the ranks that share the batch; None is this process alone. It counts where ranks differ in rows.

    Returns:
        The loss in nats. With W ranks, the mean over the ranks is the loss of the one big batch.

    Raises:
        ValueError: there is no row.

    Source: GAN, Goodfellow et al. 2014 (arXiv 1406.2661), equation 1, and BiGAN, Donahue et al. 2016
    (arXiv 1605.09782), equation 3.
    """
    return _no("gan_discriminator", -wide(real), group) + _no("gan_discriminator", wide(fake), group)


def gan_generator(fake: Float[Tensor, "n"], *, group: Group | None = None) -> Float[Tensor, ""]:
    """What the generator of a GAN descends: to have what it made called real.

    This is the form that does not saturate: its gradient is largest while the discriminator is not deceived.

        loss = mean over rows of -ln sigmoid(fake)

    Landmarks: ln 2 nats when the discriminator cannot tell; 0 when it always takes what was made for real.

    Args:
        fake: the discriminator's logits of n made examples; the discriminator itself is held still by the caller.
        group: the ranks that share the batch; None is this process alone. It counts where ranks differ in n.

    Returns:
        The loss in nats. With W ranks, W / N times the sum over this rank's rows, where N counts all rows.

    Raises:
        ValueError: there is no row.

    Source: GAN, Goodfellow et al. 2014 (arXiv 1406.2661), section 3.
    """
    return _no("gan_generator", -wide(fake), group)


def bigan_encoder_generator(
    real: Float[Tensor, "n"], fake: Float[Tensor, "m"], *, group: Group | None = None
) -> Float[Tensor, ""]:
    """What the encoder and the generator of a BiGAN descend: to have their pairs taken for one another's.

    The encoder wants (x, encoder(x)) called made, the generator wants (generator(z), z) called real. Where neither can
    be told from the other, each undoes the other.

        loss = mean over rows of -ln(1 - sigmoid(real))  +  mean over rows of -ln sigmoid(fake)

    Landmarks: 2 ln 2 nats when the discriminator cannot tell; 0 when it is always wrong.

    Args:
        real: the discriminator's logits of n pairs that the encoder completed; the discriminator itself is held still
            by the caller.
        fake: its logits of m pairs that the generator completed.
        group: the ranks that share the batch; None is this process alone. It counts where ranks differ in rows.

    Returns:
        The loss in nats. With W ranks, the mean over the ranks is the loss of the one big batch.

    Raises:
        ValueError: there is no row.

    Source: BiGAN, Donahue et al. 2016 (arXiv 1605.09782), section 3.4: the labels of equation 3 exchanged, so that it
    does not saturate.
    """
    return gan_discriminator(fake, real, group=group)


def _no(where: str, logits: Float[Tensor, "n"], group: Group | None) -> Float[Tensor, ""]:
    """-ln(1 - sigmoid(logit)), the mean over the rows of all ranks."""
    return mean_over_rows(where, F.softplus(logits), group)
