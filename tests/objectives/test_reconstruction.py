"""Reconstruction objectives against their equations and landmarks."""

import math
from collections.abc import Callable

import pytest
import torch
from objective_cases import Case, cases_of
from proofs import PROOFS

from nearfar.objectives.reconstruction import (
    bernoulli_nll,
    elbo,
    gaussian_kl,
    gaussian_nll,
    gaussian_nll_chance,
    masked_mse,
    mse,
)

CASES = cases_of("reconstruction")


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_proof(case: Case, proof: Callable[[Case], None]) -> None:
    proof(case)


def test_the_best_constant_gives_the_variance() -> None:
    x = 3 * torch.randn(40, 2, 5, dtype=torch.float64) + 1
    constant = x.mean().expand_as(x)
    variance = x.var(correction=0).item()
    assert mse(x, x).item() == 0
    assert mse(constant, x).item() == pytest.approx(variance)
    assert mse(constant + 0.1, x) > mse(constant, x)
    assert gaussian_nll(constant, x, std=2.0).item() == pytest.approx(
        gaussian_nll_chance(10, std=2.0, variance=variance)
    )
    assert gaussian_nll(x, x).item() == pytest.approx(10 * math.log(2 * math.pi) / 2)


def test_what_could_be_seen_does_not_count() -> None:
    patches, mask = torch.randn(4, 6, 5), torch.rand(4, 6) < 0.5
    predicted = torch.randn_like(patches).requires_grad_()
    loss = masked_mse(predicted, patches, mask)
    loss.backward()
    assert ((predicted.grad != 0).any(dim=2) == mask).all()
    assert loss.item() == pytest.approx((predicted - patches)[mask].square().mean().item())
    spoilt = torch.where(mask[:, :, None], patches, patches + 9.0)
    assert masked_mse(predicted, spoilt, mask) == loss


@pytest.mark.parametrize("d", [2, 12])
def test_zeros_give_the_landmark_of_normalised_patches(d: int) -> None:
    patches, mask = 5 * torch.randn(40, 6, d, dtype=torch.float64) + 3, torch.ones(40, 6, dtype=torch.bool)
    loss = masked_mse(torch.zeros_like(patches), patches, mask, normalize=True)
    assert loss.item() == pytest.approx((d - 1) / d, abs=1e-4)
    light = masked_mse(torch.zeros_like(patches), 2 * patches + 7, mask, normalize=True)
    assert light.item() == pytest.approx(loss.item(), abs=1e-4), "light and contrast do not count"


def test_bernoulli_landmarks() -> None:
    x = (torch.rand(8, 3, 4) < 0.5).double()
    assert bernoulli_nll(torch.zeros_like(x), x).item() == pytest.approx(12 * math.log(2))
    assert bernoulli_nll(40 * (2 * x - 1), x).item() == pytest.approx(0, abs=1e-12)


def test_gaussians_that_are_standard_say_nothing() -> None:
    zeros = torch.zeros(5, 3, dtype=torch.float64)
    assert gaussian_kl(zeros, zeros).item() == 0
    assert gaussian_kl(zeros + 1, zeros).item() == pytest.approx(1.5)


def test_a_latent_that_says_nothing_costs_its_free_bits() -> None:
    zeros, nll = torch.zeros(5, 3, dtype=torch.float64, requires_grad=True), torch.tensor(2.0, dtype=torch.float64)
    assert elbo(nll, zeros, zeros).item() == 2.0
    loss = elbo(nll, zeros + 0.1, zeros, beta=2.0, free_bits=0.5)
    assert loss.item() == pytest.approx(2.0 + 2 * 3 * 0.5)
    loss.backward()
    assert (zeros.grad == 0).all(), "it is free to say more"


@pytest.mark.usefixtures("as_users_call")
def test_a_wrong_call_gets_one_sentence() -> None:
    x = torch.randn(4, 3, 8, 8)
    for loss in (mse, bernoulli_nll, gaussian_nll):
        with pytest.raises(ValueError, match=rf"^{loss.__name__}: .* must be of one shape\. Got \[\(4, 3, 8, 8\), "):
            loss(x, x[:, :1])
        with pytest.raises(ValueError, match=f"^{loss.__name__}: n must be at least 1 in all"):
            loss(x[:0], x[:0])
    patches = x.flatten(2)
    for mask in (torch.zeros(4, 3, dtype=torch.bool), torch.ones(4, 2, dtype=torch.bool)):
        with pytest.raises(ValueError, match=r"^masked_mse: mask must be of shape \(4, 3\) with some patches hidden\."):
            masked_mse(patches, patches, mask)


@pytest.mark.peer
@pytest.mark.parametrize("d", [1, 7])
def test_divergence_of_torch(d: int) -> None:
    mu, log_var = torch.randn(2, 20, d, dtype=torch.float64, requires_grad=True)
    ours = gaussian_kl(mu, log_var)
    own = torch.distributions.Normal(mu, (log_var / 2).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    theirs = torch.distributions.kl_divergence(own, prior).sum(dim=1).mean()
    torch.testing.assert_close(ours, theirs)
    for mine, other in zip(*(torch.autograd.grad(loss, (mu, log_var)) for loss in (ours, theirs)), strict=True):
        torch.testing.assert_close(mine, other)


@pytest.mark.peer
def test_likelihoods_of_torch() -> None:
    x_hat, x = torch.randn(2, 20, 3, 4, dtype=torch.float64)
    theirs = -torch.distributions.Normal(x_hat, 0.6).log_prob(x).sum(dim=(1, 2)).mean()
    torch.testing.assert_close(gaussian_nll(x_hat, x, std=0.6), theirs)
    bits = (x > 0).double()
    theirs = -torch.distributions.Bernoulli(logits=x_hat).log_prob(bits).sum(dim=(1, 2)).mean()
    torch.testing.assert_close(bernoulli_nll(x_hat, bits), theirs)
