"""Reconstruction objectives: what was given, hidden or spoilt is to be told again from the representation."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from nearfar.distributed import Group, all_reduce, world_size
from nearfar.errors import complaint
from nearfar.objectives._batch import check_same, count, mean_over_rows, num_rows, wide

__all__ = ["bernoulli_nll", "elbo", "gaussian_kl", "gaussian_nll", "gaussian_nll_chance", "masked_mse", "mse"]

_PATCH_EPS = 1e-6  # as in the authors' code


def mse(
    x_hat: Float[Tensor, "n *rest"], x: Float[Tensor, "n *rest"], *, group: Group | None = None
) -> Float[Tensor, ""]:
    """The mean squared error of reconstructions.

        loss = mean over rows and their numbers of  (x_hat - x)^2

    Landmarks: 0 when perfect; the variance of the data when all reconstructions are its mean, the best constant: 1 for
    normalised pictures.

    Args:
        x_hat: reconstructions of n examples.
        x: the examples, row-aligned with `x_hat`.
        group: the ranks that share the batch; None is this process alone. It counts where ranks differ in n.

    Returns:
        The loss, in the squared unit of x. With W ranks, W / N times the sum over this rank's rows, where N counts all
        rows.

    Raises:
        ValueError: shapes differ or there is no row.

    Source: Hinton and Salakhutdinov 2006 (Reducing the dimensionality of data with neural networks).
    """
    _check_alike("mse", "x_hat and x", x_hat, x)
    return mean_over_rows("mse", (wide(x_hat) - wide(x)).square().flatten(1).mean(dim=1), group)


def masked_mse(
    predicted: Float[Tensor, "n p d"],
    patches: Float[Tensor, "n p d"],
    mask: Bool[Tensor, "n p"],
    *,
    normalize: bool = False,
    group: Group | None = None,
) -> Float[Tensor, ""]:
    """The mean squared error of reconstructed patches, over the hidden ones alone.

    With `normalize` each patch of the target is first brought to mean 0 and variance 1 by itself, so that its pattern
    is asked for and not its light.

        t    = patches, or (patches - mean) / sqrt(var + 0.000001), each patch by its own mean and unbiased variance
        loss = mean over hidden patches and their d numbers of  (predicted - t)^2

    Landmarks: 0 when perfect; the variance of the data when all predictions are its mean; with `normalize`,
    (d - 1) / d when all predictions are 0.

    Args:
        predicted: p patches of n examples, d numbers each.
        patches: the patches, row-aligned with `predicted`.
        mask: which of them were hidden.
        normalize: whether each patch of the target is normalised by itself.
        group: the ranks over whose hidden patches the mean is taken; None is this process alone.

    Returns:
        The loss, in the squared unit of the target. With W ranks, W / M times the sum over this rank's hidden patches,
        where M counts those of all ranks.

    Raises:
        ValueError: shapes differ or no patch is hidden.

    Source: MAE, He et al. 2021 (arXiv 2111.06377), section 3; variance and eps as in the authors' code.
    """
    check_same("masked_mse", "predicted and patches", predicted, patches, axes="n p d")
    hidden = count(mask.sum(), group, mask.device)
    if mask.shape != patches.shape[:2] or not hidden:
        constraint = f"of shape {tuple(patches.shape[:2])} with some patches hidden"
        got = f"{tuple(mask.shape)}, {int(hidden)} hidden"
        raise ValueError(complaint("masked_mse", "mask", constraint, got, "Hide some patches, as True"))
    target = wide(patches)
    if normalize:
        variance, mean = torch.var_mean(target, dim=2, keepdim=True)
        target = (target - mean) * (variance + _PATCH_EPS).rsqrt()
    errors = (wide(predicted) - target).square().mean(dim=2)
    return torch.where(mask, errors, 0).sum() * (world_size(group) / hidden)


def bernoulli_nll(
    logits: Float[Tensor, "n *rest"], x: Float[Tensor, "n *rest"], *, group: Group | None = None
) -> Float[Tensor, ""]:
    """The negative log-likelihood of numbers in [0, 1] under independent Bernoulli distributions.

        loss = mean over rows of  sum over their numbers of  softplus(logit) - x logit

    Landmarks: 0 when all x are 0 or 1 and the logits say so beyond doubt; ln 2 nats a number when all logits are 0.

    Args:
        logits: of n examples; the probability of a 1 is sigmoid(logit).
        x: the examples, in [0, 1], row-aligned with `logits`.
        group: the ranks that share the batch; None is this process alone. It counts where ranks differ in n.

    Returns:
        The loss in nats an example. With W ranks, W / N times the sum over this rank's rows, where N counts all rows.

    Raises:
        ValueError: shapes differ or there is no row.

    Source: VAE, Kingma and Welling 2013 (arXiv 1312.6114), appendix C.1.
    """
    _check_alike("bernoulli_nll", "logits and x", logits, x)
    logits, x = wide(logits), wide(x)
    return mean_over_rows("bernoulli_nll", (F.softplus(logits) - x * logits).flatten(1).sum(dim=1), group)


def gaussian_nll(
    x_hat: Float[Tensor, "n *rest"], x: Float[Tensor, "n *rest"], *, std: float = 1.0, group: Group | None = None
) -> Float[Tensor, ""]:
    """The negative log-likelihood of numbers under independent Gaussians around the reconstruction.

        loss = mean over rows of  sum over their numbers of  (x - x_hat)^2 / (2 std^2) + ln std + ln(2 pi) / 2

    Landmarks: ln std + ln(2 pi) / 2 nats a number when perfect; `gaussian_nll_chance` when all reconstructions are the
    mean of the data.

    Args:
        x_hat: reconstructions of n examples.
        x: the examples, row-aligned with `x_hat`.
        std: the standard deviation of every Gaussian.
        group: the ranks that share the batch; None is this process alone. It counts where ranks differ in n.

    Returns:
        The loss in nats an example. With W ranks, W / N times the sum over this rank's rows, where N counts all rows.

    Raises:
        ValueError: shapes differ or there is no row.

    Source: VAE, Kingma and Welling 2013 (arXiv 1312.6114), appendix C.2, with one deviation for all numbers.
    """
    _check_alike("gaussian_nll", "x_hat and x", x_hat, x)
    distance = ((wide(x_hat) - wide(x)) / std).flatten(1)
    constant = distance.shape[1] * (math.log(std) + math.log(2 * math.pi) / 2)
    return mean_over_rows("gaussian_nll", distance.square().sum(dim=1) / 2 + constant, group)


def gaussian_nll_chance(dim: int, *, std: float = 1.0, variance: float = 1.0) -> float:
    """What `gaussian_nll` is when all reconstructions are the mean of the data.

        chance = dim (variance / (2 std^2) + ln std + ln(2 pi) / 2)

    Landmarks: 1.419 nats a number at deviation and variance 1.

    Args:
        dim: how many numbers an example has.
        std: the one of the loss.
        variance: of the data; 1 for normalised pictures.

    Returns:
        The loss in nats an example.

    Source: VAE, Kingma and Welling 2013 (arXiv 1312.6114), appendix C.2.
    """
    return dim * (variance / (2 * std**2) + math.log(std) + math.log(2 * math.pi) / 2)


def gaussian_kl(
    mu: Float[Tensor, "n d"], log_var: Float[Tensor, "n d"], *, group: Group | None = None
) -> Float[Tensor, ""]:
    """The divergence of diagonal Gaussians from the standard one.

        loss = mean over rows of  -1/2 sum over d of  1 + log_var - mu^2 - exp(log_var)

    Landmarks: 0 when every row is the standard Gaussian, which then says nothing of its example; 1/2 nat for each
    number of mu that is 1.

    Args:
        mu: the mean of each of n Gaussians.
        log_var: the logarithm of their variances, row-aligned with `mu`.
        group: the ranks that share the batch; None is this process alone. It counts where ranks differ in n.

    Returns:
        The loss in nats an example, at least 0. With W ranks, W / N times the sum over this rank's rows, where N counts
        all rows.

    Raises:
        ValueError: shapes differ or there is no row.

    Source: VAE, Kingma and Welling 2013 (arXiv 1312.6114), appendix B.
    """
    check_same("gaussian_kl", "mu and log_var", mu, log_var)
    return mean_over_rows("gaussian_kl", _kl(mu, log_var).sum(dim=1), group)


def elbo(
    nll: Float[Tensor, ""],
    mu: Float[Tensor, "n d"],
    log_var: Float[Tensor, "n d"],
    *,
    beta: float = 1.0,
    free_bits: float = 0.0,
    group: Group | None = None,
) -> Float[Tensor, ""]:
    """The negative evidence lower bound of a variational autoencoder.

    The likelihood asks for all that tells an example; the divergence from the prior is what telling it costs. A number
    of the latent that costs less than `free_bits` on average costs that much, so nothing is won by silencing it.

        KL_j = mean over rows of the divergence of dimension j from the standard Gaussian
        loss = nll + beta * sum over j of max(free_bits, KL_j)

    Landmarks: nll at chance when the latent says nothing, where a collapsed posterior sits.

    Args:
        nll: `bernoulli_nll` or `gaussian_nll` of the same batch.
        mu: the mean of each example's latent.
        log_var: the logarithm of its variances, row-aligned with `mu`.
        beta: weighs the divergence; 1 is the bound itself, more asks for latents whose numbers are independent.
        free_bits: what each number of the latent may tell for nothing, in nats.
        group: the ranks that share the batch; None is this process alone.

    Returns:
        The loss in nats an example. With W ranks, the mean over the ranks is the loss of the one big batch.

    Raises:
        ValueError: shapes differ or there is no row.

    Source: VAE, Kingma and Welling 2013 (arXiv 1312.6114), equation 10; beta is Higgins et al. 2017 (beta-VAE), free
    bits are Kingma et al. 2016 (arXiv 1606.04934), appendix C.8, with one dimension a group.
    """
    check_same("elbo", "mu and log_var", mu, log_var)
    each = all_reduce(_kl(mu, log_var).sum(dim=0), group) / num_rows("elbo", mu, group)
    return wide(nll) + beta * each.clamp_min(free_bits).sum()


def _kl(mu: Float[Tensor, "n d"], log_var: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    mu, log_var = wide(mu), wide(log_var)
    return (mu.square() + torch.expm1(log_var) - log_var) / 2


def _check_alike(where: str, names: str, a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape:
        got = [tuple(a.shape), tuple(b.shape)]
        raise ValueError(complaint(where, names, "of one shape", got, "Let the decoder give what the network is shown"))
