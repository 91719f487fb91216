"""The reconstruction equations as slow loops, written from the papers."""

import math

import numpy as np

__all__ = ["bernoulli_nll", "elbo", "gaussian_kl", "gaussian_nll", "masked_mse", "mse"]


def mse(x_hat: np.ndarray, x: np.ndarray) -> complex:
    """The mean over all numbers of the squared distance."""
    return sum((a - b) ** 2 for a, b in zip(x_hat.ravel(), x.ravel(), strict=True)) / x.size


def masked_mse(predicted: np.ndarray, patches: np.ndarray, mask: np.ndarray, normalize: bool) -> complex:
    """MAE, section 3: the mean over hidden patches of the mean over their numbers."""
    errors = []
    for example, rows in enumerate(mask):
        for place, hidden in enumerate(rows):
            if hidden:
                target = patches[example, place]
                if normalize:
                    mean = sum(target) / len(target)
                    variance = sum((number - mean) ** 2 for number in target) / (len(target) - 1)
                    target = (target - mean) / (variance + 1e-6) ** 0.5
                errors.append(mse(predicted[example, place], target))
    return sum(errors) / len(errors)


def bernoulli_nll(logits: np.ndarray, x: np.ndarray) -> complex:
    """VAE, appendix C.1: -sum of x ln y + (1 - x) ln(1 - y), y being the sigmoid of the logit."""
    loss = 0.0
    for logit, number in zip(logits.ravel(), x.ravel(), strict=True):
        y = 1 / (1 + np.exp(-logit))
        loss -= number * np.log(y) + (1 - number) * np.log(1 - y)
    return loss / len(x)


def gaussian_nll(x_hat: np.ndarray, x: np.ndarray, std: float) -> complex:
    """VAE, appendix C.2: -sum of the logarithms of the densities."""
    loss = 0.0
    for mean, number in zip(x_hat.ravel(), x.ravel(), strict=True):
        loss -= np.log(np.exp(-((number - mean) ** 2) / (2 * std**2)) / (std * math.sqrt(2 * math.pi)))
    return loss / len(x)


def divergences(mu: np.ndarray, log_var: np.ndarray) -> np.ndarray:
    """VAE, appendix B, for each dimension, averaged over rows."""
    rows, dims = mu.shape
    found = np.zeros(dims, dtype=np.result_type(mu, log_var))
    for i in range(rows):
        for j in range(dims):
            found[j] -= (1 + log_var[i, j] - mu[i, j] ** 2 - np.exp(log_var[i, j])) / (2 * rows)
    return found


def gaussian_kl(mu: np.ndarray, log_var: np.ndarray) -> complex:
    """VAE, appendix B."""
    return divergences(mu, log_var).sum()


def elbo(nll: complex, mu: np.ndarray, log_var: np.ndarray, beta: float, free_bits: float) -> complex:
    """VAE, equation 10, with IAF's floor under each dimension."""
    return nll + beta * sum(kl if kl.real > free_bits else free_bits for kl in divergences(mu, log_var))
