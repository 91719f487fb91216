"""The terms of GAN and BiGAN against their equations and landmarks."""

import math
from collections.abc import Callable

import pytest
import torch
from objective_cases import Case, cases_of
from proofs import PROOFS

from nearfar.objectives.adversarial import bigan_encoder_generator, gan_discriminator, gan_generator

CASES = cases_of("adversarial")


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_proof(case: Case, proof: Callable[[Case], None]) -> None:
    proof(case)


def test_landmarks() -> None:
    unsure, sure = torch.zeros(6), torch.full((6,), 40.0)
    assert gan_discriminator(unsure, unsure).item() == pytest.approx(2 * math.log(2))
    assert bigan_encoder_generator(unsure, unsure).item() == pytest.approx(2 * math.log(2))
    assert gan_generator(unsure).item() == pytest.approx(math.log(2))
    assert gan_discriminator(sure, -sure).item() == pytest.approx(0, abs=1e-12)
    assert bigan_encoder_generator(-sure, sure).item() == pytest.approx(0, abs=1e-12)
    assert gan_generator(sure).item() == pytest.approx(0, abs=1e-12)


def test_the_generator_learns_most_while_it_deceives_nobody() -> None:
    fake = torch.tensor([-10.0], requires_grad=True)
    (slope,) = torch.autograd.grad(gan_generator(fake), fake)
    (saturated,) = torch.autograd.grad((1 - fake.sigmoid()).log().mean(), fake)
    assert slope.item() == pytest.approx(-1, abs=1e-4)
    assert saturated.item() == pytest.approx(0, abs=1e-4), "the minimax form of equation 1"


def test_there_may_be_more_made_than_given() -> None:
    real, fake = torch.randn(3), torch.randn(9)
    again = torch.cat([fake, fake])
    torch.testing.assert_close(gan_discriminator(real, again), gan_discriminator(real, fake))


@pytest.mark.usefixtures("as_users_call")
def test_a_batch_without_rows_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^gan_generator: n must be at least 1 in all\. Got 0\. Raise the batch size"):
        gan_generator(torch.zeros(0))
