"""The equations of two networks at odds as slow loops, written from the papers."""

import numpy as np

__all__ = ["bigan_encoder_generator", "gan_discriminator", "gan_generator"]


def is_real(logit: complex) -> complex:
    return 1 / (1 + np.exp(-logit))


def gan_discriminator(real: np.ndarray, fake: np.ndarray) -> complex:
    """GAN, equation 1, to be descended."""
    given = sum(np.log(is_real(logit)) for logit in real) / len(real)
    made = sum(np.log(1 - is_real(logit)) for logit in fake) / len(fake)
    return -given - made


def gan_generator(fake: np.ndarray) -> complex:
    """GAN, section 3: the logarithm of what shall rise."""
    return -sum(np.log(is_real(logit)) for logit in fake) / len(fake)


def bigan_encoder_generator(real: np.ndarray, fake: np.ndarray) -> complex:
    """BiGAN, section 3.4: each side has the other's labels."""
    encoder = sum(np.log(1 - is_real(logit)) for logit in real) / len(real)
    generator = sum(np.log(is_real(logit)) for logit in fake) / len(fake)
    return -encoder - generator
